"""Variants side by side: what each scores over its seeds, and how it differs from a baseline."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.statistics import (
    Difference,
    Interval,
    holm,
    mean_interval,
    paired_difference,
)


@dataclass(frozen=True)
class Result:
    """What one run of one variant scored.

    Attributes:
        variant: What was compared, such as the name of a softmax.
        seed: Of the run. Runs of the same seed share the data's order and the backbone's
            first weights.
        scores: A number a metric. One that is not finite, such as an infinite negative
            log-likelihood, has no mean: its variant has no interval there.
    """

    variant: str
    seed: int
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Contrast:
    """A variant beside the baseline in one metric.

    Attributes:
        difference: Over the seeds that both have.
        adjusted_p_value: The p-value by Holm's correction for all variants beside the baseline;
            None where there is no p-value.
    """

    difference: Difference
    adjusted_p_value: float | None


@dataclass(frozen=True)
class Comparison:
    """A study in numbers.

    Attributes:
        baseline: The variant that the others are compared with.
        variants: All of them, in the order in which they came.
        metrics: All that any run has a score of, likewise.
        intervals: By variant and metric; None where there is no finite mean.
        contrasts: By variant but the baseline, and metric; None where no seed has both.
    """

    baseline: str
    variants: tuple[str, ...]
    metrics: tuple[str, ...]
    intervals: dict[tuple[str, str], Interval | None]
    contrasts: dict[tuple[str, str], Contrast | None]


def compare(results: Sequence[Result], baseline: str, confidence: float = 0.95) -> Comparison:
    """Sets variants side by side.

    Args:
        results: Of runs that ended; the seeds need not be the same for all variants.
        baseline: The variant that the others are compared with.
        confidence: Of the intervals, in (0, 1).

    Raises:
        InvalidArgumentError: If the baseline has no run, or a variant two of one seed.
    """
    variants = tuple(dict.fromkeys(one.variant for one in results))
    metrics = tuple(dict.fromkeys(name for one in results for name in one.scores))
    if baseline not in variants:
        raise InvalidArgumentError(
            f"`baseline` must have a run; there are runs of {', '.join(variants) or 'nothing'}.",
            baseline=baseline,
        )
    scores = _by_seed(results)
    intervals, contrasts = {}, {}
    for metric in metrics:
        of_metric = {name: _of(scores[name], metric) for name in variants}
        for name in variants:
            intervals[name, metric] = _interval(of_metric[name], confidence)
        found = _contrasts(of_metric, baseline, confidence)
        contrasts |= {(name, metric): contrast for name, contrast in found.items()}
    return Comparison(baseline, variants, metrics, intervals, contrasts)


def _by_seed(results: Sequence[Result]) -> dict[str, dict[int, Mapping[str, float]]]:
    scores: dict[str, dict[int, Mapping[str, float]]] = {}
    for one in results:
        seeds = scores.setdefault(one.variant, {})
        if one.seed in seeds:
            raise InvalidArgumentError(
                "A variant must have one run a seed.", variant=one.variant, seed=one.seed
            )
        seeds[one.seed] = one.scores
    return scores


def _of(seeds: Mapping[int, Mapping[str, float]], metric: str) -> dict[int, float]:
    """The metric of each seed that has it."""
    return {seed: scores[metric] for seed, scores in sorted(seeds.items()) if metric in scores}


def _interval(values: Mapping[int, float], confidence: float) -> Interval | None:
    if not values or not all(map(math.isfinite, values.values())):
        return None
    return mean_interval(list(values.values()), confidence)


def _contrasts(
    scores: Mapping[str, Mapping[int, float]], baseline: str, confidence: float
) -> dict[str, Contrast | None]:
    """Of one metric, by variant."""
    differences = {
        name: _difference(values, scores[baseline], confidence)
        for name, values in scores.items()
        if name != baseline
    }
    tested = {name: one.p_value for name, one in differences.items() if one is not None}
    tested = {name: p for name, p in tested.items() if p is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True))
    return {
        name: None if one is None else Contrast(one, adjusted.get(name))
        for name, one in differences.items()
    }


def _difference(
    values: Mapping[int, float], baseline: Mapping[int, float], confidence: float
) -> Difference | None:
    """Over the seeds that both have; None where there are none, or a score is not finite."""
    both = [(values[seed], baseline[seed]) for seed in values if seed in baseline]
    if not both or not all(math.isfinite(one) for pair in both for one in pair):
        return None
    return paired_difference(*zip(*both, strict=True), confidence)
