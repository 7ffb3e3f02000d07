"""The residual network of few-shot learning."""

import keras

from kerasoft.backbones.layers import IMAGE_SHAPE, conv_bn, global_average, halve, image_input


def resnet12(input_shape: tuple[int, int, int] = IMAGE_SHAPE, width: int = 64) -> keras.Model:
    """Four residual blocks of three 3x3 convolutions, each followed by a 2x2 max-pool.

    Args:
        input_shape: (height, width, channels) of images in 0..255.
        width: filters of the first block; each later block has twice as many.

    Returns:
        A model from images (N, H, W, C) to features (N, 8 width). 8.0 million parameters.

    Reference:
        Oreshkin et al., "TADAM: task dependent adaptive metric for improved few-shot learning",
        NeurIPS 2018.
    """
    images, x = image_input(input_shape)
    for filters in (width, 2 * width, 4 * width, 8 * width):
        x = _block(x, filters)
    x = global_average(x)
    return keras.Model(images, x, name="resnet12")


def _block(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    shortcut = conv_bn(x, filters, kernel_size=1, activation=None)
    x = conv_bn(x, filters, activation="leaky_relu")
    x = conv_bn(x, filters, activation="leaky_relu")
    x = conv_bn(x, filters, activation=None)
    x = keras.layers.Activation("leaky_relu")(keras.layers.add([x, shortcut]))
    return halve(x)
