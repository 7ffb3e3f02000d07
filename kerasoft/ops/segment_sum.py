"""Sums of what belongs together."""

import keras
from keras import ops

from kerasoft.ops.precision import Tensor


def segment_sum(values: Tensor, segments: Tensor, num_segments: int) -> Tensor:
    """`keras.ops.segment_sum`, which on PyTorch makes the host wait for the device.

    Args:
        values: tensor (R, ...).
        segments: int32 (R,), which segment each belongs to, -1 for none.
        num_segments: how many there are.

    Returns:
        Tensor (num_segments, ...) of the same dtype. O(R) a value.
    """
    if keras.config.backend() != "torch":
        return ops.segment_sum(values, segments, num_segments)
    places = ops.where(segments >= 0, segments, num_segments)  # one more, for what has none
    sums = ops.zeros((num_segments + 1, *values.shape[1:]), values.dtype)
    return sums.index_add(0, places, values)[:-1]
