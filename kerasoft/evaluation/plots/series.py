"""How the variants of a study look: a colour and a line style each, the same in every figure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kerasoft.evaluation.plots.style import BLUE, GREEN, GREY, INK, SKY_BLUE, VERMILION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe & Ito's colours without their yellow, which is too light for a line.
COLOURS = (BLUE, VERMILION, GREEN, "#cc79a7", "#e69f00", SKY_BLUE, GREY)
DASHES = ("-", "--", ":", "-.")


def looks(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Colour and line style by name; the styles change once the colours are used up."""
    return {
        name: {
            "color": COLOURS[number % len(COLOURS)],
            "linestyle": DASHES[number // len(COLOURS) % len(DASHES)],
        }
        for number, name in enumerate(names)
    }


def legend(figure: Figure, names: Iterable[str]) -> None:
    """Names every look once, above all panels."""
    from matplotlib.lines import Line2D

    styles = looks(names)
    lines = [Line2D([], [], linewidth=2.2, **style) for style in styles.values()]
    drawn = figure.legend(
        lines,
        list(styles),
        loc="outside upper left",
        ncols=max(1, min(len(lines), round(figure.get_figwidth() / 2.2))),
        fontsize=9,
        frameon=False,
        labelcolor=INK,
    )
    for text in drawn.get_texts():
        text.set_parse_math(False)
