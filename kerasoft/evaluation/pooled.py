"""Reports of several runs as one, as if the split had been scored once more by each."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.calibration import ReliabilityBin, expected_calibration_error
from kerasoft.evaluation.metrics import agreement
from kerasoft.evaluation.report import Report


def pooled(reports: Sequence[Report]) -> Report:
    """The report on the predictions of all runs together.

    Counts add up; what follows from them is that of the sums. The calibration error is that of the
    pooled bins, at most the mean of the runs' own.

    Args:
        reports: Of the same classes, at least one.

    Raises:
        InvalidArgumentError: If there is none, or they are of other classes or bins.
    """
    _check(reports)
    confusion = sum(report.confusion for report in reports)
    places = np.nonzero(confusion)
    labels, predicted = (np.repeat(classes, confusion[places]) for classes in places)
    shares = np.array([report.n_examples for report in reports]) / len(labels)
    bins = tuple(map(_pooled_bin, zip(*(report.reliability for report in reports), strict=True)))
    return replace(
        reports[0],
        n_examples=len(labels),
        accuracy=float((labels == predicted).mean()),
        top5=float(shares @ [report.top5 for report in reports]),
        negative_log_likelihood=float(
            shares @ [report.negative_log_likelihood for report in reports]
        ),
        infinite_log_likelihoods=sum(report.infinite_log_likelihoods for report in reports),
        calibration_error=expected_calibration_error(bins),
        reliability=bins,
        **agreement(labels, predicted, len(confusion)),
    )


def _check(reports: Sequence[Report]) -> None:
    kinds = {(one.class_names, one.class_to_superclass, len(one.reliability)) for one in reports}
    if len(kinds) != 1:
        raise InvalidArgumentError(
            "`reports` must be of the same classes and bins, at least one.", kinds=len(kinds)
        )


def _pooled_bin(bins: Sequence[ReliabilityBin]) -> ReliabilityBin:
    filled = [one for one in bins if one.count]
    count = sum(one.count for one in filled)
    confidence = sum(one.count * one.confidence for one in filled)
    right = sum(one.count * one.accuracy for one in filled)
    return replace(
        bins[0],
        count=count,
        confidence=confidence / count if count else None,
        accuracy=right / count if count else None,
    )
