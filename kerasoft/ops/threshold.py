"""The threshold below which sparsemax and entmax15 give a class no probability at all."""

import keras
import numpy as np
from keras import ops

from kerasoft.ops.precision import Tensor
from kerasoft.ops.softmax_portable import largest

_CHUNK = 16  # scores that are first represented by their largest
_FEW = 256  # classes that are not worth a coarser problem
_MOST_STEPS = 64  # never reached: Newton's steps here are at most about log2(C) + 12


def threshold(scores: Tensor, degree: int) -> Tensor:
    """Finds tau such that sum_i max(s_i - tau, 0)^degree = 1, in each row.

    Newton's method on the norm of max(s - tau, 0), which is convex in tau: from a lower bound it
    climbs to the root without ever passing it, and ends after finitely many steps (degree 1) or
    quadratically (degree 2), at the rounding of tau. Sorting gives the same number, but XLA on a
    CPU sorts 50 times slower than it sums.

    On PyTorch, most rows get here with their best few scores alone (see `exact_entmax_torch`).

    A good lower bound is the threshold of any subset of the scores. That of the largest of every 16
    costs one pass, has 16 times fewer scores, and usually is the threshold already.

    Args:
        scores: float tensor (..., C), 0 the largest of every row (rows of only -inf aside).
        degree: 1 for sparsemax, 2 for entmax15.

    Returns:
        tau (..., 1) in [-1, 0). O(C) time a step, usually two or three steps over all scores, at
        most O(log C); O(C) memory.

    References:
        Michelot, "A finite algorithm for finding the projection of a point onto the canonical
        simplex", 1986 (Newton's method for degree 1); Peters et al., ACL 2019 (the threshold).
    """
    if (scores.shape[-1] or 0) < _FEW:
        lower = -ops.ones_like(scores[..., :1])
    else:
        lower = threshold(_largest_of_chunks(scores), degree)
    return _newton(scores, lower, degree)


def _newton(scores: Tensor, tau: Tensor, degree: int) -> Tensor:
    def step(tau, _):
        excess = ops.relu(scores - tau)
        if degree == 1:
            slope = ops.sum(ops.cast(excess > 0, excess.dtype), axis=-1, keepdims=True)
            ahead = ops.sum(excess, axis=-1, keepdims=True) - 1.0
        else:
            slope = ops.sum(excess, axis=-1, keepdims=True)
            norm = ops.sqrt(_sum_of_many(excess * excess))
            ahead = norm * (norm - 1.0)
        ahead = ahead / ops.where(slope == 0, 1.0, slope)
        # A step back only mends the rounding of the step before: no reason to go on.
        return tau + ahead, ops.any(ahead > -tolerance * tau)

    tolerance = 4 * float(np.finfo(keras.backend.standardize_dtype(scores.dtype)).eps)
    state = (tau, ops.convert_to_tensor(True))
    return ops.while_loop(lambda _, moving: moving, step, state, maximum_iterations=_MOST_STEPS)[0]


def _largest_of_chunks(scores: Tensor) -> Tensor:
    """The largest of every 16 scores, and the rest."""
    chunks, rest = _chunks(scores)
    return ops.concatenate([ops.squeeze(largest(chunks, -2), -2), rest], axis=-1)


def _sum_of_many(x: Tensor) -> Tensor:
    """Over the last axis, kept, in two stages: TensorFlow's sum of 10,000 is off by 2e-6 in one."""
    if (x.shape[-1] or 0) < _FEW:
        return ops.sum(x, axis=-1, keepdims=True)
    chunks, rest = _chunks(x)
    sums = ops.concatenate([ops.sum(chunks, axis=-2), rest], axis=-1)
    return ops.sum(sums, axis=-1, keepdims=True)


def _chunks(x: Tensor) -> tuple[Tensor, Tensor]:
    """Chunks of 16 on the last axis but one (16 far apart, which is fastest), and the rest."""
    width = x.shape[-1] // _CHUNK
    even, rest = x[..., : _CHUNK * width], x[..., _CHUNK * width :]
    return ops.reshape(even, (*ops.shape(x)[:-1], _CHUNK, width)), rest
