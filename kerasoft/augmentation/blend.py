"""Blend images with a greyer or a smoother version of themselves. Grey levels are int32 0..255."""

from keras import ops

from kerasoft.ops.precision import Tensor


def blend(ground: Tensor, levels: Tensor, factors: Tensor) -> Tensor:
    """ground + factor (levels - ground), clipped to 0..255 and cut to integers.

    Args:
        ground: int32 grey levels.
        levels: int32 grey levels of a shape that fits.
        factors: float32 of a shape that fits: 0 gives the ground, 1 the levels, 2 goes beyond.

    Returns:
        int32 grey levels.
    """
    difference = ops.cast(levels - ground, "float32")
    return ops.cast(ops.clip(ops.cast(ground, "float32") + factors * difference, 0, 255), "int32")


def luminance(levels: Tensor) -> Tensor:
    """The grey of RGB images (N, H, W, 3), by the weights of ITU-R 601: (N, H, W, 1).

    Images of one channel are grey already.
    """
    if levels.shape[-1] == 1:
        return levels
    red, green, blue = (levels[..., channel : channel + 1] for channel in range(3))
    return ops.right_shift(19595 * red + 38470 * green + 7471 * blue + 32768, 16)


def mean_luminance(levels: Tensor) -> Tensor:
    """The mean grey level of images (N, H, W, C), rounded: (N, 1, 1, 1)."""
    pixels = levels.shape[1] * levels.shape[2]
    sums = ops.sum(luminance(levels), axis=(1, 2, 3), keepdims=True)
    return (2 * sums + pixels) // (2 * pixels)


def smoothed(levels: Tensor) -> Tensor:
    """Each pixel averaged with its 8 neighbours, which count a fifth of it; the border as it was.

    Args:
        levels: (N, H, W, C), H and W at least 3.

    Returns:
        Grey levels (N, H, W, C), rounded.
    """
    rows = levels[:, :-2] + levels[:, 1:-1] + levels[:, 2:]
    boxes = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    inner = levels[:, 1:-1, 1:-1]
    means = ops.cast(ops.round(ops.cast(boxes + 4 * inner, "float32") / 13.0), "int32")
    return levels + ops.pad(means - inner, ((0, 0), (1, 1), (1, 1), (0, 0)))
