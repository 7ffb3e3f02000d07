"""The arithmetic of a tile of scores: some rows under some classes.

A pass over the classes makes the total of each row, tile by tile; a second pass has the gradient in
the scores of each tile. What the loss of a row is, stands here alone.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from keras import ops

from kerasoft.ops.precision import Tensor
from kerasoft.ops.softmax_portable import largest

_NONE = -float("inf")


class Arithmetic(NamedTuple):
    """What backends do in their own ways; the first two may use up the tile (N, c) that they get.

    Attributes:
        exp_minus: from a tile and one number a row (N,) to exp(tile - number).
        add: from a tile, places (N, K) in its rows and numbers (N, K) to the tile with these added.
        pick: from a tile and places (N, K) to the numbers there (N, K).
    """

    exp_minus: Callable[[Tensor, Tensor], Tensor]
    add: Callable[[Tensor, Tensor, Tensor], Tensor]
    pick: Callable[[Tensor, Tensor], Tensor] = partial(ops.take_along_axis, axis=-1)


class Settings(NamedTuple):
    """What the loss is made of, besides scores and labels.

    Attributes:
        label_smoothing: share of each label that is spread over the classes not masked by -inf.
        z_loss: factor of the squared logarithm of the total.
        softcap: scores s become softcap * tanh(s / softcap); None leaves them.
        correct: whether to find out where the label scores highest.
    """

    label_smoothing: float
    z_loss: float
    softcap: float | None
    correct: bool


class Targets(NamedTuple):
    """What the classes of each row should be.

    Attributes:
        ids: int32 (N, K) class ids, or None.
        shares: float32 (N, K), the weight of each of them, or None.
        weights: float32 (N, C), one weight a class, instead of both; or None.
        best: int32 (N,), the class of most weight.
    """

    ids: Tensor | None
    shares: Tensor | None
    weights: Tensor | None
    best: Tensor

    def of_rows(self, rows: slice | Tensor) -> "Targets":
        """Those of some rows."""
        return Targets(*(None if one is None else one[rows] for one in self))

    def sums(self) -> Tensor:
        """The weight of all classes together, (N,)."""
        return ops.sum(self.shares if self.weights is None else self.weights, axis=-1)

    def places(self, first: Tensor | int, size: int) -> tuple[Tensor, Tensor]:
        """Where in a tile of `size` classes from `first` on the ids are, and their shares there.

        Both (N, K); an id outside is at place 0 with share 0.
        """
        places = self.ids - first
        inside = ops.logical_and(places >= 0, places < size)
        return ops.where(inside, places, 0), ops.where(inside, self.shares, 0.0)

    def tile(self, first: Tensor | int, size: int) -> Tensor:
        """The weights of `size` classes from `first` on, (N, size), where all have one."""
        return ops.slice(self.weights, (0, first), (ops.shape(self.weights)[0], size))


class Totals(NamedTuple):
    """What a pass over the classes has gathered of each row so far, each (N,).

    Attributes:
        highest: the highest score.
        powers: the sum of exp(score - highest).
        labelled: the sum of scores times the weights of their classes.
        even: the sum of scores that are not -inf, and
        count: how many these are; both for label smoothing alone.
        best: the class of the highest score, the first of several.
    """

    highest: Tensor
    powers: Tensor
    labelled: Tensor
    even: Tensor
    count: Tensor
    best: Tensor


def no_totals(rows: Tensor) -> Totals:
    """Before the first tile; `rows` is a tensor (N, ...)."""
    zeros = ops.zeros((ops.shape(rows)[0],), dtype="float32")
    return Totals(zeros + _NONE, zeros, zeros, zeros, zeros, ops.cast(zeros, "int32"))


def capped(scores: Tensor, settings: Settings) -> Tensor:
    if settings.softcap is None:
        return scores
    capped_scores = settings.softcap * ops.tanh(scores / settings.softcap)
    return ops.where(scores == _NONE, scores, capped_scores)  # masked classes stay so


def with_tile(
    totals: Totals,
    scores: Tensor,
    first: Tensor | int,
    arithmetic: Arithmetic,
    targets: Targets,
    settings: Settings,
) -> Totals:
    """Totals of one tile more: float32 `scores` (N, c) of the classes from `first` on."""
    in_tile = largest(scores, axis=-1)[:, 0]
    highest = ops.maximum(totals.highest, in_tile)
    labelled = totals.labelled + _labelled(scores, first, arithmetic, targets)
    even, count, best = totals.even, totals.count, totals.best
    if settings.label_smoothing:
        open_classes = scores > _NONE
        even = even + ops.sum(ops.where(open_classes, scores, 0.0), axis=-1)
        count = count + ops.sum(ops.cast(open_classes, "float32"), axis=-1)
    if settings.correct:
        here = ops.cast(ops.argmax(scores, axis=-1), "int32") + first
        best = ops.where(in_tile > totals.highest, here, best)
    zero = _finite(highest)
    powers = totals.powers * ops.exp(totals.highest - zero)
    powers = powers + ops.sum(arithmetic.exp_minus(scores, zero), axis=-1)  # the end of `scores`
    return Totals(highest, powers, labelled, even, count, best)


def losses(totals: Totals, targets: Targets, settings: Settings) -> tuple[Tensor, Tensor, Tensor]:
    """The loss of each row, the logarithm of its total, and 1 where its label scores highest."""
    log_total = _finite(totals.highest) + ops.log(totals.powers)
    share, sums = settings.label_smoothing, targets.sums()
    values = sums * log_total - (1.0 - share) * totals.labelled
    if share:
        values = values - share * sums * totals.even / _at_least_one(totals.count)
    if settings.z_loss:
        values = values + settings.z_loss * ops.square(log_total)
    return values, log_total, ops.cast(totals.best == targets.best, "float32")


class RowSlopes(NamedTuple):
    """What the gradient in the scores of a row is made of, besides these; each (N,).

    Attributes:
        by_total: the gradient in the logarithm of its total.
        by_label: that in a score whose class has all the weight.
        even: what smoothing takes off each class that is not masked; None without it.
    """

    by_total: Tensor
    by_label: Tensor
    even: Tensor | None


def row_slopes(
    totals: Totals,
    log_total: Tensor,
    targets: Targets,
    settings: Settings,
    by_value: Tensor,
    by_log_total: Tensor | float = 0.0,
) -> RowSlopes:
    """From the gradients in the first two that `losses` gave, (N,)."""
    share, sums = settings.label_smoothing, targets.sums()
    by_total = by_value * sums + by_log_total
    if settings.z_loss:
        by_total = by_total + by_value * (2.0 * settings.z_loss) * log_total
    even = by_value * share * sums / _at_least_one(totals.count) if share else None
    return RowSlopes(by_total, (share - 1.0) * by_value, even)


def slopes(
    scores: Tensor,
    first: Tensor | int,
    arithmetic: Arithmetic,
    log_total: Tensor,
    of_rows: RowSlopes,
    targets: Targets,
    settings: Settings,
) -> Tensor:
    """The gradient in the scores of a tile before they were capped, float32 (N, c).

    Args:
        scores: float32 (N, c), capped.
        first: the first of their classes.
        arithmetic: of the backend.
        log_total: of each row, as the first pass found it.
        of_rows, targets, settings: as there.
    """
    by_label = of_rows.by_label[:, None]
    if of_rows.even is not None:
        even = ops.where(scores > _NONE, of_rows.even[:, None], 0.0)
    if settings.softcap is not None:
        inner = 1.0 - ops.square(_finite(scores) / settings.softcap)
    slope = arithmetic.exp_minus(scores, _finite(log_total))  # the end of `scores`
    slope *= of_rows.by_total[:, None]
    if targets.weights is not None:
        slope = slope + by_label * targets.tile(first, scores.shape[-1])
    else:
        places, shares = targets.places(first, scores.shape[-1])
        slope = arithmetic.add(slope, places, by_label * shares)
    if of_rows.even is not None:
        slope = slope - even
    return slope if settings.softcap is None else slope * inner


def _labelled(
    scores: Tensor, first: Tensor | int, arithmetic: Arithmetic, targets: Targets
) -> Tensor:
    if targets.weights is not None:
        weights = targets.tile(first, scores.shape[-1])
        return ops.sum(ops.where(weights == 0, 0.0, weights * scores), axis=-1)
    places, shares = targets.places(first, scores.shape[-1])
    picked = arithmetic.pick(scores, places)
    return ops.sum(ops.where(shares == 0, 0.0, shares * picked), axis=-1)


def _at_least_one(count: Tensor) -> Tensor:
    return ops.maximum(count, ops.ones_like(count))  # a number from the host would wait for a GPU


def _finite(x: Tensor) -> Tensor:
    """0 in place of -inf: what is taken off scores that are all masked."""
    return ops.where(x == _NONE, ops.zeros_like(x), x)
