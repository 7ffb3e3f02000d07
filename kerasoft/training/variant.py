"""What one variant of a study has of its own."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kerasoft.errors import InvalidArgumentError
from kerasoft.training.head import check_softmax
from kerasoft.training.recipe import Recipe, json_or_text, setting_text

_CHANGES = {one.name for one in dataclasses.fields(Recipe)} - {"name"}
_LONGEST_NAME = 100


@dataclass(frozen=True, eq=False)
class Variant:
    """A softmax with its options, and what else is trained otherwise than in the study's recipe.

    Variants of the same softmax, options and changes are equal, whatever they are called. A value
    written in another way, such as 1 for 1.0, is another one.

    Attributes:
        softmax: A name in `kerasoft.heads.names()`; hyphens become underscores.
        options: Arguments of the head or score layer, such as `temperature`; JSON values.
        label: What tables and figures call it; None makes one of the rest.
        changes: Attributes of the recipe that are others here; JSON values.

    Raises:
        InvalidArgumentError: If a name, an option or a change is not allowed.
    """

    softmax: str
    options: Mapping[str, object] = field(default_factory=dict)
    label: str | None = None
    changes: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self):
        options, changes = (_as_json(self, name) for name in ("options", "changes"))
        softmax = self.softmax.replace("-", "_") if isinstance(self.softmax, str) else self.softmax
        check_softmax(softmax, options)
        if unknown := changes.keys() - _CHANGES:
            raise InvalidArgumentError(
                f"`changes` must be of {', '.join(sorted(_CHANGES))}.", changes=sorted(unknown)
            )
        changes = {name: value for name, value in changes.items() if value is not None}
        own = {"softmax": softmax, "options": options, "changes": changes}
        own["label"] = _label(softmax, [*options.items(), *changes.items()])
        if self.label is not None:
            own["label"] = _checked_label(self.label)
        for name, value in own.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Variant) and self._exact == other._exact

    def __hash__(self) -> int:
        return hash(self._exact)

    @property
    def _exact(self) -> str:
        """All that decides the training; JSON tells 1, 1.0 and true apart, as `name` does."""
        return json.dumps([self.softmax, self.options, self.changes], sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> "Variant":
        """Reads "gumbel", "gumbel:temperature=0.5" or "sampled:num_sampled=25,sampler=uniform".

        Args:
            text: The name, and behind a colon options separated by commas, each value JSON or else
                a string.

        Raises:
            InvalidArgumentError: If it is none of these, or as of a `Variant`.
        """
        softmax, colon, rest = text.partition(":")
        options: dict[str, object] = {}
        # A comma within a list or a string is not followed by a name and "=".
        for setting in re.split(r",(?=[\w-]+=)", rest) if colon else ():
            option, is_pair, value = setting.partition("=")
            option = option.strip().replace("-", "_")
            if not (option and is_pair) or option in options:
                raise InvalidArgumentError(
                    "A variant must be NAME or NAME:OPTION=VALUE,..., each option once.",
                    variant=text,
                )
            options[option] = json_or_text(value)
        return cls(softmax.strip(), options)

    @property
    def name(self) -> str:
        """Of its folders: letters, digits and "-_.=+", another one for whatever trains otherwise.

        Where other characters had to go, a few digits of a hash tell such names apart.
        """
        settings = {name: setting_text(value) for name, value in sorted(self.options.items())}
        settings |= {
            f"recipe.{name}": setting_text(value) for name, value in sorted(self.changes.items())
        }
        name = "-".join([self.softmax, *(f"{one}={text}" for one, text in settings.items())])
        if all(re.fullmatch(r"[A-Za-z0-9_.+-]+", text) for text in settings.values()):
            if len(name) <= _LONGEST_NAME:
                return name
        safe = re.sub(r"[^A-Za-z0-9_.=+-]+", "_", name)[:_LONGEST_NAME].rstrip("_")
        return f"{safe}-{hashlib.sha256(self._exact.encode()).hexdigest()[:8]}"

    def recipe(self, recipe: Recipe) -> Recipe:
        """The study's recipe as this variant trains with it.

        Raises:
            InvalidArgumentError: If a change is not allowed.
        """
        return recipe.with_changes(**self.changes)


def _checked_label(label: object) -> str:
    if not isinstance(label, str) or not label.isprintable() or not label.strip():
        raise InvalidArgumentError("`label` must be text on one line.", label=label)
    return label.strip()


def _as_json(variant: Variant, name: str) -> dict[str, object]:
    """A copy as a record of it will give it back."""
    try:
        return json.loads(json.dumps(dict(getattr(variant, name)), allow_nan=False))
    except (TypeError, ValueError):
        raise InvalidArgumentError(
            f"`{name}` must be JSON values by name.", **{name: getattr(variant, name)}
        ) from None


def _label(softmax: str, settings: Iterable[tuple[str, object]]) -> str:
    pairs = (f"{name.replace('_', ' ')} {setting_text(value)}" for name, value in settings)
    return ", ".join([softmax, *pairs])
