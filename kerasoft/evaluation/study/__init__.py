"""A study as plain data, and as a document that says what came out."""

from kerasoft.evaluation.study.page import study_document
from kerasoft.evaluation.study.study import Absent, Study, StudyRun
from kerasoft.evaluation.study.terminal import study_text

__all__ = ["Absent", "Study", "StudyRun", "study_document", "study_text"]
