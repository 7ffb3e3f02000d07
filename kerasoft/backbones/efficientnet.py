"""EfficientNet and EfficientNetV2 of every size, as Keras Applications has them."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from kerasoft.backbones.depthwise_conv import DepthwiseConv2D
from kerasoft.backbones.layers import IMAGE_SHAPE, resized_input
from kerasoft.errors import InvalidArgumentError

_SECOND = ("b0", "b1", "b2", "b3", "s", "m", "l")
_APPLICATIONS = {f"b{size}": f"EfficientNetB{size}" for size in range(8)} | {
    f"v2_{size}": f"EfficientNetV2{size.upper()}" for size in _SECOND
}
VARIANTS = tuple(_APPLICATIONS)


def efficientnet(
    variant: str = "b0",
    input_shape: tuple[int, int, int] = IMAGE_SHAPE,
    image_size: int = 160,
    weights: str | None = None,
) -> keras.Model:
    """Inverted residual blocks with squeeze-and-excitation and swish, scaled to the variant.

    The network scales and normalises the images by itself. Its weights come from Keras's servers,
    once, and are kept under `KERAS_HOME`.

    Args:
        variant: "b0" to "b7", or of version 2 "v2_b0" to "v2_b3", "v2_s", "v2_m" or "v2_l".
        input_shape: (height, width, channels) of images in 0..255; 3 channels with `weights`.
        image_size: the side of the squares that the images are resized to first, on the device;
            at least 32. The ImageNet weights of b0 are for 224, those of larger ones for more.
        weights: `None` for random ones or "imagenet".

    Returns:
        A model from images (N, H, W, C) to features (N, F), F from 1280 (b0, all of version 2 but
        b2 and b3) to 2560 (b7). 4.0 million parameters for b0, 64 for b7, 118 for v2_l.

    Raises:
        InvalidArgumentError: if there is no such variant, `image_size` is too small, or the
            weights are unknown or cannot be downloaded.

    Reference:
        Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks",
        ICML 2019, and "EfficientNetV2: smaller models and faster training", ICML 2021.
    """
    if variant not in VARIANTS:
        raise InvalidArgumentError(
            f"`variant` must be one of {', '.join(VARIANTS)}.", variant=variant
        )
    if weights not in (None, "imagenet"):
        raise InvalidArgumentError("`weights` must be None or 'imagenet'.", weights=weights)
    if weights and input_shape[-1] != 3:
        raise InvalidArgumentError(
            "`input_shape` must have 3 channels for ImageNet weights.", input_shape=input_shape
        )
    _, x = resized_input(input_shape, image_size)
    with _channels_last():
        network = _application(variant, x, weights)
    return keras.Model(network.input, network.output, name=f"efficientnet_{variant}")


def _application(variant: str, x: keras.KerasTensor, weights: str | None) -> keras.Model:
    make = getattr(keras.applications, _APPLICATIONS[variant])
    options = {"include_top": False, "input_tensor": x, "input_shape": x.shape[1:]}
    try:
        network = make(weights=weights, pooling="avg", **options)
    except Exception as error:  # a failed download is an Exception and no more to Keras
        if weights is None:
            raise
        reason = " ".join(str(error).split())
        raise InvalidArgumentError(
            f"`weights='imagenet'` of efficientnet_{variant} could not be downloaded "
            f"({reason[:200]}); those of efficientnet_lite0 come with pip.",
            weights=weights,
        ) from None
    if keras.backend.backend() == "jax":
        network = _with_own_depthwise_conv(network)
    for layer in network.layers:
        if isinstance(layer, keras.layers.Rescaling) and isinstance(layer.scale, list):
            # With one scale a channel the layer would read the configuration whenever it runs.
            layer.scale = [[layer.scale]]
    return network


def _with_own_depthwise_conv(network: keras.Model) -> keras.Model:
    """A copy whose depthwise convolutions XLA compiles in seconds, not in minutes."""

    def copy(layer: keras.layers.Layer) -> keras.layers.Layer:
        plain = type(layer) is keras.layers.DepthwiseConv2D
        return (DepthwiseConv2D if plain else type(layer)).from_config(layer.get_config())

    own = keras.models.clone_model(network, clone_function=copy)
    own.set_weights(network.get_weights())
    return own


@contextmanager
def _channels_last() -> Iterator[None]:
    """Keras Applications take the order of the axes from the configuration alone."""
    usual = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        keras.config.set_image_data_format(usual)
