"""TrivialAugment: one operation an image, each drawn with a strength of its own."""

import functools

import keras
import numpy as np
from keras import ops

from kerasoft.augmentation.affine import affine_matrices, warp
from kerasoft.augmentation.blend import blend, luminance, mean_luminance, smoothed
from kerasoft.augmentation.histogram import equalized
from kerasoft.augmentation.random_layer import RandomLayer
from kerasoft.augmentation.tones import posterized, solarized, stretched
from kerasoft.errors import InvalidArgumentError
from kerasoft.ops import random
from kerasoft.ops.precision import Tensor

OPERATIONS = (
    "identity",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
    "rotate",
    "brightness",
    "color",
    "contrast",
    "sharpness",
    "posterize",
    "solarize",
    "autocontrast",
    "equalize",
)
STRENGTHS = 31  # from 0 to the strongest, 30

_MOVING = OPERATIONS[1:6]
_STRONGEST = STRENGTHS - 1
_FACTORS = (0.01 + np.arange(STRENGTHS) * (2.0 - 0.01) / _STRONGEST).astype("float32")


@keras.saving.register_keras_serializable(package="kerasoft")
class TrivialAugment(RandomLayer):
    """While training, changes each image by one of 14 operations, with any of 31 strengths.

    There is nothing to tune. The space is the paper's "wide" one, all operations as likely, in
    Pillow's definitions; at their strongest:

        identity, autocontrast, equalize    as they are at any strength
        shear_x, shear_y                    0.99 pixels a row (column), either way
        translate_x, translate_y            32 pixels, either way
        rotate                              135 degrees, either way
        brightness, color,                  a factor between 0.01 and 2: at strength 0 all but
        contrast, sharpness                 black, grey, flat or smooth
        posterize                           6 of 8 bits are lost
        solarize                            every level is inverted

    All images of a batch go through the same few steps (a blend, pointwise tones, one resampling),
    each with numbers by which all but the drawn operation leave it as it is. Nothing is
    interpolated; what comes from outside the image is black.

    Args:
        seed: an integer to repeat a run's draws, or None.
        **kwargs: as in every Keras layer.

    Call arguments:
        images: tensor (N, H, W, C) of grey levels in 0..255, with C 1 or 3, H and W at least 3.
            Floats are rounded.
        training: nothing happens unless true.

    Returns:
        Images of the same shape and dtype, in whole grey levels.

    Raises:
        InvalidArgumentError: if the images have another shape.

    References:
        Müller & Hutter, "TrivialAugment: tuning-free yet state-of-the-art data augmentation", ICCV
        2021.
    """

    def changed(self, images: Tensor) -> Tensor:
        count = ops.shape(images)[0]
        operations = random.randint((count,), 0, len(OPERATIONS), self.seed_generator)
        draws = random.randint((count,), 0, 2 * STRENGTHS, self.seed_generator)
        strengths = ops.where(draws < STRENGTHS, draws, STRENGTHS - draws)
        return transformed(images, operations, strengths)


def transformed(images: Tensor, operations: Tensor, strengths: Tensor) -> Tensor:
    """Images, each changed by one operation.

    Args:
        images: tensor (N, H, W, C) of grey levels.
        operations: int32 (N,), places in `OPERATIONS`.
        strengths: int32 (N,) in -30..30. The sign says which way, where there are two.

    Returns:
        Tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: if the images have another shape.
    """
    shape = tuple(images.shape)
    if len(shape) != 4 or shape[3] not in (1, 3) or min(shape[1:3]) < 3:
        raise InvalidArgumentError(
            "`images` must be (N, H, W, C) with 1 or 3 channels and at least 3 x 3 pixels.",
            images_shape=shape,
        )
    chosen = {name: operations == place for place, name in enumerate(OPERATIONS)}
    levels = _grey_levels(images)
    matrices = _matrices(shape[1:3], chosen, strengths)
    chosen = {name: flags[:, None, None, None] for name, flags in chosen.items()}
    strengths = ops.abs(strengths)[:, None, None, None]
    factors = ops.take(ops.convert_to_tensor(_FACTORS), strengths, axis=0)
    # What reads several pixels for one comes last, once each: XLA computes it again for each use.
    changed = _toned(levels, chosen, strengths, factors)
    sharpened = blend(smoothed(levels), levels, factors)
    changed = ops.where(chosen["sharpness"], sharpened, changed)
    changed = ops.where(chosen["equalize"], equalized(levels), changed)
    moved = functools.reduce(ops.logical_or, (chosen[name] for name in _MOVING))
    changed = ops.where(moved, warp(levels, matrices), changed)
    return ops.cast(changed, keras.backend.standardize_dtype(images.dtype))


def _grey_levels(images: Tensor) -> Tensor:
    """Images of any dtype as int32 in 0..255."""
    if keras.backend.is_float_dtype(keras.backend.standardize_dtype(images.dtype)):
        images = ops.round(ops.cast(images, "float32"))
    return ops.cast(ops.clip(images, 0, 255), "int32")


def _matrices(shape: tuple[int, int], chosen: dict[str, Tensor], strengths: Tensor) -> Tensor:
    """How each image is resampled: (N, 2, 3)."""
    size, sign = ops.abs(strengths), ops.sign(strengths)
    shears = ops.cast(strengths, "float32") * (0.99 / _STRONGEST)
    shifts = ops.cast(sign * (size * 32 // _STRONGEST), "float32")
    degrees = ops.cast(sign * (size * 135 // _STRONGEST), "float32")
    amounts = dict(zip(_MOVING, (shears, shears, shifts, shifts, degrees), strict=True))
    return affine_matrices(
        shape, *(ops.where(chosen[name], amounts[name], 0.0) for name in _MOVING)
    )


def _toned(levels: Tensor, chosen: dict[str, Tensor], strengths: Tensor, factors: Tensor) -> Tensor:
    """Images after the operations on single pixels. All but `levels` is (N, 1, 1, 1)."""
    ground = ops.where(chosen["brightness"], 0, levels)
    ground = ops.where(chosen["color"], luminance(levels), ground)
    ground = ops.where(chosen["contrast"], mean_luminance(levels), ground)
    toned = blend(ground, levels, factors)
    lost_bits = ops.where(chosen["posterize"], strengths * 6 // _STRONGEST, 0)
    thresholds = ops.where(chosen["solarize"], 256 - strengths * 256 // _STRONGEST, 256)
    toned = solarized(posterized(toned, lost_bits), thresholds)
    lowest = ops.where(chosen["autocontrast"], ops.min(levels, axis=(1, 2), keepdims=True), 0)
    highest = ops.where(chosen["autocontrast"], ops.max(levels, axis=(1, 2), keepdims=True), 255)
    return stretched(toned, lowest, highest)
