"""Scores of the variants, and how they differ from the baseline."""

import math

from kerasoft.evaluation.document import Cell, Table, literal
from kerasoft.evaluation.study import cells
from kerasoft.evaluation.study.findings import Findings
from kerasoft.evaluation.study.measures import Measure
from kerasoft.evaluation.study.wording import confidence_text, p_text


def scores_table(findings: Findings) -> Table:
    """A row a variant, a column a measure."""
    rows = [
        [
            cells.name(name),
            cells.number(len(findings.study.runs_of(name))),
            *(_mean_cell(findings, name, measure) for measure in findings.measures),
        ]
        for name in findings.study.trained
    ]
    header = ["variant", "n", *(measure.title for measure in findings.measures)]
    several = any(len(findings.study.runs_of(name)) > 1 for name in findings.study.trained)
    caption = "Of the test split; n is the number of seeds; ↓: lower is better."
    if several:
        width = confidence_text(findings.confidence)
        caption = f"Mean over seeds ± half the width of its {width} interval. {caption}"
    return Table(header, rows, range(1, len(header)), caption)


def differences_table(findings: Findings) -> Table:
    """A row a variant, a column a measure: minus the baseline, seed by seed."""
    rows = [
        [cells.name(name), *(_difference_cell(findings, name, one) for one in findings.measures)]
        for name in findings.others
    ]
    baseline, width = literal(findings.baseline), confidence_text(findings.confidence)
    caption = (
        f"Variant minus {baseline}, the mean over the seeds that both have, and its {width} "
        "interval; shares in percentage points. **Bold**: a difference after Holm's correction "
        f"(p at most {1 - findings.confidence:.2g}). ↓: less is better."
    )
    header = ["variant", *(measure.title for measure in findings.measures)]
    return Table(header, rows, range(1, len(header)), caption)


def p_values_table(findings: Findings) -> Table:
    """A row a variant, a column a measure: Holm's p-values."""
    rows = [
        [cells.name(name), *(_p_cell(findings, name, one) for one in findings.measures)]
        for name in findings.others
    ]
    caption = (
        "How probable so large a difference would be without any: paired t-tests over seeds, "
        "corrected by Holm for the variants in the column, not for the number of columns."
    )
    header = ["variant", *(measure.label for measure in findings.measures)]
    return Table(header, rows, range(1, len(header)), caption)


def _mean_cell(findings: Findings, variant: str, measure: Measure) -> Cell:
    interval = findings.interval(variant, measure)
    if interval is not None:
        return Cell(measure.interval(interval), interval.mean)
    runs = findings.study.runs_of(variant)
    infinite = sum(not math.isfinite(measure.of(run.report)) for run in runs)
    return Cell(f"infinite ({infinite} of {len(runs)} runs)", math.inf)


def _difference_cell(findings: Findings, variant: str, measure: Measure) -> Cell:
    contrast = findings.contrast(variant, measure)
    if contrast is None:
        return cells.NOTHING
    interval = contrast.difference.interval
    ends = measure.ends(interval)
    text = measure.signed(interval.mean) + (f" ({ends})" if ends else "")
    if findings.differs(variant, measure):
        text = f"**{text}**"
    return Cell(text, interval.mean)


def _p_cell(findings: Findings, variant: str, measure: Measure) -> Cell:
    contrast = findings.contrast(variant, measure)
    p = contrast.adjusted_p_value if contrast else None
    return (
        cells.NOTHING if p is None else Cell(p_text(p).removeprefix("p = ").removeprefix("p "), p)
    )
