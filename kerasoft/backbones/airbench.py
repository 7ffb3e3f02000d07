"""A network of the CIFAR speed records."""

from collections.abc import Sequence

import keras

from kerasoft.arguments import check_positive
from kerasoft.backbones.initializers import HostDirac
from kerasoft.backbones.layers import IMAGE_SHAPE, global_max, halve, image_input
from kerasoft.backbones.patch_whitening import PatchWhitening
from kerasoft.errors import InvalidArgumentError

_LAST = {"data_format": "channels_last"}
_SCALE = 1 / 9  # of features, so that the scores of a new head are small


def airbench(
    input_shape: tuple[int, int, int] = IMAGE_SHAPE,
    widths: Sequence[int] = (64, 256, 512),
    depth: int = 3,
) -> keras.Model:
    """A whitening of 2x2 patches and three stages of convolutions, which halve height and width.

    Convolutions begin as the identity as far as their channels go, so that what is deep is trained
    from the first step on.

    Args:
        input_shape: (height, width, channels) of images in 0..255; height and width at least 17.
        widths: filters of the stages.
        depth: convolutions a stage, the first one pooled; from 3 on, those behind the first are
            added to what it gives.

    Returns:
        A model from images (N, H, W, C) to features (N, widths[-1]).

    Raises:
        InvalidArgumentError: if a number is not a positive integer, or there are no widths.

    Reference:
        Jordan, "94 % on CIFAR-10 in 3.29 seconds on a single GPU", 2024.
    """
    check_positive(depth=depth, **{f"widths[{place}]": width for place, width in enumerate(widths)})
    if not widths:
        raise InvalidArgumentError("`widths` must not be empty.", widths=widths)
    images, x = image_input(input_shape)
    x = keras.layers.Activation("silu")(PatchWhitening(2, name="whitening")(x))
    for width in widths:
        x = _stage(x, width, depth)
    features = keras.layers.Rescaling(_SCALE)(global_max(x))
    return keras.Model(images, features, name="airbench")


def _stage(x: keras.KerasTensor, width: int, depth: int) -> keras.KerasTensor:
    x = _activated(halve(_conv(x, width)))
    first = x
    for place in range(1, depth):
        x = _normalized(_conv(x, width))
        if depth > 2 and place == depth - 1:
            x = keras.layers.add([first, x])
        x = keras.layers.Activation("silu")(x)
    return x


def _activated(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.Activation("silu")(_normalized(x))


def _normalized(x: keras.KerasTensor) -> keras.KerasTensor:
    # A short training has no time for slow averages.
    return keras.layers.BatchNormalization(momentum=0.6, epsilon=1e-5)(x)


def _conv(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    return keras.layers.Conv2D(
        filters, 3, padding="same", use_bias=False, kernel_initializer=HostDirac(), **_LAST
    )(x)
