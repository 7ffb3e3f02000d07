"""One gradient a row, where a step touched some rows more than once."""

from collections.abc import Sequence

from keras import ops

from kerasoft.ops.precision import Tensor
from kerasoft.ops.segment_sum import segment_sum


def summed_rows(rows: Tensor, gradients: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Sums what belongs to the same row.

    Args:
        rows: int32 (R,), in any order and with duplicates; -1 for none.
        gradients: tensors (R, ...).

    Returns:
        Rows (R,), each at most once and -1 where there are fewer, and the sums in the same order:
        O(R log R), in shapes that do not depend on the values.
    """
    order = ops.argsort(rows)
    ordered = ops.take(rows, order)
    changed = ops.cast(ordered[1:] != ordered[:-1], "int32")
    segment = ops.concatenate([ops.zeros_like(ordered[:1]), ops.cumsum(changed)])
    distinct = ops.scatter_update(ops.full_like(rows, -1), segment[:, None], ordered)
    size = ops.shape(rows)[0]
    sums = [segment_sum(ops.take(one, order, axis=0), segment, size) for one in gradients]
    return distinct, sums
