"""Confidence against accuracy of several variants as one picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from kerasoft.evaluation.plots.reliability import percent_axis
from kerasoft.evaluation.plots.series import legend, looks
from kerasoft.evaluation.plots.style import GREY, INK, new_figure, plain_axes
from kerasoft.evaluation.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_reliability_curves(reports: Mapping[str, Report]) -> Figure:
    """Left: accuracy against mean confidence, bin by bin; right: how many predictions are in each.

    Args:
        reports: By variant.
    """
    figure = new_figure(9.6, 4.6)
    left, right = figure.subplots(1, 2)
    _draw_accuracies(left, reports)
    _draw_shares(right, reports)
    for axes in (left, right):
        axes.set_xlim(0, 1)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("confidence (top probability)", color=GREY)
        axes.xaxis.set_major_formatter(percent_axis)
        axes.yaxis.set_major_formatter(percent_axis)
    legend(figure, reports)
    return figure


def _draw_accuracies(axes: Axes, reports: Mapping[str, Report]) -> None:
    plain_axes(axes)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=(0, (1, 2)))
    for name, look in looks(reports).items():
        filled = [one for one in reports[name].reliability if one.count]
        axes.plot(
            [one.confidence for one in filled],
            [one.accuracy for one in filled],
            marker="o",
            markersize=4,
            linewidth=1.6,
            **look,
        )
    axes.set_ylim(0, 1)
    axes.set_ylabel("accuracy", color=GREY)


def _draw_shares(axes: Axes, reports: Mapping[str, Report]) -> None:
    plain_axes(axes)
    for name, look in looks(reports).items():
        report = reports[name]
        edges = [report.reliability[0].lower, *(one.upper for one in report.reliability)]
        shares = np.array([one.count for one in report.reliability]) / report.n_examples
        axes.stairs(shares, edges, linewidth=1.6, **look)
    axes.set_ylabel("share of the predictions", color=GREY)
