"""The teaching network of CNN Explainer."""

import keras

from kerasoft.backbones.layers import IMAGE_SHAPE, conv_relu, flatten, halve, image_input


def tiny_vgg(input_shape: tuple[int, int, int] = IMAGE_SHAPE, width: int = 10) -> keras.Model:
    """Two blocks, each two 3x3 convolutions and a 2x2 max-pool, all of the same width.

    Args:
        input_shape: (height, width, channels) of images in 0..255.
        width: filters of every convolution; 10 in the original.

    Returns:
        A model from images (N, H, W, C) to features (N, H W width / 16).

    Reference:
        Wang et al., "CNN Explainer: learning convolutional neural networks with interactive
        visualization", IEEE TVCG 27, 2021.
    """
    images, x = image_input(input_shape)
    for _ in range(2):
        x = conv_relu(x, width)
        x = conv_relu(x, width)
        x = halve(x)
    return keras.Model(images, flatten(x), name="tiny_vgg")
