"""Boxes in images, each image with its own."""

import keras
from keras import ops

from kerasoft.ops import random
from kerasoft.ops.precision import Tensor


def random_boxes(
    images: Tensor,
    heights: Tensor | int,
    widths: Tensor | int,
    seed: keras.random.SeedGenerator,
) -> Tensor:
    """Boxes centred on a pixel drawn uniformly from each image, cut off at its border.

    Args:
        images: tensor (N, H, W, C), of which only the shape counts.
        heights: rows of the boxes before they are cut, int32 (N,) or one number.
        widths: columns of them, int32 (N,) or one number.
        seed: where the centres come from.

    Returns:
        Booleans (N, H, W, 1): which pixels lie in the image's box. O(N H W).
    """
    count = ops.shape(images)[0]
    rows = _random_spans(count, heights, images.shape[1], seed)
    columns = _random_spans(count, widths, images.shape[2], seed)
    return ops.logical_and(rows[:, :, None, None], columns[:, None, :, None])


def _random_spans(
    count: int, lengths: Tensor | int, extent: int, seed: keras.random.SeedGenerator
) -> Tensor:
    """Which of `extent` places lie in a span around a random one of them: (count, extent)."""
    centres = random.randint((count,), 0, extent, seed)
    starts = centres - lengths // 2
    ends = starts + lengths
    places = ops.arange(extent, dtype="int32")[None, :]
    return ops.logical_and(places >= starts[:, None], places < ends[:, None])
