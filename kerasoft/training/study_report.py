"""The report of a study's folder, in it."""

from pathlib import Path

from filelock import FileLock

from kerasoft.evaluation.document import write_document
from kerasoft.evaluation.study import Study, study_document
from kerasoft.training.study_results import study_results
from kerasoft.training.variant import Variant


def write_study_report(
    folder: str | Path, *, baseline: Variant | str | None = None, confidence: float = 0.95
) -> Study:
    """Writes report.md, report.html and the figures into a study's folder.

    Of several processes that end at about the same time, the last to write has seen all runs.

    Args:
        folder: Of the study, whatever part of its runs is there.
        baseline: As in `study_results`.
        confidence: Of the intervals, in (0, 1).

    Returns:
        What the report is of.

    Raises:
        InvalidArgumentError: As in `study_results`, or if `confidence` is not allowed.
        OSError: If the folder cannot be written.
    """
    study_results(folder, baseline=baseline)  # what is no study must not get a lock either
    with FileLock(Path(folder) / "report.lock"):
        study = study_results(folder, baseline=baseline)
        write_document(study_document(study, confidence), Path(folder))
    return study
