"""A report as a Markdown page that can be read on its own."""

from collections.abc import Mapping

import numpy as np

from kerasoft.evaluation.document.markdown import escape, table
from kerasoft.evaluation.report import Report
from kerasoft.evaluation.summary import metric_rows, percent

EXTREME_CLASSES = 5
SUPERCLASS_ROWS = 20


def markdown_page(
    report: Report,
    *,
    title: str,
    context: Mapping[str, Mapping[str, object]],
    has_history: bool,
) -> str:
    """The whole page; its links lead to the files that `write_report` puts beside it.

    Args:
        report: What to tell.
        title: Heading of the page, one line.
        context: Section heading -> name -> value; one two-column table a section.
        has_history: Whether there is a history.png to show.
    """
    parts = [
        f"# {escape(title)}",
        summary_sentence(report),
        _metrics_section(report),
        *(_context_section(name, values) for name, values in context.items()),
        _history_section() if has_history else "",
        _calibration_section(report),
        _classes_section(report),
        _mistakes_section(report),
        _superclass_section(report) if report.superclass_names else "",
        "Every number on this page is in [report.json](report.json), every count of the confusion "
        "matrix in [confusion.csv](confusion.csv).",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def summary_sentence(report: Report) -> str:
    """The result in a paragraph, without a table."""
    best_of = min(5, report.n_classes)
    text = (
        f"On {_counted(report.n_examples, 'example')} of {_counted(report.n_classes, 'class')}, "
        f"the most probable class is the right one for **{percent(report.accuracy)}**, and the "
        f"true class is among the {best_of} most probable for {percent(report.top5)}. Confidence "
        f"and accuracy differ by {100 * report.calibration_error:.2f} percentage points on average."
    )
    hardest, easiest = _extremes(report)
    if hardest and easiest:
        text += f" The hardest class is {_class(report, hardest[0])} "
        text += f"({percent(report.class_accuracy[hardest[0]])}), the easiest "
        text += f"{_class(report, easiest[0])} ({percent(report.class_accuracy[easiest[0]])})."
    return text


def _metrics_section(report: Report) -> str:
    rows = [(row.label, row.value, escape(row.definition)) for row in metric_rows(report)]
    return "## Results\n\n" + table(("metric", "value", "what it says"), rows, right=(1,))


def _context_section(name: str, values: Mapping[str, object]) -> str:
    rows = [(escape(key), escape(_readable(value))) for key, value in values.items()]
    return f"## {escape(name)}\n\n" + table(("", ""), rows)


def _readable(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_readable, value))
    return "-" if value is None else str(value)


def _history_section() -> str:
    return "## History\n\n![Loss, accuracy and seconds of every epoch](history.png)"


def _calibration_section(report: Report) -> str:
    return (
        "## Calibration\n\nBars on the diagonal would mean that the model is right as often as it "
        f"says. The expected calibration error is {percent(report.calibration_error)}.\n\n"
        "![Accuracy by confidence](reliability.png)"
    )


def _classes_section(report: Report) -> str:
    hardest, easiest = _extremes(report)
    if not hardest:
        return ""
    rows = [
        (*_class_cells(report, hard), *_class_cells(report, easy))
        for hard, easy in zip(hardest, easiest, strict=True)
    ]
    header = ("hardest classes", "accuracy", "examples", "easiest classes", "accuracy", "examples")
    return "## Classes\n\n" + table(header, rows, right=(1, 2, 4, 5))


def _class_cells(report: Report, number: int) -> tuple[str, str, str]:
    accuracy, support = report.class_accuracy[number], report.class_support[number]
    return _class(report, number), percent(accuracy), f"{support:,}"


def _extremes(report: Report) -> tuple[list[int], list[int]]:
    """The class numbers with the lowest and the highest accuracy, without overlap."""
    present = [number for number, support in enumerate(report.class_support) if support]
    ordered = sorted(present, key=lambda number: report.class_accuracy[number])
    count = min(EXTREME_CLASSES, len(present) // 2)
    return ordered[:count], ordered[::-1][:count]


def _mistakes_section(report: Report) -> str:
    pairs = report.most_confused
    rows = [
        (_class(report, p.true), _class(report, p.predicted), f"{p.count:,}", percent(p.share))
        for p in pairs
    ]
    header = ("true class", "predicted as", "examples", "share of the true class")
    mistakes = table(header, rows, right=(2, 3)) if rows else "There are no mistakes."
    return (
        f"## Mistakes\n\n{mistakes}\n\n"
        "![Confusion matrix: true classes in rows, predicted classes in columns](confusion.png)"
    )


def _superclass_section(report: Report) -> str:
    confusion = report.superclass_confusion
    support = confusion.sum(axis=1)
    shares = np.diag(confusion) / np.maximum(support, 1)
    order = [s for s in np.argsort(shares, kind="stable") if support[s]][:SUPERCLASS_ROWS]
    rows = [
        (escape(report.superclass_names[s]), percent(shares[s]), f"{support[s]:,}") for s in order
    ]
    return (
        f"## Superclasses\n\nThe predicted class belongs to the true one of "
        f"{len(report.superclass_names)} superclasses for {percent(report.superclass_accuracy)} "
        "of the examples. The hardest superclasses first:\n\n"
        + table(("superclass", "accuracy", "examples"), rows, right=(1, 2))
    )


def _class(report: Report, number: int) -> str:
    return escape(report.class_names[number])


def _counted(count: int, noun: str) -> str:
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"1 {noun}" if count == 1 else f"{count:,} {plural}"
