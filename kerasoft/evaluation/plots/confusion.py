"""The confusion matrix as a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kerasoft.evaluation.confusion import row_shares
from kerasoft.evaluation.plots.style import (
    BLUE,
    GREY,
    INK,
    LIGHT_GREY,
    heading,
    new_figure,
    plain_axes,
    save,
)
from kerasoft.evaluation.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST_MATRIX = 200  # classes; more rows than that cannot be told apart
LARGEST_ANNOTATED = 20  # classes whose cells have room for a number

# One hue from near-white to dark blue in equal steps of OKLab lightness.
BLUES = (
    "#f8fbfc",
    "#c8e0f0",
    "#9cc4e3",
    "#73a7d5",
    "#4b8ac8",
    "#356cac",
    "#204f91",
    "#17366d",
    "#0d1e4a",
)
# Shares are drawn as their square root: a confusion of 4 % keeps a fifth of the colour scale
# beside a diagonal near 100 %.
POWER = 0.5


@dataclass(frozen=True)
class Group:
    """Neighbouring rows that share a superclass."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True)
class Matrix:
    """What is drawn: shares of each row, NaN for a row without examples."""

    shares: np.ndarray
    names: Sequence[str]
    groups: Sequence[Group]
    title: str


def plot_confusion(report: Report, path: str | os.PathLike[str]) -> None:
    """Write the confusion matrix of `report` to `path` (PNG, 200 dpi).

    Rows are true classes and sum to 100 %. Where there are superclasses, classes stand by
    superclass. Beyond 200 classes the superclasses are shown, or, without them, how accuracy is
    spread over the classes.

    Raises:
        OSError: As the file system gives it.
    """
    save(draw_confusion(report), path)


def draw_confusion(report: Report) -> Figure:
    """The figure that `plot_confusion` writes."""
    if report.n_classes <= LARGEST_MATRIX:
        return _draw_matrix(_class_matrix(report))
    if 0 < len(report.superclass_names) <= LARGEST_MATRIX:
        return _draw_matrix(_superclass_matrix(report))
    return _draw_spread(report)


def _class_matrix(report: Report) -> Matrix:
    order, groups = np.arange(report.n_classes), []
    if report.superclass_names:
        superclasses = np.array(report.class_to_superclass)
        order = np.argsort(superclasses, kind="stable")
        groups = _groups(superclasses[order], report.superclass_names)
    return Matrix(
        shares=row_shares(report.confusion)[np.ix_(order, order)],
        names=[label(report.class_names[number]) for number in order],
        groups=groups,
        title=f"Confusion matrix: accuracy {report.accuracy:.2%}, n = {report.n_examples:,}",
    )


def _groups(superclasses: np.ndarray, names: Sequence[str]) -> list[Group]:
    starts = [0, *(np.flatnonzero(np.diff(superclasses)) + 1).tolist()]
    stops = [*starts[1:], len(superclasses)]
    return [
        Group(label(names[superclasses[start]]), start, stop)
        for start, stop in zip(starts, stops, strict=True)
    ]


def _superclass_matrix(report: Report) -> Matrix:
    return Matrix(
        shares=row_shares(report.superclass_confusion),
        names=[label(name) for name in report.superclass_names],
        groups=[],
        title=f"Superclasses of {report.n_classes:,} classes: accuracy "
        f"{report.superclass_accuracy:.2%}, n = {report.n_examples:,}",
    )


def label(name: str, longest: int = 32) -> str:
    """A class's name as figures show it."""
    name = name.replace("_", " ")
    return name if len(name) <= longest else name[: longest - 1] + "…"


def _draw_matrix(matrix: Matrix) -> Figure:
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    classes = len(matrix.names)
    side = float(np.clip(0.42 * classes, 3.4, max(8.4, 0.094 * classes)))
    figure = new_figure(side + 3.0, side + 1.6)
    axes = figure.add_subplot()
    colours = LinearSegmentedColormap.from_list("blues", BLUES).with_extremes(bad=LIGHT_GREY)
    image = axes.imshow(
        matrix.shares, cmap=colours, norm=PowerNorm(POWER, vmin=0, vmax=1), interpolation="nearest"
    )
    row = 72 * side / classes
    _name_classes(axes, matrix.names, row)
    _separate_groups(axes, matrix.groups, row)
    if classes <= LARGEST_ANNOTATED:
        _annotate(axes, matrix.shares, row)
    _add_colour_bar(figure, axes, image, side)
    heading(axes, matrix.title, fontsize=9 + 0.5 * side, pad=8 + side)
    return figure


