"""The small network that trains in minutes on a CPU."""

import keras

from kerasoft.backbones.layers import IMAGE_SHAPE, conv_relu, flatten, halve, image_input


def simple_cnn(input_shape: tuple[int, int, int] = IMAGE_SHAPE, width: int = 32) -> keras.Model:
    """Two blocks of a 3x3 convolution and a 2x2 max-pool, then a dense layer of 128.

    Args:
        input_shape: (height, width, channels) of images in 0..255.
        width: filters of the first block; the second has twice as many.

    Returns:
        A model from images (N, H, W, C) to features (N, 128). 0.5 million parameters at 32x32.
    """
    images, x = image_input(input_shape)
    for filters in (width, 2 * width):
        x = conv_relu(x, filters)
        x = halve(x)
    x = flatten(x)
    x = keras.layers.Dense(128, activation="relu")(x)
    return keras.Model(images, x, name="simple_cnn")
