"""Shear, shift and turn images, each by its own matrix, in one pass."""

from keras import ops

from kerasoft.ops.precision import Tensor

_HAIR = 2.0**-12  # of a pixel: so that what lies between two pixels goes the same way everywhere


def affine_matrices(
    shape: tuple[int, int],
    shear_x: Tensor,
    shear_y: Tensor,
    shift_x: Tensor,
    shift_y: Tensor,
    degrees: Tensor,
) -> Tensor:
    """Matrices of images that are sheared, shifted or turned: each in one way at most.

    Args:
        shape: height and width of the images.
        shear_x: columns by which the source moves a row, float32 (N,).
        shear_y: rows by which it moves a column, float32 (N,).
        shift_x: columns by which it moves, float32 (N,).
        shift_y: rows by which it moves, float32 (N,).
        degrees: angle by which the image turns about its middle, counterclockwise, float32 (N,).

    Returns:
        float32 (N, 2, 3), as `warp` takes them. All zeros give the identity, exactly.
    """
    height, width = shape
    radians = ops.deg2rad(degrees)
    cosine, sine = ops.cos(radians), ops.sin(radians)
    x, y = width / 2, height / 2
    to_x = ops.stack([cosine, shear_x - sine, shift_x + x - (cosine * x - sine * y)], axis=-1)
    to_y = ops.stack([shear_y + sine, cosine, shift_y + y - (sine * x + cosine * y)], axis=-1)
    return ops.stack([to_x, to_y], axis=-2)


def warp(images: Tensor, matrices: Tensor) -> Tensor:
    """Each pixel of the result is the one of the image that its centre is mapped into.

    Nothing is interpolated, as Pillow does by default; what comes from outside is 0.

    Args:
        images: tensor (N, H, W, C) of any dtype.
        matrices: float32 (N, 2, 3), from (x, y, 1) in the result, in pixels from the upper left
            corner, to (x, y) in the image.

    Returns:
        Tensor (N, H, W, C) of the same dtype. O(N H W C).
    """
    height, width, channels = images.shape[1:]
    x = ops.arange(width, dtype="float32")[None, None, :] + 0.5
    y = ops.arange(height, dtype="float32")[None, :, None] + 0.5
    columns, inside_columns = _sources(matrices[:, 0], x, y, width)
    rows, inside_rows = _sources(matrices[:, 1], x, y, height)
    firsts = ops.arange(ops.shape(images)[0], dtype="int32")[:, None, None] * (height * width)
    pixels = ops.take(ops.reshape(images, (-1, channels)), firsts + rows * width + columns, axis=0)
    inside = ops.logical_and(inside_rows, inside_columns)[..., None]
    return ops.where(inside, pixels, ops.zeros_like(pixels))


def _sources(row: Tensor, x: Tensor, y: Tensor, extent: int) -> tuple[Tensor, Tensor]:
    """Which of `extent` places each pixel comes from, and whether there is one: both (N, H, W)."""
    row = row[:, None, None, :]
    places = ops.floor(row[..., 0] * x + row[..., 1] * y + row[..., 2] + _HAIR)
    inside = ops.logical_and(places >= 0, places < extent)
    return ops.cast(ops.clip(places, 0, extent - 1), "int32"), inside
