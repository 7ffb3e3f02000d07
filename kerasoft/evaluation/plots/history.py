"""A training's epochs as a picture."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.isotonic import isotonic_regression

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.plots.style import (
    BLUE,
    GREEN,
    GREY,
    VERMILION,
    heading,
    new_figure,
    plain_axes,
    save,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Line:
    """How one column is drawn and what stands at its end."""

    column: str
    label: str
    value: str
    style: Mapping[str, object]


@dataclass(frozen=True)
class Panel:
    """One pair of axes: its heading and the lines that may be in it."""

    title: str
    lines: Sequence[Line]
    scale: float = 1.0


TRAIN = {"color": BLUE, "linestyle": "-", "marker": "o", "linewidth": 1.8}
VALIDATION = {"color": VERMILION, "linestyle": "--", "marker": "s", "linewidth": 1.8}
TRAIN_TOP5 = TRAIN | {"alpha": 0.45, "linewidth": 1.2, "marker": "^"}
VALIDATION_TOP5 = VALIDATION | {"alpha": 0.45, "linewidth": 1.2, "marker": "v"}
SECONDS = {"color": GREEN, "linestyle": "-", "marker": "D", "linewidth": 1.8}

PANELS = (
    Panel(
        "Loss",
        (
            Line("loss", "train", "{:.3f}", TRAIN),
            Line("val_loss", "validation", "{:.3f}", VALIDATION),
        ),
    ),
    Panel(
        "Accuracy, %",
        (
            Line("accuracy", "train", "{:.1f}%", TRAIN),
            Line("val_accuracy", "validation", "{:.1f}%", VALIDATION),
            Line("top5", "train top-5", "{:.1f}%", TRAIN_TOP5),
            Line("val_top5", "validation top-5", "{:.1f}%", VALIDATION_TOP5),
        ),
        scale=100.0,
    ),
    Panel("Seconds an epoch", (Line("epoch_seconds", "", "{:.1f} s", SECONDS),)),
)

MARKERS = 12  # about so many a line, however many epochs
LABEL_GAP = 0.065  # of the panel's height, between two labels at the right


def plot_history(history: Mapping[str, Sequence[float]], path: str | os.PathLike[str]) -> None:
    """Write loss, accuracy and seconds of every epoch to `path` (PNG, 200 dpi).

    Args:
        history: Columns, one entry an epoch: any of epoch, loss, accuracy, top5 (shares in
            [0, 1]), the same with val_ before them, and epoch_seconds. Others are left out, as are
            panels without a column. NaN, infinities and None are gaps. Epochs count from 1 where
            there is no column for them.
        path: The file.

    Raises:
        InvalidArgumentError: When there is nothing to draw or columns differ in length.
        OSError: As the file system gives it.
    """
    save(draw_history(history), path)


def draw_history(history: Mapping[str, Sequence[float]]) -> Figure:
    """The figure that `plot_history` writes."""
    columns = _columns(history)
    panels = [p for p in PANELS if any(_has_value(columns, line) for line in p.lines)]
    if not panels:
        raise InvalidArgumentError(
            "`history` must hold a number in loss, accuracy, top5, the same with val_, or "
            "epoch_seconds.",
            columns=sorted(history),
        )
    figure = new_figure(5.2 * len(panels), 3.8)
    for axes, panel in zip(np.ravel(figure.subplots(1, len(panels))), panels, strict=True):
        _draw_panel(axes, panel, columns)
    return figure


def _columns(history: Mapping[str, Sequence[float]]) -> dict[str, np.ndarray]:
    drawn = {"epoch", *(line.column for panel in PANELS for line in panel.lines)}
    columns = {
        name: np.array(values, dtype=np.float64)
        for name, values in history.items()
        if name in drawn
    }
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidArgumentError("`history` must have columns of equal length.", **lengths)
    epochs = np.arange(1.0, 1.0 + max(lengths.values(), default=0))
    return {"epoch": epochs} | columns


def _has_value(columns: Mapping[str, np.ndarray], line: Line) -> bool:
    return line.column in columns and bool(np.isfinite(columns[line.column]).any())


def _draw_panel(axes: Axes, panel: Panel, columns: Mapping[str, np.ndarray]) -> None:
    from matplotlib.ticker import MaxNLocator

    plain_axes(axes)
    heading(axes, panel.title, fontsize=12, pad=10)
    ends = []
    for line in panel.lines:
        if _has_value(columns, line):
            ends.append((line, _draw_line(axes, line, columns, panel.scale)))
    axes.margins(x=0.03)
    low, high = min(0.0, axes.dataLim.ymin), axes.dataLim.ymax
    axes.set_ylim(low, high + 0.08 * (high - low or 1.0))
    if axes.dataLim.width == 0:  # one epoch: without this its axis would count in hundredths
        axes.set_xlim(axes.dataLim.xmin - 1, axes.dataLim.xmin + 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, steps=(1, 2, 5, 10)))
    axes.set_xlabel("epoch", color=GREY)
    _label_ends(axes, ends)


def _draw_line(axes: Axes, line: Line, columns: Mapping[str, np.ndarray], scale: float) -> float:
    """Draw the finite values and return the last one."""
    values = scale * columns[line.column]
    known = np.isfinite(values)
    axes.plot(
        columns["epoch"][known],
        values[known],
        markersize=4,
        markevery=max(1, int(known.sum()) // MARKERS),
        **line.style,
    )
    return float(values[known][-1])


def _label_ends(axes: Axes, ends: Sequence[tuple[Line, float]]) -> None:
    """Write each line's name and last value at its right end, moved apart where they would meet."""
    bottom, top = axes.get_ylim()
    heights = _spread([(value - bottom) / (top - bottom) for _, value in ends])
    for (line, value), height in zip(ends, heights, strict=True):
        axes.annotate(
            f"{line.label} {line.value.format(value)}".strip(),
            xy=(1.0, height),
            xycoords="axes fraction",
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=line.style["color"],
        )


def _spread(heights: Sequence[float]) -> np.ndarray:
    """Move `heights` (shares of the panel) as little as keeps `LABEL_GAP` between them."""
    order = np.argsort(heights, kind="stable")
    # Least squares under "each at least a gap above the one below": isotonic once gaps are out.
    gaps = LABEL_GAP * np.arange(len(heights))
    spread = np.empty(len(heights))
    spread[order] = isotonic_regression(np.array(heights)[order] - gaps) + gaps
    return spread
