"""Where an adaptive softmax divides its classes: a cost model, and the divisions of least cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from kerasoft.errors import InvalidArgumentError

_BATCH = 256  # examples of the batch whose cost is estimated
# Costs in multiply-adds of a matrix product, each way, as rough as such numbers are on two CPU
# cores: a score takes about 2.5 ns and 0.08 ns a dimension; a weight's dense update, 3 ns, and what
# surrounds a cluster's loop, 0.2 ms, are estimates.
_SCORE = 30
_UPDATE = 40
_CLUSTER = 2_500_000
_PARTIAL_BLOCK = 4  # examples that rounding up to full blocks adds to a cluster that has some

_SHORT_LIST = 0.5  # probability that the short list has at least
_MOST_CLUSTERS = 16
_CANDIDATES = 160
_EULER = 0.5772156649015329


@dataclass(frozen=True)
class Frequencies:
    """How often classes occur, from the most frequent one on.

    Attributes:
        num_classes: number of classes C.
        counts: occurrences of each class, in any order; None stands for Zipf's law with exponent 1,
            p(rank) = 1 / (rank * (1 + 1/2 + ... + 1/C)).
    """

    num_classes: int
    counts: np.ndarray | None = None

    def first(self, ranks: np.ndarray) -> np.ndarray:
        """The probability of the first so many classes, for each of `ranks`, all at least 1.

        O(C log C) from counts, O(len(ranks)) without.
        """
        if self.counts is None:
            return _harmonic(ranks) / _harmonic(np.array([self.num_classes]))
        sums = np.cumsum(np.sort(self.counts)[::-1])
        return sums[ranks - 1] / sums[-1]


def least_cost(frequencies: Frequencies, dimensions: int, div_value: float) -> list[int]:
    """The cutoffs of least expected cost, for batches of 256 examples.

    A step of a softmax over n classes in d dimensions, which m examples go through, costs

        m n (30 + d) + 40 n d

    multiply-adds: products, exponentials, and a dense update of the weights. The head has n =
    shortlist + clusters, d = D and m = 256; tail i has d = D // div_value^(i + 1), m = 256 times
    the probability of its classes, rounded up by up to 4, and costs 2.5e6 more whatever its size.
    Few classes therefore get no tail at all. The short list is to hold half of the probability, so
    that most examples' classes keep all dimensions.

    The division is the best of all those at 160 candidates spread evenly over the logarithm of the
    rank, with as many clusters as leave each a dimension, 16 at most: dynamic programming from the
    head outwards, O(16 * 160^2).

    Args:
        frequencies: how often the classes occur.
        dimensions: features D.
        div_value: as in `AdaptiveSoftmax`.

    Returns:
        Increasing ranks from 1 to C - 1 at which a cluster starts; none is a plain softmax.
    """
    grid = _grid(frequencies.num_classes)
    sizes = tail_dimensions(dimensions, div_value, _MOST_CLUSTERS)
    probability = frequencies.first(grid)
    logit = _layer(_BATCH, 1, dimensions)
    # Of the head, for each place where the short list may end.
    cost = np.where(probability >= _SHORT_LIST, _layer(_BATCH, grid, dimensions), np.inf)
    best, chosen, came_from = cost[-1], [], []
    for clusters, size in enumerate(sizes[: len(grid) - 1], start=1):
        total = cost[:, None] + logit + _tails(grid, probability, size)
        came_from.append(total.argmin(0))
        cost = total.min(0)
        if cost[-1] < best:
            best, chosen = cost[-1], _path(grid, came_from[:clusters])
    return chosen


def tail_dimensions(dimensions: int, div_value: float, most: int) -> list[int]:
    """Dimensions of the first `most` tails, as far as there are any left."""
    sizes = []
    while len(sizes) < most and dimensions >= div_value ** (len(sizes) + 1):
        sizes.append(int(dimensions // div_value ** (len(sizes) + 1)))
    return sizes


def check_cutoffs(cutoffs: Sequence[int] | str, num_classes: int) -> list[int] | str:
    """Returns cutoffs as plain integers, or "auto".

    Raises:
        InvalidArgumentError: if they are not increasing integers from 1 to num_classes - 1.
    """
    if isinstance(cutoffs, str) and cutoffs == "auto":
        return cutoffs
    numbers = list(cutoffs) if isinstance(cutoffs, (list, tuple, np.ndarray)) else [None]
    whole = all(isinstance(n, Integral) and not isinstance(n, bool) for n in numbers)
    if not whole or any(
        a >= b for a, b in zip([0, *numbers], [*numbers, num_classes], strict=True)
    ):
        raise InvalidArgumentError(
            f'`cutoffs` must be "auto" or increasing integers from 1 to {num_classes - 1}.',
            cutoffs=cutoffs,
        )
    return [int(n) for n in numbers]


def check_counts(counts: Sequence[float] | None, num_classes: int) -> np.ndarray | None:
    """Returns class counts as float64 (C,), or None.

    Raises:
        InvalidArgumentError: if they are not C finite numbers >= 0, some of them positive.
    """
    if counts is None:
        return None
    try:
        numbers = np.asarray(counts, "float64")
    except (TypeError, ValueError):
        numbers = np.zeros(())
    if numbers.shape != (num_classes,):
        raise InvalidArgumentError(
            f"`counts` must be a list of {num_classes} numbers, one a class.",
            counts_shape=numbers.shape,
        )
    wrong = numbers[~((numbers >= 0) & (numbers < np.inf))]
    if len(wrong) or not numbers.any():
        raise InvalidArgumentError(
            "`counts` must be finite and not negative, and some of them positive.",
            counts=wrong[:5].tolist() or "zeros",
        )
    return numbers


def check_div_value(div_value: float) -> float:
    """Returns a divisor as a float.

    Raises:
        InvalidArgumentError: if it is not a positive finite number.
    """
    if (
        not isinstance(div_value, Real)
        or isinstance(div_value, bool)
        or not 0 < div_value < float("inf")
    ):
        raise InvalidArgumentError(
            "`div_value` must be a positive finite number.", div_value=div_value
        )
    return float(div_value)


def _grid(num_classes: int) -> np.ndarray:
    """Candidate ranks from 1 to C, both included."""
    return np.unique(np.geomspace(1, num_classes, _CANDIDATES).round().astype("int64"))


def _layer(examples: np.ndarray, classes: np.ndarray, size: int) -> np.ndarray:
    """The cost of a softmax over some classes."""
    return classes * (examples * (_SCORE + size) + _UPDATE * size)


def _tails(grid: np.ndarray, probability: np.ndarray, size: int) -> np.ndarray:
    """The cost of a tail from each candidate to each later one; infinite for the others."""
    examples = _BATCH * np.maximum(probability[None, :] - probability[:, None], 0)
    examples += np.minimum(examples, _PARTIAL_BLOCK)
    classes = grid[None, :] - grid[:, None]
    return np.where(classes > 0, _CLUSTER + _layer(examples, classes, size), np.inf)


def _path(grid: np.ndarray, came_from: list[np.ndarray]) -> list[int]:
    """The cutoffs that lead to the last candidate, by where each step came from."""
    place, cutoffs = len(grid) - 1, []
    for previous in reversed(came_from):
        place = previous[place]
        cutoffs.append(int(grid[place]))
    return cutoffs[::-1]


def _harmonic(n: np.ndarray) -> np.ndarray:
    """1 + 1/2 + ... + 1/n, to 1e-5 or better."""
    n = n.astype("float64")
    return np.log(n) + _EULER + 1 / (2 * n) - 1 / (12 * n**2) + 1 / (120 * n**4) - 1 / (252 * n**6)
