"""The metrics as rows of text: what each is called, what it is here and what it means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # report.py needs this module for Report.table
    from kerasoft.evaluation.report import Report


@dataclass(frozen=True)
class Metric:
    """One row of the summary."""

    label: str
    value: str
    definition: str


DEFINITIONS = {
    "accuracy": "Share of examples whose most probable class is the true one.",
    "top-5 accuracy": (
        "Share of examples whose true class is among the {best_of} most probable; of equally "
        "probable classes the lower number comes first."
    ),
    "precision (macro)": (
        "Of the predictions of a class, the share that is right; mean over all classes, 0 for a "
        "class that is never predicted."
    ),
    "recall (macro)": (
        "Of the examples of a class, the share that is found; mean over all classes, 0 for a "
        "class without examples."
    ),
    "F1 (macro)": "Harmonic mean of a class's precision and recall; mean over all classes.",
    "Cohen's kappa": (
        "Agreement with the labels beyond what the class frequencies give by chance: 1 is "
        "perfect, 0 is chance (Cohen, 1960)."
    ),
    "negative log-likelihood": (
        "Mean of -ln p(true class), in nats; lower is better, always saying 1/C gives "
        "ln C = {uniform:.4f}."
    ),
    "calibration error": (
        "Expected calibration error: mean distance between confidence (the top probability) and "
        "accuracy over {bins} equal-width bins of confidence (Guo et al., 2017)."
    ),
    "superclass accuracy": (
        "Share of examples whose predicted class belongs to the true superclass."
    ),
}


def metric_rows(report: Report) -> list[Metric]:
    """The metrics of `report`, formatted, in the order in which people ask for them."""
    values = {
        "accuracy": percent(report.accuracy),
        "top-5 accuracy": percent(report.top5),
        "precision (macro)": percent(report.precision),
        "recall (macro)": percent(report.recall),
        "F1 (macro)": percent(report.f1),
        "Cohen's kappa": f"{report.kappa:.4f}",
        "negative log-likelihood": _likelihood(report),
        "calibration error": percent(report.calibration_error),
    }
    if report.superclass_names:
        values["superclass accuracy"] = percent(report.superclass_accuracy)
    facts = {
        "best_of": min(5, report.n_classes),
        "uniform": math.log(report.n_classes),
        "bins": len(report.reliability),
    }
    return [
        Metric(label, value, DEFINITIONS[label].format(**facts)) for label, value in values.items()
    ]


def text_table(report: Report) -> str:
    """Labels left, values right-aligned, one metric a line."""
    rows = metric_rows(report)
    label_width = max(len(row.label) for row in rows)
    value_width = max(len(row.value) for row in rows)
    return "\n".join(f"{row.label:<{label_width}}  {row.value:>{value_width}}" for row in rows)


def percent(share: float) -> str:
    """`share` in [0, 1] as text: 0.7512 -> "75.12%"."""
    return f"{share:.2%}"


def _likelihood(report: Report) -> str:
    infinite = report.infinite_log_likelihoods
    if infinite:
        return f"infinite ({infinite} of {report.n_examples} true classes have probability 0)"
    return f"{report.negative_log_likelihood:.4f}"
