"""The figures of a study."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from kerasoft.evaluation import plots
from kerasoft.evaluation.document import Figure, literal
from kerasoft.evaluation.report import Report
from kerasoft.evaluation.statistics import mean_interval
from kerasoft.evaluation.study.findings import Findings
from kerasoft.evaluation.study.measures import ACCURACY, CALIBRATION, LIKELIHOOD
from kerasoft.evaluation.study.study import Study, StudyRun
from kerasoft.evaluation.study.wording import confidence_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

LARGEST_PANEL = 32  # classes whose names can be read where panels stand side by side


def scores_figure(findings: Findings) -> Figure:
    """Accuracy, likelihood, calibration and time, a row a variant."""
    trained = findings.study.trained
    runs = {name: findings.study.runs_of(name) for name in trained}
    timed = {name: findings.timed_runs(name) for name in trained}
    width = findings.confidence
    panels = [
        _dots("Accuracy, %", runs, lambda run: 100 * ACCURACY.of(run.report), width),
        _dots("Negative log-likelihood", runs, lambda run: LIKELIHOOD.of(run.report), width),
        _dots("Calibration error, %", runs, lambda run: 100 * CALIBRATION.of(run.report), width),
        _dots("Seconds an epoch", timed, lambda run: run.epoch_seconds, width),
    ]
    return _figure(
        "scores",
        plots.draw_dots(panels),
        "Accuracy, negative log-likelihood, calibration error and seconds an epoch by variant",
        "A faint dot a run, a diamond for the mean over the seeds and a bar for its "
        f"{confidence_text(width)} interval (none for one seed); seconds are those of the table.",
    )


def curves_figure(study: Study) -> Figure:
    """Loss and accuracy of every epoch."""
    histories = {name: [run.history for run in study.runs_of(name)] for name in study.trained}
    return _figure(
        "curves",
        plots.draw_learning_curves(histories),
        "Loss and accuracy of every epoch, one line a variant",
        "Lines are means over the seeds, bands reach from their least to their most. Each "
        "variant's loss is its own: accuracies can be compared, losses of different variants not.",
    )


def step_curves_figure(study: Study) -> Figure | None:
    """Loss and accuracy within epochs; None where no run kept them."""
    histories = {
        name: [run.step_history for run in study.runs_of(name) if run.step_history]
        for name in study.trained
    }
    if not any(histories.values()):
        return None
    return _figure(
        "steps",
        plots.draw_learning_curves(histories, "step"),
        "Loss and accuracy of training within epochs, one line a variant",
        "The same of training within epochs: means over as many steps as the recipe's "
        "`logging_steps`.",
    )


def reliability_figure(study: Study) -> Figure:
    """Confidence against accuracy."""
    return _figure(
        "reliability",
        plots.draw_reliability_curves(study.pooled),
        "Accuracy by confidence, and how often each confidence occurs, one line a variant",
        "All seeds together. On the dotted line a model is right as often as it says; below it is "
        "too sure of itself.",
    )


def confusion_figures(findings: Findings) -> Iterator[Figure]:
    """Panels of superclasses (or of few classes), differences from the baseline, then all classes.

    The last, one figure a variant, only where the panels do not show them already.
    """
    reports = findings.study.pooled
    first = next(iter(reports.values()))
    names = first.superclass_names or first.class_names
    if len(names) <= LARGEST_PANEL:
        yield from _panels(reports, findings.baseline, names)
    if first.superclass_names or len(names) > LARGEST_PANEL:
        for number, (name, report) in enumerate(reports.items(), 1):
            yield _figure(
                f"confusion-{number}",
                plots.draw_confusion(report),
                f"Confusion matrix of {name}",
                f"**{literal(name)}**, summed over its seeds.",
            )


def _panels(
    reports: Mapping[str, Report], baseline: str, names: tuple[str, ...]
) -> Iterator[Figure]:
    counts = {
        name: one.confusion if one.superclass_confusion is None else one.superclass_confusion
        for name, one in reports.items()
    }
    kind = "superclass" if names == next(iter(reports.values())).superclass_names else "class"
    yield _figure(
        "confusions",
        plots.draw_confusion_grid(counts, names),
        f"A confusion matrix of {kind}es for each variant",
        f"Share of the true {kind} (rows) by predicted {kind} (columns), summed over seeds; behind "
        f"each name the share of examples with the right {kind}.",
    )
    if len(counts) > 1:
        yield _figure(
            "confusion-differences",
            plots.draw_confusion_differences(counts, baseline, names),
            f"How the confusion matrices differ from that of {baseline}",
            f"The same minus {literal(baseline)}: blue is more often, orange less often. On the "
            "diagonal blue is better, elsewhere worse.",
        )


def _dots(
    title: str,
    runs: Mapping[str, Sequence[StudyRun]],
    of: Callable[[StudyRun], float],
    confidence: float,
) -> plots.Dots:
    values = {name: [of(run) for run in own] for name, own in runs.items()}
    intervals = {
        name: mean_interval(own, confidence) if all(map(math.isfinite, own)) else None
        for name, own in values.items()
    }
    return plots.Dots(title, values, intervals)


def _figure(name: str, picture: Picture, alt: str, caption: str) -> Figure:
    return Figure(name, alt, caption, *plots.themed(picture))
