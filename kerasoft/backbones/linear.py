"""No hidden layer: the pixels are the features."""

import keras

from kerasoft.backbones.layers import IMAGE_SHAPE, flatten, image_input


def linear(input_shape: tuple[int, int, int] = IMAGE_SHAPE) -> keras.Model:
    """Pixels, scaled to -1..1 and flattened: with a head, the classic linear classifier.

    Args:
        input_shape: (height, width, channels) of images in 0..255.

    Returns:
        A model from images (N, H, W, C) to features (N, H W C). No parameters.
    """
    images, x = image_input(input_shape)
    return keras.Model(images, flatten(x), name="linear")
