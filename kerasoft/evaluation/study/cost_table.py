"""What the variants cost: time, size, complexity."""

import statistics
from collections.abc import Sequence

from kerasoft.evaluation.document import Cell, Table, literal
from kerasoft.evaluation.study import cells
from kerasoft.evaluation.study.findings import Findings
from kerasoft.evaluation.study.study import Study
from kerasoft.evaluation.study.wording import confidence_text, seconds_text


def cost_table(findings: Findings) -> Table:
    """Seconds, size and complexity of each variant."""
    trained = findings.study.trained
    kinds = list(dict.fromkeys(kind for run in findings.study.runs for kind in run.complexity))
    rows = [
        [cells.name(name), *_time_cells(findings, name), *_size_cells(findings.study, name, kinds)]
        for name in trained
    ]
    width = confidence_text(findings.confidence)
    header = [
        *("variant", "seconds an epoch", "relative", "compilation, s", "training in all, s"),
        *("trained parameters", *kinds),
    ]
    caption = (
        "Seconds: the median over seeds (least to most); an epoch is timed at steady pace, without "
        f"validation; on another device than {literal(findings.baseline)} only where a variant has "
        f"no other run. Relative: to {literal(findings.baseline)}, seed by seed on the same "
        f"device, the geometric mean and its {width} interval. O(...): of the head, with C classes "
        "and D features."
    )
    return Table(header, rows, range(1, 6), caption)


def _time_cells(findings: Findings, variant: str) -> list[Cell]:
    runs = findings.timed_runs(variant)
    relative = findings.relative_seconds(variant)
    if variant == findings.baseline:
        ratio = Cell("1", 1.0)
    elif relative is None:
        ratio = cells.NOTHING
    else:
        ends = "" if relative.lower is None else f" ({relative.lower:.2f} to {relative.upper:.2f})"
        ratio = Cell(f"{relative.mean:.2f}{ends}", relative.mean)
    epochs, compilations, totals = (
        _median_cell([getattr(run, name) for run in runs])
        for name in ("epoch_seconds", "compilation_seconds", "training_seconds")
    )
    return [epochs, ratio, compilations, totals]


def _median_cell(seconds: Sequence[float]) -> Cell:
    median, *ends = (
        seconds_text(one).removesuffix(" s")
        for one in (statistics.median(seconds), min(seconds), max(seconds))
    )
    text = f"{median} ({ends[0]} to {ends[1]})" if len(seconds) > 1 else median
    return Cell(text, statistics.median(seconds))


def _size_cells(study: Study, variant: str, kinds: Sequence[str]) -> list[Cell]:
    run = study.runs_of(variant)[0]
    known = run.parameters is not None
    size = Cell(f"{run.parameters:,}", run.parameters) if known else Cell("not recorded")
    return [size, *(Cell(literal(run.complexity.get(kind, "–"))) for kind in kinds)]
