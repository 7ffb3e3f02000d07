"""Confidence against accuracy as a picture."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from kerasoft.evaluation.plots.style import (
    BLUE,
    GREY,
    INK,
    SKY_BLUE,
    VERMILION,
    heading,
    new_figure,
    plain_axes,
    save,
)
from kerasoft.evaluation.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


OVERCONFIDENT = {"color": "white", "edgecolor": VERMILION, "hatch": "////"}


def plot_reliability(report: Report, path: str | os.PathLike[str]) -> None:
    """Write the reliability diagram of `report` to `path` (PNG, 200 dpi).

    Above: accuracy in each bin of confidence, with its distance from the mean confidence. Below:
    how many predictions fell into the bin.

    Raises:
        OSError: As the file system gives it.
    """
    save(draw_reliability(report), path)


def draw_reliability(report: Report) -> Figure:
    """The figure that `plot_reliability` writes."""
    figure = new_figure(4.8, 5.6)
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(4, 1))
    _draw_accuracy(upper, report)
    _draw_counts(lower, report)
    return figure


def _draw_accuracy(axes: Axes, report: Report) -> None:
    plain_axes(axes)
    filled = [b for b in report.reliability if b.count]
    accuracy = np.array([b.accuracy for b in filled])
    confidence = np.array([b.confidence for b in filled])
    both = np.minimum(accuracy, confidence)
    for label, bottom, height, look in (
        ("accuracy", 0, both, {"color": BLUE}),
        ("accuracy beyond confidence", both, accuracy - both, {"color": SKY_BLUE}),
        ("confidence beyond accuracy", both, confidence - both, OVERCONFIDENT),
    ):
        axes.bar(
            [b.lower for b in filled],
            np.where(height > 0, height, np.nan),  # an empty bar would still draw its edge
            [b.upper - b.lower for b in filled],
            bottom,
            align="edge",
            linewidth=0.8,
            label=label,
            **{"edgecolor": "white"} | look,
        )
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle="--", label="perfect")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_ylabel("accuracy", color=GREY)
    axes.yaxis.set_major_formatter(percent_axis)
    # Above the axes, as bars may stand anywhere in them.
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=2,
        fontsize=8.5,
        frameon=False,
        labelcolor=INK,
    )
    heading(axes, f"Calibration error {report.calibration_error:.2%}", fontsize=12, pad=44)


def _draw_counts(axes: Axes, report: Report) -> None:
    plain_axes(axes)
    bins = report.reliability
    shares = [b.count / report.n_examples for b in bins]
    width = [b.upper - b.lower for b in bins]
    axes.bar([b.lower for b in bins], shares, width, align="edge", color=GREY, edgecolor="white")
    axes.set_ylabel("predictions", color=GREY)
    axes.yaxis.set_major_formatter(percent_axis)
    axes.xaxis.set_major_formatter(percent_axis)
    axes.set_xlabel("confidence (top probability)", color=GREY)


def percent_axis(value: float, _position: int) -> str:
    """A tick at `value` in [0, 1], for Matplotlib."""
    return f"{100 * value:g}%"
