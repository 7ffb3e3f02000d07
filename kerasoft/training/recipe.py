"""Named, frozen sets of training choices."""

import dataclasses
from dataclasses import dataclass

from kerasoft import backbones
from kerasoft.errors import InvalidArgumentError


@dataclass(frozen=True)
class Recipe:
    """What decides how a backbone is trained, but for the data, the softmax and the seed.

    Attributes:
        name: what it is called on the command line.
        backbone: a name in `kerasoft.backbones.names()`.
        epochs: passes over the training images.
        batch_size: images a step; the last, smaller batch of an epoch is left out.
        optimizer: "sgd" (with `momentum`, Nesterov's if `nesterov`) or "adam".
        learning_rate: the highest learning rate.
        schedule: "constant", or "cosine": a linear rise over `warmup`, then half a cosine to 0.
        warmup: share of all steps in which the learning rate rises.
        weight_decay: share of a weight taken off a step, times the learning rate.
        augmentation: "none", or "flip_shift": each image mirrored at random and shifted by up to
            four pixels.
        precision: a Keras dtype policy, "float32" or "mixed_bfloat16".

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
    schedule: str = "constant"
    warmup: float = 0.0
    weight_decay: float = 0.0
    augmentation: str = "none"
    precision: str = "float32"

    def __post_init__(self):
        for field in ("epochs", "batch_size"):
            if not isinstance(getattr(self, field), int) or getattr(self, field) < 1:
                _refuse(self, field, "a positive integer")
        if not 0 < self.learning_rate < float("inf"):
            _refuse(self, "learning_rate", "a positive finite number")
        for field in ("momentum", "warmup"):
            if not 0 <= getattr(self, field) < 1:
                _refuse(self, field, "at least 0 and below 1")
        if not 0 <= self.weight_decay < float("inf"):
            _refuse(self, "weight_decay", "a finite number of at least 0")
        for field, allowed in _CHOICES.items():
            if getattr(self, field) not in allowed:
                _refuse(self, field, "one of " + ", ".join(allowed))

    def with_changes(self, **changes: object) -> "Recipe":
        """The same recipe with some attributes changed; those that are None stay."""
        return dataclasses.replace(
            self, **{name: value for name, value in changes.items() if value is not None}
        )


_CHOICES = {
    "backbone": backbones.names(),
    "optimizer": ("sgd", "adam"),
    "schedule": ("constant", "cosine"),
    "augmentation": ("none", "flip_shift"),
    "precision": ("float32", "mixed_bfloat16", "mixed_float16"),
}


def _refuse(recipe: Recipe, field: str, allowed: str) -> None:
    raise InvalidArgumentError(f"`{field}` must be {allowed}.", **{field: getattr(recipe, field)})


recipes: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(  # minutes on a CPU
            name="quick",
            backbone="simple_cnn",
            epochs=3,
            batch_size=128,
            optimizer="adam",
            learning_rate=2e-3,
            schedule="cosine",
            warmup=0.1,
        ),
        Recipe(  # the settings of the published comparison of softmax variants
            name="seed",
            backbone="cnn",
            epochs=50,
            batch_size=64,
            optimizer="sgd",
            learning_rate=0.01,
            momentum=0.9,
        ),
        Recipe(  # a good network in about a minute on a current GPU
            name="full",
            backbone="resnet9",
            epochs=40,
            batch_size=512,
            optimizer="sgd",
            learning_rate=0.1,
            momentum=0.9,
            nesterov=True,
            schedule="cosine",
            warmup=0.2,
            weight_decay=0.04,
            augmentation="flip_shift",
            precision="mixed_bfloat16",
        ),
    )
}


def get(name: str) -> Recipe:
    """Returns the recipe of that name.

    Raises:
        InvalidArgumentError: if there is none.
    """
    if name not in recipes:
        raise InvalidArgumentError(
            f"`recipe` must be one of auto, {', '.join(recipes)}.", recipe=name
        )
    return recipes[name]


def choose(name: str, accelerator: str | None) -> tuple[Recipe, str]:
    """Returns the recipe of that name, and one line that says why it is this one.

    Args:
        name: a recipe's name, or "auto": `full` on an accelerator and `quick` on a CPU.
        accelerator: what the backend found, or None.
    """
    if name != "auto":
        return get(name), f"recipe {name}, as asked"
    if accelerator:
        return recipes["full"], f"recipe full, because there is an accelerator ({accelerator})"
    return recipes["quick"], "recipe quick, because this backend sees no accelerator"
