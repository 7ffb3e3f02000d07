"""The picture of the suite of linear cross-entropy: time against memory, one panel a backend."""

from pathlib import Path

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

SMALLEST = 1.0  # MiB: less is drawn as this much
HEADROOM = 1.15  # times the slowest, for what is written above it


def draw_costs(rows: list[dict], path: Path) -> None:
    """Writes a PNG of milliseconds against extra memory; who has no known memory is left out."""
    groups: dict[str, list[dict]] = {}
    for row in rows:
        groups.setdefault(f"{row['backend']}, {row['mode']}", []).append(row)
    figure = new_figure(1 + 3.2 * len(groups), 3.4)
    panels = figure.subplots(1, len(groups), squeeze=False)[0]
    for axes, (title, found) in zip(panels, groups.items(), strict=True):
        for row in found:
            if row["extra_mebibytes"] is not None:
                _point(axes, row)
        axes.set_xscale("log")
        axes.set_ylim(0, HEADROOM * max(row["milliseconds"] for row in found))
        plain_axes(axes)
        axes.grid(axis="x", color=LIGHT_GREY, linewidth=0.6)
        heading(axes, title)
        axes.set_xlabel("extra MiB", color=INK)
        axes.margins(x=0.3)
    panels[0].set_ylabel("milliseconds, loss and gradients", color=INK)
    save(figure, path)


def _point(axes, row: dict) -> None:
    place = max(SMALLEST, row["extra_mebibytes"]), row["milliseconds"]
    axes.plot(*place, "o", color=BLUE if row["name"].startswith("kerasoft") else GREY)
    axes.annotate(row["name"], place, (4, 4), textcoords="offset points", fontsize=7, color=INK)
