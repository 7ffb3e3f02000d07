"""alpha-entmax for the two alphas whose threshold needs no powers: 2 (sparsemax) and 1.5."""

from keras import ops

from kerasoft.ops.custom_gradient import kept, with_gradient
from kerasoft.ops.jacobian import jacobian_product
from kerasoft.ops.precision import Tensor
from kerasoft.ops.softmax_portable import centre
from kerasoft.ops.threshold import threshold


def exact_entmax(scores: Tensor, axis: int, degree: int) -> Tensor:
    """max(s_i / degree - tau, 0)^degree with tau such that a row sums to one.

    Args:
        scores: float32 or float64 tensor.
        axis: the class axis.
        degree: 1 / (alpha - 1): 1 for sparsemax, 2 for entmax15.
    """

    @with_gradient
    def probabilities(scores):
        scaled = ops.moveaxis(centre(scores, axis) / degree, axis, -1)
        excess = ops.relu(scaled - threshold(scaled, degree))
        # Not a power: its vectorised form may give equal scores different probabilities.
        p = ops.moveaxis(excess if degree == 1 else excess * excess, -1, axis)
        known = kept(p)

        return p, lambda upstream: jacobian_product(slopes(known, degree), upstream, axis)

    return probabilities(scores)


def slopes(p: Tensor, degree: int) -> Tensor:
    """p^(2 - alpha) on the support: how fast each probability rises with its score."""
    return ops.cast(p > 0, p.dtype) if degree == 1 else ops.sqrt(p)
