"""Equalize images by how often each grey level occurs in them, channel by channel."""

from keras import ops

from kerasoft.augmentation.tones import quotients
from kerasoft.ops.precision import Tensor
from kerasoft.ops.segment_sum import segment_sum

_LEVELS = 256


def histograms(levels: Tensor) -> Tensor:
    """How many pixels have each grey level.

    Args:
        levels: int32 (N, H, W, C) in 0..255.

    Returns:
        int32 (N, C, 256). O(N C (H W + 256)).
    """
    count, channels = ops.shape(levels)[0], levels.shape[-1]
    slots = ops.reshape(_slots(levels), (-1,))
    sums = segment_sum(ops.ones_like(slots), slots, count * channels * _LEVELS)
    return ops.reshape(sums, (count, channels, _LEVELS))


def equalized(levels: Tensor) -> Tensor:
    """Each level becomes 255 times the share of pixels that are darker, as Pillow does.

    The share is one of all pixels but the brightest; where these are fewer than 255, the channel
    stays as it is.

    Args:
        levels: int32 (N, H, W, C) in 0..255.

    Returns:
        Tensor of the same shape and dtype. O(N C (H W + 256)).
    """
    counts = histograms(levels)
    darker = ops.cumsum(counts, axis=-1) - counts
    all_but_brightest = ops.max(ops.where(counts > 0, darker, 0), axis=-1)
    step = all_but_brightest[:, None, None, :] // 255
    darker = ops.take(ops.reshape(darker, (-1,)), _slots(levels), axis=0)  # than each pixel
    spread = ops.minimum(quotients(step // 2 + darker, step), 255)
    return ops.where(step > 0, spread, levels)


def _slots(levels: Tensor) -> Tensor:
    """Where in a flattened (N, C, 256) the grey level of each pixel has its place."""
    count, channels = ops.shape(levels)[0], levels.shape[-1]
    tables = ops.arange(count * channels, dtype="int32")
    return levels + _LEVELS * ops.reshape(tables, (count, 1, 1, channels))
