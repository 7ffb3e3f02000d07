"""Residual networks that are wide rather than deep."""

import keras

from kerasoft.arguments import check_positive
from kerasoft.backbones.layers import IMAGE_SHAPE, conv, global_average, image_input
from kerasoft.errors import InvalidArgumentError


def wide_resnet(
    input_shape: tuple[int, int, int] = IMAGE_SHAPE,
    depth: int = 28,
    widening: int = 10,
    dropout: float = 0.0,
) -> keras.Model:
    """Three stages of residual blocks with 16, 32 and 64 filters, times `widening`.

    Each block normalises and activates before its two 3x3 convolutions; the second and third stage
    halve height and width.

    Args:
        input_shape: (height, width, channels) of images in 0..255.
        depth: number of convolutions, 4 more than a multiple of 6.
        widening: how many times wider the stages are than those of a plain residual network.
        dropout: share of the values between a block's two convolutions dropped while training.

    Returns:
        A model from images (N, H, W, C) to features (N, 64 widening). 36.5 million parameters by
        default, 5.9 with `widening=4`.

    Raises:
        InvalidArgumentError: if `depth` is no such number, or `widening` no positive integer.

    Reference:
        Zagoruyko and Komodakis, "Wide residual networks", BMVC 2016.
    """
    check_positive(depth=depth, widening=widening)
    if depth < 10 or (depth - 4) % 6:
        raise InvalidArgumentError(
            "`depth` must be 10 or a multiple of 6 more, such as 16 or 28.", depth=depth
        )
    images, x = image_input(input_shape)
    x = conv(x, 16, 3)
    for stage, filters in enumerate((16, 32, 64)):
        for block in range((depth - 4) // 6):
            strides = 2 if stage and not block else 1
            x = _block(x, filters * widening, strides, dropout)
    return keras.Model(images, global_average(_activated(x)), name="wide_resnet")


def _block(x: keras.KerasTensor, filters: int, strides: int, dropout: float) -> keras.KerasTensor:
    y = _activated(x)
    # Where the shape changes, the shortcut is a convolution of what the block sees.
    reshapes = strides > 1 or x.shape[-1] != filters
    shortcut = conv(y, filters, 1, strides) if reshapes else x
    y = _activated(conv(y, filters, 3, strides))
    if dropout:
        y = keras.layers.Dropout(dropout)(y)
    return keras.layers.add([shortcut, conv(y, filters, 3)])


def _activated(x: keras.KerasTensor) -> keras.KerasTensor:
    x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return keras.layers.Activation("relu")(x)
