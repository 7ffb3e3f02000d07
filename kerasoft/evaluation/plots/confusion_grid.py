"""Confusion matrices of several variants side by side, and how they differ from the first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasoft.evaluation.confusion import row_shares
from kerasoft.evaluation.plots.confusion import BLUES, POWER, label
from kerasoft.evaluation.plots.style import GREY, INK, LIGHT_GREY, heading, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure

# Vermilion for less, blue for more, alike in lightness.
_LESS_AND_MORE = ("#8c3d00", "#d55e00", "#f0b58f", "#f7f7f7", "#8fc1e0", "#0072b2", "#00456b")


def draw_confusion_grid(confusions: Mapping[str, np.ndarray], classes: Sequence[str]) -> Figure:
    """A panel a variant: each row's shares, in colours of their square root.

    Args:
        confusions: Counts (C, C) by variant, row = true class.
        classes: C names.
    """
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    colours = LinearSegmentedColormap.from_list("blues", BLUES).with_extremes(bad=LIGHT_GREY)
    panels = {
        f"{name}: {np.trace(one) / one.sum():.2%}": row_shares(one)
        for name, one in confusions.items()
    }
    ticks = {tick: f"{tick:.0%}" for tick in (0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)}
    return _draw(panels, classes, colours, PowerNorm(POWER, vmin=0, vmax=1), ticks)


def draw_confusion_differences(
    confusions: Mapping[str, np.ndarray], baseline: str, classes: Sequence[str]
) -> Figure:
    """A panel a variant but the baseline: its shares minus the baseline's, in points.

    Args:
        confusions: Counts (C, C) by variant, the baseline among them, row = true class.
        baseline: Its name.
        classes: C names.
    """
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    colours = LinearSegmentedColormap.from_list("less and more", _LESS_AND_MORE)
    shares = {name: row_shares(one) for name, one in confusions.items()}
    panels = {
        f"{name} minus {baseline}": one - shares[baseline]
        for name, one in shares.items()
        if name != baseline
    }
    most = max(0.01, *(np.nanmax(np.abs(one), initial=0) for one in panels.values()))
    ticks = {share * most: f"{100 * share * most:+.1f}" for share in (-1, -0.5, 0.5, 1)}
    colours = colours.with_extremes(bad=LIGHT_GREY)
    return _draw(panels, classes, colours, Normalize(-most, most), ticks | {0.0: "0 points"})


def _draw(
    panels: Mapping[str, np.ndarray],
    classes: Sequence[str],
    colours: Colormap,
    scale: Normalize,
    ticks: Mapping[float, str],
) -> Figure:
    columns = 2 if len(panels) == 4 else min(len(panels), 3)
    rows = math.ceil(len(panels) / columns)
    side = float(np.clip(0.16 * len(classes), 2.4, 4.2))
    figure = new_figure(side * columns + 2.6, (side + 0.5) * rows + 1.4)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes, (title, shares) in zip(grid.ravel(), panels.items(), strict=False):
        image = axes.imshow(shares, cmap=colours, norm=scale, interpolation="nearest")
        heading(axes, title, fontsize=9.5, pad=5)
        _frame(axes)
    for axes in grid.ravel()[len(panels) :]:
        axes.set_visible(False)
    _name(grid, len(panels), classes, 72 * side / len(classes))
    bar = figure.colorbar(
        image, ax=grid.ravel().tolist(), ticks=list(ticks), shrink=0.7, aspect=30, pad=0.01
    )
    bar.ax.set_yticklabels(list(ticks.values()))
    bar.ax.tick_params(labelsize=8, labelcolor=INK, color=GREY, length=2)
    bar.outline.set_visible(False)
    return figure


def _frame(axes: Axes) -> None:
    axes.tick_params(length=0, pad=2)
    axes.spines[:].set_color(GREY)
    axes.spines[:].set_linewidth(0.6)


def _name(grid: np.ndarray, panels: int, classes: Sequence[str], row: float) -> None:
    """Class names beside the first column and below the lowest panel of each column."""
    text = {
        "fontsize": min(8.0, 0.84 * row),
        "color": INK,
        "parse_math": False,
    }
    names = [label(name) for name in classes]
    places = range(len(names))
    for number, axes in enumerate(grid.ravel()[:panels]):
        below = number + grid.shape[1] >= panels
        axes.set_xticks(places, names if below else [""] * len(names), rotation=90, **text)
        axes.tick_params(labelbottom=below)
        axes.set_yticks(places, names, **text)
