"""The residual network of the CIFAR speed records."""

import keras

from kerasoft.backbones.layers import IMAGE_SHAPE, conv_bn, global_max, halve, image_input


def resnet9(input_shape: tuple[int, int, int] = IMAGE_SHAPE, width: int = 64) -> keras.Model:
    """A stem and three pooled convolutions, the first and the last with a residual pair.

    Args:
        input_shape: (height, width, channels) of images in 0..255; height and width at least 32.
        width: filters of the stem; the last stage has eight times as many.

    Returns:
        A model from images (N, H, W, C) to features (N, 8 width). 6.6 million parameters.

    Reference:
        Page, "How to train your ResNet", 2018 (the DAWNBench network).
    """
    images, x = image_input(input_shape)
    x = conv_bn(x, width)
    x = _residual(_pooled(x, 2 * width))
    x = _pooled(x, 4 * width)
    x = _residual(_pooled(x, 8 * width))
    x = global_max(x)
    return keras.Model(images, x, name="resnet9")


def _pooled(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    return halve(conv_bn(x, filters))


def _residual(x: keras.KerasTensor) -> keras.KerasTensor:
    filters = x.shape[-1]
    return keras.layers.add([x, conv_bn(conv_bn(x, filters), filters)])
