"""Change each pixel by its grey level and its image's numbers alone, as Pillow does.

Images are int32 grey levels (N, H, W, C) in 0..255. The other arguments are one number an image,
(N, 1, 1, 1), or one a channel, (N, 1, 1, C), of which one leaves the image as it is.
"""

from keras import ops

from kerasoft.ops.precision import Tensor


def posterized(levels: Tensor, lost_bits: Tensor) -> Tensor:
    """The lowest bits are set to 0; none where `lost_bits` is 0."""
    return ops.left_shift(ops.right_shift(levels, lost_bits), lost_bits)


def solarized(levels: Tensor, thresholds: Tensor) -> Tensor:
    """Levels from the threshold on are inverted; none where it is 256."""
    return ops.where(levels < thresholds, levels, 255 - levels)


def stretched(levels: Tensor, lowest: Tensor, highest: Tensor) -> Tensor:
    """lowest..highest becomes 0..255; nothing changes where that is 0..255, or nothing, already.

    Autocontrast, where these are the levels that occur.
    """
    extents = highest - lowest
    return ops.where(extents > 0, quotients((levels - lowest) * 255, extents), levels)


def quotients(numbers: Tensor, divisors: Tensor) -> Tensor:
    """Integers divided by integers and rounded down; by 1 where they would be by 0.

    In float32, which is faster. The half keeps each quotient further from the next integer than
    float32 errs.
    """
    divisors = ops.cast(ops.maximum(divisors, 1), "float32")
    return ops.cast(ops.floor((ops.cast(numbers, "float32") + 0.5) / divisors), "int32")
