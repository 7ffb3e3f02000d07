"""What the decisions on a path cost."""

from keras import ops

from kerasoft.heads.trees.tree import NO_CHILD, Slots
from kerasoft.ops.precision import Tensor


def path_loss(slots: Slots, scores: Tensor, full: Tensor, targets: Tensor) -> Tensor:
    """-log p of the class at the end of each of N paths.

    Args:
        slots: how the S slots of a path are shared out.
        scores: float32 (N, S), anything finite in empty slots.
        full: booleans (N, S), which slots are not empty.
        targets: float32 (N, S), as in `Path`.

    Returns:
        float32 (N,), without a gradient in the scores of empty slots.
    """
    scores, at = ops.where(full, scores, 0.0), slots.binary
    surprise = ops.softplus(-targets[:, :at] * scores[:, :at])
    total = ops.sum(ops.where(full[:, :at], surprise, 0.0), axis=-1)
    for count, width in slots.wide:
        s, there, target = (
            ops.reshape(x[:, at : at + count * width], (-1, count, width))
            for x in (scores, full, targets)
        )
        above = s - ops.sum(target * s, axis=-1, keepdims=True)
        surprise = ops.logsumexp(ops.where(there, above, NO_CHILD), axis=-1)
        total = total + ops.sum(ops.where(there[..., 0], surprise, 0.0), axis=-1)
        at += count * width
    return total
