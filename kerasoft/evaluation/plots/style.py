"""What all plots share: colours, plain axes, and how a figure becomes a file."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from kerasoft.evaluation.files import replace_files

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito (2008): told apart by people with any kind of colour vision.
BLUE = "#0072b2"
SKY_BLUE = "#56b4e9"
VERMILION = "#d55e00"
GREEN = "#009e73"
INK = "#222222"
GREY = "#767676"
LIGHT_GREY = "#d9d9d9"

DPI = 200


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of `width` x `height` inches that belongs to no window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def plain_axes(axes: Axes, *, grid: bool = True) -> None:
    """Leave what carries meaning: two thin spines and a faint horizontal grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=GREY, labelcolor=INK, labelsize=9, length=3)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis="y", color=LIGHT_GREY, linewidth=0.6)


def heading(axes: Axes, text: str, **options: object) -> None:
    """A left-aligned title; never read as mathematics, whatever names are in it."""
    axes.set_title(text, loc="left", color=INK, parse_math=False, **options)


def png_bytes(figure: Figure) -> bytes:
    """`figure` as a PNG file's content, cut to what is drawn."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.15)
    return buffer.getvalue()


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write `figure` to `path` as PNG, whole or not at all; the folder is made if missing."""
    path = Path(path)
    replace_files(path.parent, {path.name: png_bytes(figure)})
