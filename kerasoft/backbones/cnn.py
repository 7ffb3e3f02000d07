"""A plain network of the VGG family."""

import keras

from kerasoft.backbones.layers import IMAGE_SHAPE, conv_bn, flatten, halve, image_input


def cnn(input_shape: tuple[int, int, int] = IMAGE_SHAPE, width: int = 64) -> keras.Model:
    """Three blocks of two 3x3 convolutions, batch-normalised, each pooled and dropped out.

    Args:
        input_shape: (height, width, channels) of images in 0..255.
        width: filters of the first block; each later block has twice as many.

    Returns:
        A model from images (N, H, W, C) to features (N, 512). 3.3 million parameters at 32x32.

    Reference:
        Simonyan and Zisserman, "Very deep convolutional networks for large-scale image
        recognition", ICLR 2015.
    """
    images, x = image_input(input_shape)
    for filters in (width, 2 * width, 4 * width):
        x = conv_bn(x, filters)
        x = conv_bn(x, filters)
        x = halve(x)
        x = keras.layers.Dropout(0.25)(x)
    x = flatten(x)
    x = keras.layers.Dense(512, activation="relu")(x)
    x = keras.layers.Dropout(0.5)(x)
    return keras.Model(images, x, name="cnn")
