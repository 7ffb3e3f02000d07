"""The few pieces that the backbones share."""

import keras

IMAGE_SHAPE = (32, 32, 3)


def image_input(input_shape: tuple[int, int, int]) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """An input for images in 0..255 (uint8 or float), and the same scaled to -1..1."""
    images = keras.Input(input_shape, name="images")
    return images, keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(images)


def conv_bn(
    x: keras.KerasTensor,
    filters: int,
    kernel_size: int = 3,
    activation: str | keras.layers.Layer | None = "relu",
) -> keras.KerasTensor:
    """Convolution, batch normalisation, activation; height and width stay."""
    x = keras.layers.Conv2D(
        filters, kernel_size, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(x)
    x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return x if activation is None else keras.layers.Activation(activation)(x)
