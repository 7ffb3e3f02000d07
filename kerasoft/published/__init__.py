"""Published studies of softmax variants: what they reported, and the same trained here."""

from kerasoft.published.registry import get, names
from kerasoft.published.report import study_report
from kerasoft.published.reproduce import Reproduction, read, reproduce
from kerasoft.published.write import write_reports

__all__ = [
    "Reproduction",
    "get",
    "names",
    "read",
    "reproduce",
    "study_report",
    "write_reports",
]
