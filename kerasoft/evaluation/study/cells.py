"""Entries of a study's tables."""

from collections.abc import Mapping

from kerasoft.evaluation.document import Cell, literal
from kerasoft.evaluation.study.measures import Measure
from kerasoft.evaluation.study.wording import seconds_text

NOTHING = Cell("–")


def name(text: str) -> Cell:
    """A name of a variant or a class, shown as it is."""
    return Cell(literal(text))


def number(value: int) -> Cell:
    """A count or a seed."""
    return Cell(str(value), value)


def score(measure: Measure, value: float) -> Cell:
    """What one run scored."""
    return Cell(measure.text(value), value)


def seconds(value: float) -> Cell:
    """Three digits, or all of those before the point; without the unit."""
    return Cell(seconds_text(value).removesuffix(" s"), value)


def setting(value: object) -> Cell:
    """Whatever a recipe may hold, in words."""
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if isinstance(value, int | float):
        return Cell(f"{value:g}" if isinstance(value, float) else str(value), value)
    if isinstance(value, Mapping):
        value = ", ".join(f"{key}: {one}" for key, one in value.items())
    return name(str(value))
