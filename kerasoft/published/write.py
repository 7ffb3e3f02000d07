"""The reports of a published study, as files."""

from pathlib import Path

from kerasoft.evaluation.document import write_document
from kerasoft.published.report import study_report
from kerasoft.published.reproduce import Reproduction, read
from kerasoft.training import write_study_report


def write_reports(folder: str | Path) -> Reproduction:
    """Writes report.md and report.html: of each part, all that its runs say, then of the study.

    Args:
        folder: Of `reproduce`; a study that is not complete has reports too.

    Returns:
        What the folder holds.

    Raises:
        InvalidArgumentError: If it is no folder of `reproduce`.
        OSError: If the folder cannot be written.
    """
    folder, reproduction = Path(folder), read(folder)
    for part in reproduction.study.parts:
        if part.name in reproduction.outcomes:
            write_study_report(folder / part.name)
    write_document(study_report(reproduction), folder)
    return reproduction
