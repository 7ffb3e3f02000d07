"""A study as a few lines for a terminal."""

from kerasoft.evaluation.study.findings import Findings, find
from kerasoft.evaluation.study.measures import ACCURACY, LIKELIHOOD
from kerasoft.evaluation.study.study import Study
from kerasoft.evaluation.study.wording import seconds_text


def study_text(study: Study, confidence: float = 0.95) -> str:
    """A line a variant: seeds, accuracy, difference from the baseline, likelihood, time.

    Args:
        study: With a run at least.
        confidence: Of the intervals, in (0, 1).
    """
    findings = find(study, confidence)
    minus = f"minus {findings.baseline}" if findings.others else ""
    header = ("", "n", "accuracy", minus, "NLL", "s an epoch")
    rows = [header, *(_row(findings, name) for name in study.trained)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        f"{row[0]:<{widths[0]}}  "
        + "  ".join(f"{text:>{width}}" for text, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]
    if any(findings.differs(name, ACCURACY) for name in findings.others):
        lines.append(f"* a difference after Holm's correction (p at most {1 - confidence:.2g})")
    return "\n".join(lines)


def _row(findings: Findings, variant: str) -> tuple[str, ...]:
    likelihood = findings.interval(variant, LIKELIHOOD)
    return (
        variant,
        str(len(findings.study.runs_of(variant))),
        ACCURACY.interval(findings.interval(variant, ACCURACY)),
        "" if variant == findings.baseline else _difference(findings, variant),
        "infinite" if likelihood is None else LIKELIHOOD.text(likelihood.mean),
        seconds_text(findings.seconds(variant)).removesuffix(" s"),
    )


def _difference(findings: Findings, variant: str) -> str:
    contrast = findings.contrast(variant, ACCURACY)
    if contrast is None:
        return "-"
    star = " *" if findings.differs(variant, ACCURACY) else ""
    interval = contrast.difference.interval
    ends = ACCURACY.ends(interval)
    return ACCURACY.signed(interval.mean) + (f" ({ends})" if ends else "") + star
