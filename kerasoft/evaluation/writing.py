"""A report as a folder of files."""

import csv
import io
import os
from collections.abc import Mapping, Sequence

from kerasoft.evaluation.files import replace_files
from kerasoft.evaluation.json_text import json_text
from kerasoft.evaluation.markdown import markdown_page
from kerasoft.evaluation.plots import draw_confusion, draw_history, draw_reliability, png_bytes
from kerasoft.evaluation.report import Report


def write_report(
    report: Report,
    folder: str | os.PathLike[str],
    *,
    title: str,
    context: Mapping[str, Mapping[str, object]],
    history: Mapping[str, Sequence[float]] | None = None,
) -> None:
    """Write report.md, report.json, confusion.csv, confusion.png, reliability.png, history.png.

    report.json holds `Report.to_dict()` and beside it `title` and `context`. history.png is
    written only where `history` holds epochs. All files are finished before the first old one is
    replaced; report.json comes last, so that it stands for a complete set.

    Args:
        report: What to write.
        folder: Where; made where it is missing.
        title: Heading of report.md.
        context: Section heading ("Data", "Model", "Training", ...) -> name -> value.
        history: Columns of equal length, one entry an epoch; see `plot_history`.

    Raises:
        OSError: As the file system gives it.
        InvalidArgumentError: On a history that cannot be drawn.
    """
    has_history = bool(history) and any(len(column) for column in history.values())
    page = markdown_page(report, title=title, context=context, has_history=has_history)
    values = report.to_dict() | {"title": title, "context": context}
    contents = {
        "report.json": json_text(values).encode(),
        # A path in the context may hold bytes that are no UTF-8.
        "report.md": page.encode(errors="backslashreplace"),
        "confusion.csv": _confusion_csv(report).encode(errors="backslashreplace"),
        "confusion.png": png_bytes(draw_confusion(report)),
        "reliability.png": png_bytes(draw_reliability(report)),
    }
    if has_history:
        contents["history.png"] = png_bytes(draw_history(history))
    replace_files(folder, contents)


def _confusion_csv(report: Report) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("true/predicted", *report.class_names))
    for name, row in zip(report.class_names, report.confusion.tolist(), strict=True):
        writer.writerow((name, *row))
    return text.getvalue()
