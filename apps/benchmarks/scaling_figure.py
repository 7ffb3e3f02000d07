"""The picture of the scaling suite: log-log, one line a head, one panel a backend."""

import statistics
from pathlib import Path

from kerasoft.evaluation.plots.series import legend, looks
from kerasoft.evaluation.plots.style import (
    INK,
    LIGHT_GREY,
    heading,
    new_figure,
    plain_axes,
    save,
)

TITLES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def draw_scaling(record: dict, path: Path) -> None:
    """Writes a PNG of milliseconds a step against classes."""
    backends = record["backends"]
    heads = record["options"]["heads"]
    width = max(5.5, 1 + 3.2 * len(backends))
    figure = new_figure(width, 3.4 + 0.4 * len(heads) / width)  # with room for their names
    panels = figure.subplots(1, len(backends), sharey=True, squeeze=False)[0]
    for axes, (backend, part) in zip(panels, backends.items(), strict=True):
        for head, look in looks(heads).items():
            known = [p for p in part["points"] if p["head"] == head and "seconds" in p]
            _line(axes, known, look)
        axes.set_xscale("log")
        axes.set_yscale("log")
        plain_axes(axes)
        axes.grid(axis="x", color=LIGHT_GREY, linewidth=0.6)
        heading(axes, TITLES[backend])
        axes.set_xlabel("classes", color=INK)
        axes.margins(x=0.08)
    panels[0].set_ylabel("milliseconds a training step", color=INK)
    legend(figure, heads)
    save(figure, path)


def _line(axes, points: list[dict], look: dict[str, str]) -> None:
    axes.plot(
        [point["classes"] for point in points],
        [1000 * statistics.median(point["seconds"]) for point in points],
        marker="o",
        markersize=4,
        linewidth=1.6,
        **look,
    )
