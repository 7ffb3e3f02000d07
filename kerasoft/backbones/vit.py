"""The plain vision transformer, sized for small images."""

import keras

from kerasoft.arguments import check_positive
from kerasoft.backbones.initializers import HostNormal
from kerasoft.backbones.layers import IMAGE_SHAPE, image_input
from kerasoft.backbones.positions import LearnedPositions
from kerasoft.backbones.transformer import transformer
from kerasoft.errors import InvalidArgumentError
from kerasoft.layers.score_layer import ScoreLayer


def vit(
    input_shape: tuple[int, int, int] = IMAGE_SHAPE,
    patch_size: int = 4,
    width: int = 192,
    depth: int = 9,
    num_heads: int = 12,
    mlp_ratio: float = 2.0,
    dropout: float = 0.0,
    attention_dropout: float = 0.0,
    drop_path_rate: float = 0.1,
    attention_softmax: str | ScoreLayer = "softmax",
    name: str = "vit",
) -> keras.Model:
    """Patches, projected and given learned positions, a pre-norm transformer, and their mean.

    The features are the mean over all patches, not a class token: it trains no worse, gives every
    patch a gradient from the first step on, and keeps the number of tokens a round one. Sizes are
    those of the plain ViT for small images of Lee et al.

    Args:
        input_shape: (height, width, channels) of images in 0..255.
        patch_size: height and width of a patch, in pixels; divides those of the image.
        width: features of a token.
        depth, num_heads, mlp_ratio, dropout, attention_dropout, drop_path_rate, attention_softmax:
            as in `kerasoft.backbones.transformer.transformer`. Positions are dropped out too.
        name: the model's name.

    Returns:
        A model from images (N, H, W, C) to features (N, width). 2.7 million parameters at 32x32.

    Raises:
        InvalidArgumentError: if a size is no positive integer, the patches do not fill the image,
            or as `transformer`.

    References:
        Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021;
        Lee et al., "Vision transformer for small-size datasets", 2021 (the sizes);
        Beyer et al., "Better plain ViT baselines for ImageNet-1k", 2022 (the mean of the patches).
    """
    check_positive(patch_size=patch_size, width=width)
    if input_shape[0] % patch_size or input_shape[1] % patch_size:
        raise InvalidArgumentError(
            "`patch_size` must divide the image's height and width.",
            patch_size=patch_size,
            input_shape=input_shape,
        )
    images, x = image_input(input_shape)
    x = keras.layers.Conv2D(width, patch_size, patch_size, data_format="channels_last")(x)
    x = keras.layers.Reshape((-1, width))(x)
    x = LearnedPositions(HostNormal(0.02))(x)
    x = keras.layers.Dropout(dropout)(x)
    x = transformer(
        x,
        depth,
        num_heads,
        mlp_ratio,
        attention_softmax,
        dropout,
        attention_dropout,
        drop_path_rate,
    )
    x = keras.layers.GlobalAveragePooling1D(data_format="channels_last")(x)
    return keras.Model(images, x, name=name)