def _font_size(height: float, largest: float = 9.0) -> float:
    """Points for text in a row `height` points high, with a little air, at most `largest`."""
    return min(largest, 0.84 * height)


def _name_classes(axes: Axes, names: Sequence[str], row: float) -> None:
    """Name rows and columns; columns, `row` points wide as well, upright where names are long."""
    places = range(len(names))
    font = _font_size(row)
    turned = 90 if 0.7 * font * max(map(len, names)) > row else 0
    text = {"fontsize": font, "color": INK, "parse_math": False}
    axes.set_xticks(places, names, rotation=turned, **text)
    axes.set_yticks(places, names, **text)
    axes.tick_params(length=0, pad=2 if font < 7 else 4)
    axes.set_xlabel("predicted class", color=GREY, fontsize=11)
    axes.set_ylabel("true class", color=GREY, fontsize=11)
    axes.spines[:].set_color(GREY)
    axes.spines[:].set_linewidth(0.6)


def _separate_groups(axes: Axes, groups: Sequence[Group], row: float) -> None:
    """Thin lines between superclasses and their names on the right, each beside a bracket."""
    smallest = min((group.stop - group.start for group in groups), default=1)
    font = _font_size(row * smallest, largest=8.0)
    for group in groups:
        if group.start:
            axes.axhline(group.start - 0.5, color=GREY, linewidth=0.35)
            axes.axvline(group.start - 0.5, color=GREY, linewidth=0.35)
        axes.annotate(
            group.name,
            xy=(1.0, (group.start + group.stop - 1) / 2),
            xycoords=axes.get_yaxis_transform(),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            fontsize=font,
            color=INK,
            parse_math=False,
        )
        axes.plot(
            [1.008, 1.008],
            [group.start - 0.3, group.stop - 0.7],
            transform=axes.get_yaxis_transform(),
            color=GREY,
            linewidth=1.0,
            clip_on=False,
        )


def _annotate(axes: Axes, shares: np.ndarray, row: float) -> None:
    font = _font_size(0.3 * row, largest=16.0) if row > 40 else _font_size(row)
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.005:  # less than half a percent would read as 0; NaN is left out too
            axes.text(
                column,
                row,
                f"{100 * share:.0f}",
                ha="center",
                va="center",
                fontsize=font,
                color="white" if share**POWER > 0.5 else INK,
            )


def _add_colour_bar(figure: Figure, axes: Axes, image: object, side: float) -> None:
    ticks = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
    bar = figure.colorbar(image, ax=axes, ticks=ticks, shrink=0.6, aspect=28, pad=0.02)
    bar.ax.set_yticklabels([f"{tick:.0%}" for tick in ticks])
    bar.ax.tick_params(labelsize=8, labelcolor=INK, color=GREY, length=2)
    bar.outline.set_visible(False)
    bar.set_label("share of the true class", color=GREY, fontsize=9)


def _draw_spread(report: Report) -> Figure:
    accuracies = np.sort(
        [a for a, n in zip(report.class_accuracy, report.class_support, strict=True) if n]
    )
    figure = new_figure(7.0, 4.2)
    axes = figure.add_subplot()
    plain_axes(axes)
    ranks = np.arange(1, len(accuracies) + 1)
    axes.fill_between(ranks, 100 * accuracies, step="mid", color=BLUE, alpha=0.15, linewidth=0)
    axes.step(ranks, 100 * accuracies, where="mid", color=BLUE, linewidth=1.8)
    axes.axhline(100 * report.accuracy, color=GREY, linewidth=1, linestyle="--")
    axes.annotate(
        f"all examples {report.accuracy:.2%}",
        xy=(len(accuracies), 100 * report.accuracy),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=9,
        color=INK,
    )
    axes.set_ylim(0, 103)
    axes.set_xlim(0.5, len(accuracies) + 0.5)
    axes.set_xlabel("classes, hardest first", color=GREY)
    axes.set_ylabel("accuracy of the class, %", color=GREY)
    heading(axes, f"{report.n_classes:,} classes are too many for a matrix: accuracy by class")
    return figure
