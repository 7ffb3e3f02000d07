"""Epochs, or steps, of several variants with several seeds each, as one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.plots.series import legend, looks
from kerasoft.evaluation.plots.style import GREY, heading, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Histories = Sequence[Mapping[str, Sequence[float]]]  # one a seed

_ROWS = (("", "training"), ("val_", "validation"))
_COLUMNS = (("loss", "Loss, {}", 1.0), ("accuracy", "Accuracy, {}, %", 100.0))


def draw_learning_curves(variants: Mapping[str, Histories], axis: str = "epoch") -> Figure:
    """Loss and accuracy row by row, training above, validation below where there is any.

    A line is the mean over the seeds that have the row, the band from their least to their most.
    Numbers that are not finite are gaps.

    Args:
        variants: By name; columns as in `plot_history`.
        axis: The column that says where a row lies, the same for all histories; where there is no
            such column rows are numbered from 1.

    Raises:
        InvalidArgumentError: If no history has a number to draw.
    """
    panels = [
        [(prefix + column, title.format(part), scale) for column, title, scale in _COLUMNS]
        for prefix, part in _ROWS
        if any(_has(histories, prefix + "loss") for histories in variants.values())
    ]
    if not panels:
        raise InvalidArgumentError(
            "`variants` must have a history with a finite loss.", variants=list(variants)
        )
    figure = new_figure(9.6, 3.3 * len(panels) + 0.4)
    for row, axes_of_row in zip(
        panels, figure.subplots(len(panels), 2, squeeze=False), strict=True
    ):
        for (column, title, scale), axes in zip(row, axes_of_row, strict=True):
            _draw_panel(axes, variants, column, scale, axis)
            heading(axes, title, fontsize=11, pad=8)
    legend(figure, variants)
    return figure


def _has(histories: Histories, column: str) -> bool:
    return any(np.isfinite(np.asarray(one.get(column, ()), float)).any() for one in histories)


def _draw_panel(
    axes: Axes, variants: Mapping[str, Histories], column: str, scale: float, axis: str
) -> None:
    from matplotlib.ticker import MaxNLocator

    plain_axes(axes)
    for name, look in looks(variants).items():
        if _has(variants[name], column):
            values = scale * _rows(variants[name], column)
            some = np.isfinite(values).any(axis=0)
            known, places = values[:, some], _places(variants[name], axis, len(some))[some]
            axes.fill_between(
                places,
                np.nanmin(known, axis=0),
                np.nanmax(known, axis=0),
                color=look["color"],
                alpha=0.18,
                linewidth=0,
            )
            marker = "o" if len(places) == 1 else None
            axes.plot(places, np.nanmean(known, axis=0), linewidth=1.6, marker=marker, **look)
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, steps=(1, 2, 5, 10)))
    axes.set_xlabel(axis, color=GREY)


def _rows(histories: Histories, column: str) -> np.ndarray:
    """Float64 (seeds, rows); NaN where a history is shorter or not finite."""
    found = [np.asarray(one.get(column, ()), float) for one in histories]
    values = np.full((len(found), max(map(len, found))), np.nan)
    for row, one in zip(values, found, strict=True):
        row[: len(one)] = np.where(np.isfinite(one), one, np.nan)
    return values


def _places(histories: Histories, axis: str, rows: int) -> np.ndarray:
    """Float64 (rows,): where they lie."""
    longest = max((one.get(axis, ()) for one in histories), key=len)
    return np.asarray(longest if len(longest) == rows else range(1, rows + 1), float)
