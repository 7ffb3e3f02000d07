"""Compact convolutional transformers."""

import keras

from kerasoft.arguments import check_positive
from kerasoft.backbones.initializers import HostNormal
from kerasoft.backbones.layers import IMAGE_SHAPE, image_input
from kerasoft.backbones.positions import LearnedPositions
from kerasoft.backbones.sequence_pooling import sequence_pooling
from kerasoft.backbones.transformer import transformer
from kerasoft.layers.score_layer import ScoreLayer


def cct(
    input_shape: tuple[int, int, int] = IMAGE_SHAPE,
    convolutions: int = 1,
    width: int = 256,
    depth: int = 7,
    num_heads: int = 4,
    mlp_ratio: float = 2.0,
    dropout: float = 0.0,
    attention_dropout: float = 0.0,
    drop_path_rate: float = 0.1,
    attention_softmax: str | ScoreLayer = "softmax",
    name: str = "cct",
) -> keras.Model:
    """Tokens by convolution, learned positions, a transformer, and a learned mean of the tokens.

    The defaults are CCT-7/3x1: 7 blocks, one 3x3 convolution. As in the authors' code, a block's
    perceptron adds to the normalised tokens, not to what was normalised. The authors also drop 0.1
    of the weights of attention; drawing the random numbers for that takes a third of a GPU's step.

    Args:
        input_shape: (height, width, channels) of images in 0..255.
        convolutions: of 3x3, each followed by a ReLU and a max-pool that halves height and width;
            all but the last have 64 filters.
        width: features of a token.
        depth, num_heads, mlp_ratio, dropout, attention_dropout, drop_path_rate, attention_softmax:
            as in `kerasoft.backbones.transformer.transformer`. Positions are dropped out too.
        name: the model's name.

    Returns:
        A model from images (N, H, W, C) to features (N, width). 3.8 million parameters at 32x32.

    Raises:
        InvalidArgumentError: if a size is no positive integer, or as `transformer`.

    Reference:
        Hassani et al., "Escaping the big data paradigm with compact transformers", 2021.
    """
    check_positive(convolutions=convolutions, width=width)
    images, x = image_input(input_shape)
    for filters in (*(convolutions - 1) * (64,), width):
        x = _tokenise(x, filters)
    x = keras.layers.Reshape((-1, width))(x)
    x = LearnedPositions(HostNormal(0.2))(x)
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
        renormalise=True,
    )
    return keras.Model(images, sequence_pooling(x), name=name)


def _tokenise(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    last = {"padding": "same", "data_format": "channels_last"}
    x = keras.layers.Conv2D(
        filters,
        3,
        activation="relu",
        use_bias=False,
        kernel_initializer=HostNormal("fan_in"),
        **last,
    )(x)
    return keras.layers.MaxPooling2D(3, 2, **last)(x)
