"""Vision transformers that others have trained, through KerasHub."""

import textwrap

import keras

from kerasoft.backbones.layers import IMAGE_SHAPE, image_input
from kerasoft.errors import InvalidArgumentError

_LONGEST_REASON = 200


def vit_pretrained(
    input_shape: tuple[int, int, int] = IMAGE_SHAPE,
    preset: str = "vit_base_patch16_224_imagenet21k",
) -> keras.Model:
    """A pretrained ViT: images are enlarged on the device to the size that it was trained on.

    The first use downloads the weights (ViT-B/16: 330 MB) into KerasHub's cache. A saved model
    holds them, and needs KerasHub to be loaded.

    Args:
        input_shape: (height, width, channels) of images in 0..255.
        preset: a ViT with a class token that takes images in -1..1: a name that KerasHub knows, or
            a folder that it has saved. The default is ViT-B/16, trained on ImageNet-21k.

    Returns:
        A model from images (N, H, W, C) to features (N, width): the class token of the last block,
        normalised. 86 million parameters and a width of 768 by default.

    Raises:
        InvalidArgumentError: if KerasHub is not installed, the preset is not there and cannot be
            downloaded, or it is no such ViT.

    Reference:
        Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021.
    """
    backbone = _load(preset)
    height, width, channels = backbone.image_shape
    if channels != input_shape[-1]:
        raise InvalidArgumentError(
            f"`input_shape` must have {channels} channels, as {preset} has.",
            input_shape=input_shape,
        )
    images, x = image_input(input_shape)
    x = keras.layers.Resizing(height, width, data_format="channels_last", name="enlarge")(x)
    tokens = backbone(x)
    return keras.Model(images, tokens[:, 0], name="vit_pretrained")


def _load(preset: str) -> keras.Model:
    try:
        import keras_hub
    except ImportError as error:
        raise InvalidArgumentError(
            'A pretrained ViT needs KerasHub: pip install "kerasoft[vit]" '
            f"(importing it says: {_in_short(error)}).",
            preset=preset,
        ) from error
    try:
        backbone = keras_hub.models.Backbone.from_preset(preset, dtype=keras.config.dtype_policy())
    except Exception as error:  # of the registry, the network, the file system or the files
        raise InvalidArgumentError(
            f"`preset` cannot be loaded: {_in_short(error)}", preset=preset
        ) from error
    if not getattr(backbone, "use_class_token", False):
        raise InvalidArgumentError("`preset` must be a ViT with a class token.", preset=preset)
    return backbone


def _in_short(error: Exception) -> str:
    """One line of what another library says."""
    return textwrap.shorten(str(error), _LONGEST_REASON, placeholder=" ...")
