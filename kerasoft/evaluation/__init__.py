"""How good a classifier is, in numbers, words and pictures."""

from kerasoft.evaluation.evaluate import evaluate
from kerasoft.evaluation.metrics import score
from kerasoft.evaluation.plots import plot_confusion, plot_history, plot_reliability
from kerasoft.evaluation.report import Report
from kerasoft.evaluation.writing import write_report

__all__ = [
    "Report",
    "evaluate",
    "plot_confusion",
    "plot_history",
    "plot_reliability",
    "score",
    "write_report",
]
