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
CHUNKED = "kerasoft, chunk_size="
HEADROOM = 1.15  # times the slowest, for what is written above it


def draw_costs(rows: list[dict], path: Path) -> None:
    """Writes a PNG of milliseconds against extra memory; who has no known memory is left out."""
    groups: dict[str, list[dict]] = {}
    for row in rows:
        groups.setdefault(f"{row['backend']}, {row['mode']}", []).append(row)
    figure = new_figure(1 + 3.8 * len(groups), 3.4)
    panels = figure.subplots(1, len(groups), squeeze=False)[0]
    for axes, (title, found) in zip(panels, groups.items(), strict=True):
        known = [row for row in found if row["extra_mebibytes"] is not None]
        by_chunks = [row for row in known if CHUNKED in row["name"]]
        for row in known:
            if row not in by_chunks:
                _points(axes, [row], row["name"])
        if by_chunks:
            sizes = [int(row["name"].partition(CHUNKED)[2]) for row in by_chunks]
            span = dict.fromkeys(f"{size:,}" for size in (min(sizes), max(sizes)))
            _points(axes, by_chunks, f"kerasoft, chunks of {' to '.join(span)}")
        axes.set_xscale("log")
        axes.set_ylim(0, HEADROOM * max(row["milliseconds"] for row in found))
        plain_axes(axes)
        axes.grid(axis="x", color=LIGHT_GREY, linewidth=0.6)
        heading(axes, title)
        axes.set_xlabel("extra MiB", color=INK)
        axes.margins(x=0.3)
    panels[0].set_ylabel("milliseconds, loss and gradients", color=INK)
    save(figure, path)


def _points(axes, rows: list[dict], label: str) -> None:
    """A point each, with a line through them, and one label beside the first."""
    places = [(max(SMALLEST, row["extra_mebibytes"]), row["milliseconds"]) for row in rows]
    ours = rows[0]["name"].startswith("kerasoft")
    color, shift = (BLUE, 5) if ours else (GREY, -10)  # so that names keep clear of each other
    axes.plot(*zip(*places, strict=True), "o-", color=color, markersize=5)
    axes.annotate(label, places[0], (4, shift), textcoords="offset points", fontsize=7, color=INK)
