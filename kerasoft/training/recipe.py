"""A frozen set of training choices."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real

from kerasoft import backbones
from kerasoft.errors import InvalidArgumentError
from kerasoft.training.augmentations import AUGMENTATIONS, MIXING


@dataclass(frozen=True)
class Recipe:
    """What decides how a backbone is trained, but for the data, the softmax and the seed.

    Attributes:
        name: what it is called on the command line.
        backbone: a name in `kerasoft.backbones.names()`.
        epochs: passes over the training images.
        batch_size: images a step; the last, smaller batch of an epoch is left out.
        optimizer: "sgd" (with `momentum`, Nesterov's if `nesterov`), "adam", "adamw", which takes
            no weight decay off biases and scales, or "muon" (with `momentum`), for convolutions
            that are followed by a batch normalisation.
        learning_rate: the highest learning rate.
        other_rate: of "muon": learning rate of all weights but the kernels of convolutions, as a
            multiple of theirs.
        schedule: "constant"; or a linear rise over `warmup`, and then half a cosine ("cosine") or
            a straight line ("linear") down to 0.
        warmup: share of all steps in which the learning rate rises.
        weight_decay: share of a weight taken off a step, times the learning rate.
        clip: the longest that all gradients together may be; longer ones are shortened. 0 is none.
        label_smoothing: share of each label that is spread over all classes while training, in
            heads that score every class.
        average: decay of an exponential average of the weights, which takes their place at the end;
            0 is none.
        augmentation: "none"; "flip_shift": each image mirrored at random and shifted;
            "flip_shift_cutout" and "flip_shift_trivial": then a square of 8 pixels greyed out, or
            one operation of TrivialAugment.
        shift: by how many pixels images are shifted at most, each way.
        mixing: "none"; "mixup" (alpha 0.2), "cutmix" (half of the images), or "mixup_cutmix" (all
            images, the one or the other).
        precision: a Keras dtype policy, "float32", "mixed_bfloat16" or "mixed_float16".
        logging_steps: loss and metrics are also kept as means over every so many steps (over those
            of an epoch, where it has fewer), which changes no training; 0 keeps none.
        backbone_options: arguments of the backbone, such as `image_size`.

    Raises:
        InvalidArgumentError: if a value is not allowed.
    """

    name: str
    backbone: str
    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float
    momentum: float = 0.0
    nesterov: bool = False
    other_rate: float = 2.0
    schedule: str = "constant"
    warmup: float = 0.0
    weight_decay: float = 0.0
    clip: float = 0.0
    label_smoothing: float = 0.0
    average: float = 0.0
    augmentation: str = "none"
    shift: int = 4
    mixing: str = "none"
    precision: str = "float32"
    logging_steps: int = 0
    backbone_options: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self):
        for name in ("epochs", "batch_size"):
            if not _is_number(getattr(self, name), int) or getattr(self, name) < 1:
                _refuse(self, name, "a positive integer")
        for name in ("shift", "logging_steps"):
            if not _is_number(getattr(self, name), int) or getattr(self, name) < 0:
                _refuse(self, name, "an integer of at least 0")
        for name in ("learning_rate", "other_rate"):
            if not _is_number(getattr(self, name)) or not 0 < getattr(self, name) < math.inf:
                _refuse(self, name, "a positive finite number")
        for name in ("momentum", "warmup", "average", "label_smoothing"):
            if not _is_number(getattr(self, name)) or not 0 <= getattr(self, name) < 1:
                _refuse(self, name, "at least 0 and below 1")
        for name in ("weight_decay", "clip"):
            if not _is_number(getattr(self, name)) or not 0 <= getattr(self, name) < math.inf:
                _refuse(self, name, "a finite number of at least 0")
        if not isinstance(self.nesterov, bool):
            _refuse(self, "nesterov", "true or false")
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                _refuse(self, name, "one of " + ", ".join(allowed))
        backbones.check_options(self.backbone, self.backbone_options)

    def with_changes(self, **changes: object) -> "Recipe":
        """The same recipe with some attributes changed; those that are None stay.

        Options of the backbone that another one does not take go with it.
        """
        changes = {name: value for name, value in changes.items() if value is not None}
        if "backbone" in changes and "backbone_options" not in changes:
            known = backbones.option_names(changes["backbone"])
            kept = {name: value for name, value in self.backbone_options.items() if name in known}
            changes["backbone_options"] = kept
        return dataclasses.replace(self, **changes)

    def with_settings(self, settings: Sequence[str]) -> "Recipe":
        """The same recipe with attributes changed by text.

        Args:
            settings: "name=value" each; "backbone.name=value" is an option of the backbone, its
                value JSON or else a string.

        Raises:
            InvalidArgumentError: if there is no such attribute, or the value is not allowed.
        """
        changes: dict[str, object] = {}
        options = dict(self.backbone_options)
        for setting in settings:
            name, is_pair, text = setting.partition("=")
            if is_pair and name.startswith(_OF_BACKBONE):
                options[name.removeprefix(_OF_BACKBONE)] = json_or_text(text)
            elif is_pair and name in _KINDS:
                changes[name] = _read(name, text)
            else:
                raise InvalidArgumentError(
                    f"A setting must be NAME=VALUE, with one of {', '.join(_KINDS)}, or "
                    f"{_OF_BACKBONE}NAME.",
                    setting=setting,
                )
        return dataclasses.replace(self, backbone_options=options, **changes)


CHANGES_NO_TRAINING = frozenset({"logging_steps"})
_OF_BACKBONE = "backbone."
_PYTHONS = {"True": True, "False": False, "None": None}
_KINDS = {  # what can be said in one word
    attribute.name: attribute.type
    for attribute in dataclasses.fields(Recipe)
    if attribute.name != "name" and attribute.type in (int, float, bool, str)
}
_CHOICES = {
    "backbone": backbones.names(),
    "optimizer": ("sgd", "adam", "adamw", "muon"),
    "schedule": ("constant", "cosine", "linear"),
    "augmentation": tuple(AUGMENTATIONS),
    "mixing": tuple(MIXING),
    "precision": ("float32", "mixed_bfloat16", "mixed_float16"),
}


def _is_number(value: object, kind: type = Real) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _read(name: str, text: str) -> object:
    kind = _KINDS[name]
    if kind is bool:
        if text not in ("true", "false"):
            raise InvalidArgumentError(f"`{name}` must be true or false.", **{name: text})
        return text == "true"
    try:
        return kind(text)
    except ValueError:
        what = "an integer" if kind is int else "a number"
        raise InvalidArgumentError(f"`{name}` must be {what}.", **{name: text}) from None


def json_or_text(text: str) -> object:
    """What is written as JSON or as Python's True, False or None, or else the text itself."""
    if text in _PYTHONS:
        return _PYTHONS[text]
    try:
        return json.loads(text)
    except ValueError:
        return text


def setting_text(value: object) -> str:
    """The shortest that `json_or_text` reads as `value`."""
    if isinstance(value, str) and json_or_text(value) == value:
        return value
    return json.dumps(value, sort_keys=True)


def _refuse(recipe: Recipe, name: str, allowed: str) -> None:
    raise InvalidArgumentError(f"`{name}` must be {allowed}.", **{name: getattr(recipe, name)})
