"""Means, intervals and single runs of several variants, measure by measure, as one picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerasoft.evaluation.plots.series import looks
from kerasoft.evaluation.plots.style import GREY, INK, heading, new_figure, plain_axes
from kerasoft.evaluation.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Dots:
    """One panel.

    Attributes:
        title: What is shown.
        values: A number a run, by variant; those that are not finite are left out.
        intervals: Of the mean, by variant; a variant without one has dots alone.
    """

    title: str
    values: Mapping[str, Sequence[float]]
    intervals: Mapping[str, Interval | None]


def draw_dots(panels: Sequence[Dots]) -> Figure:
    """A row a variant, the first on top: a faint dot a run, the mean, a bar for its interval."""
    names = list(panels[0].values)
    columns = min(len(panels), 2)
    rows = math.ceil(len(panels) / columns)
    figure = new_figure(4.9 * columns, rows * (1.0 + 0.32 * len(names)))
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for one, panel in zip(axes, panels, strict=False):
        _draw_panel(one, panel)
    for one in axes[len(panels) :]:
        one.set_visible(False)
    for one in axes[::columns]:
        one.set_yticks(range(len(names)), names, fontsize=9, color=INK, parse_math=False)
        one.set_ylim(len(names) - 0.4, -0.6)
    return figure


def _draw_panel(axes: Axes, panel: Dots) -> None:
    plain_axes(axes, grid=False)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    heading(axes, panel.title, fontsize=10, pad=6)
    for row, (name, look) in enumerate(looks(panel.values).items()):
        axes.axhline(row, color=GREY, alpha=0.25, linewidth=0.6)
        values = [one for one in panel.values[name] if math.isfinite(one)]
        axes.plot(values, [row] * len(values), "o", color=look["color"], alpha=0.3, markersize=5)
        interval = panel.intervals[name]
        if interval is None:
            if len(values) < len(panel.values[name]):
                _say_infinite(axes, row)
            continue
        axes.plot([interval.mean], [row], "D", color=look["color"], markersize=5)
        if interval.lower is not None:
            ends = [interval.lower, interval.upper]
            axes.plot(ends, [row, row], color=look["color"], linewidth=2, solid_capstyle="butt")
    axes.margins(x=0.08)
    if all(value >= 0 for values in panel.values.values() for value in values):
        axes.set_xlim(left=max(0.0, axes.get_xlim()[0]))  # an interval may reach further


def _say_infinite(axes: Axes, row: int) -> None:
    axes.text(
        0.99, row, "infinite", transform=axes.get_yaxis_transform(), ha="right", va="center",
        fontsize=8.5, color=GREY,
    )  # fmt: skip
