"""The picture of the scaling suite: log-log, one line a head, one panel a backend."""

import statistics
from pathlib import Path

from kerasoft.evaluation.plots.style import (
    BLUE,
    GREEN,
    INK,
    LIGHT_GREY,
    VERMILION,
    heading,
    new_figure,
    plain_axes,
    save,
)

STYLES = {
    "softmax": {"color": INK, "marker": "s"},
    "adaptive": {"color": GREEN, "marker": "^"},
    "hierarchical": {"color": BLUE, "marker": "o"},
    "sampled": {"color": VERMILION, "marker": "D"},
}
TITLES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def draw_scaling(record: dict, path: Path) -> None:
    """Writes a PNG of milliseconds a step against classes."""
    backends = record["backends"]
    figure = new_figure(1 + 3.2 * len(backends), 3.4)
    panels = figure.subplots(1, len(backends), sharey=True, squeeze=False)[0]
    for axes, (backend, part) in zip(panels, backends.items(), strict=True):
        for head in record["options"]["heads"]:
            _line(axes, head, [p for p in part["points"] if p["head"] == head and "seconds" in p])
        axes.set_xscale("log")
        axes.set_yscale("log")
        plain_axes(axes)
        axes.grid(axis="x", color=LIGHT_GREY, linewidth=0.6)
        heading(axes, TITLES[backend])
        axes.set_xlabel("classes", color=INK)
        axes.margins(x=0.08)
    panels[0].set_ylabel("milliseconds a training step", color=INK)
    panels[0].legend(frameon=False, fontsize=9, labelcolor=INK)
    save(figure, path)


def _line(axes, head: str, points: list[dict]) -> None:
    axes.plot(
        [point["classes"] for point in points],
        [1000 * statistics.median(point["seconds"]) for point in points],
        label=head,
        markersize=4,
        linewidth=1.6,
        **STYLES[head],
    )
