"""The losses that belong to alpha-entmax, as every Fenchel-Young loss does to its distribution."""

from keras import ops

from kerasoft.ops.entmax import SMALLEST_ORDER, entmax, tsallis_curvature
from kerasoft.ops.labels import are_ids, expected, standardized
from kerasoft.ops.precision import Tensor
from kerasoft.ops.softmax_portable import centre


def fenchel_young(scores: Tensor, labels: Tensor, alpha: float | Tensor, axis: int = -1) -> Tensor:
    """How far a row's scores are from having its labels as their alpha-entmax.

        L = max_q (<q, s> + H(q)) - <y, s> - H(y),  H(q) = (sum q - sum q^alpha) / (alpha (alpha-1))

    The maximum is reached at p = entmax(s, alpha), and by the envelope theorem p may be held fixed
    while differentiating: the gradient is p - y, and never vanishes while p differs from y.

    Args:
        scores: float32 or float64 tensor (..., C); -inf masks a class.
        labels: class ids (...), or weights y (..., C), which of sum m give m times the loss of
            y / m.
        alpha: as in `entmax`; a tensor gets a gradient too.
        axis: the class axis.

    Returns:
        Non-negative values (...), 0 exactly where p = y; infinite where a masked class is the
        label. Not twice differentiable. O(C) memory, time that of `entmax`.

    Reference:
        Blondel et al., "Learning with Fenchel-Young losses", JMLR 2020.
    """
    labels = standardized(labels, scores, axis)
    scores = centre(scores, axis)
    p = ops.stop_gradient(entmax(ops.stop_gradient(scores), alpha, axis))
    reached = ops.sum(p * ops.where(p > 0, scores, 0.0), axis=axis) + _entropy(p, alpha, axis)
    if not are_ids(labels, scores):
        weights = ops.cast(labels, scores.dtype)
        total = ops.sum(weights, axis=axis, keepdims=True)
        shares = weights / ops.where(total == 0, 1.0, total)
        reached = ops.squeeze(total, axis) * (reached - _entropy(shares, alpha, axis))
    values = reached - expected(scores, labels, axis)
    return values + ops.stop_gradient(ops.relu(-values))  # rounding stays out of the gradient


def _entropy(p: Tensor, alpha: float | Tensor, axis: int) -> Tensor:
    """Tsallis entropy of constant p: (sum p - sum p^alpha) / (alpha (alpha - 1)), over `axis`."""
    constant = ops.stop_gradient(ops.convert_to_tensor(alpha, dtype=p.dtype))
    order = ops.maximum(constant - 1.0, SMALLEST_ORDER)
    logarithm = ops.expm1(order * ops.log(ops.where(p > 0, p, 1.0))) / order
    entropy = -ops.sum(p * logarithm, axis=axis, keepdims=True) / constant
    if not isinstance(alpha, float):
        curvature = ops.sum(p * tsallis_curvature(p, order), axis=axis, keepdims=True)
        slope = ops.stop_gradient(-(curvature + entropy) / constant)
        entropy = entropy + slope * (ops.cast(alpha, p.dtype) - constant)
    return ops.squeeze(entropy, axis)
