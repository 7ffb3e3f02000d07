"""The stack of transformer blocks that the vision transformers share."""

import keras

from kerasoft.arguments import check_positive
from kerasoft.backbones.initializers import HostNormal
from kerasoft.backbones.stochastic_depth import stochastic_depth
from kerasoft.errors import InvalidArgumentError
from kerasoft.layers.multi_head_attention import MultiHeadAttention, weights_layer
from kerasoft.layers.score_layer import ScoreLayer

_STDDEV = 0.02  # of what all kernels begin with


def transformer(
    x: keras.KerasTensor,
    depth: int,
    num_heads: int,
    mlp_ratio: float,
    attention_softmax: str | ScoreLayer = "softmax",
    dropout: float = 0.0,
    attention_dropout: float = 0.0,
    drop_path_rate: float = 0.0,
    renormalise: bool = False,
) -> keras.KerasTensor:
    """Pre-norm blocks of attention and a perceptron, and a last normalisation.

    Args:
        x: tokens (N, T, D).
        depth: number of blocks.
        num_heads: heads of an attention, each with D / num_heads features.
        mlp_ratio: hidden features of a perceptron, in units of D.
        attention_softmax: a score layer or its name. Every block gets its own copy of a layer, with
            weights and a seed (one more than the block before) of its own.
        dropout: share of a branch's outputs and of hidden features dropped while training.
        attention_dropout: the same of attention weights.
        drop_path_rate: probability that the last block's branches are left out, for each example by
            itself; it rises linearly from 0 at the first block.
        renormalise: whether the perceptron's residual starts from the normalised tokens.

    Returns:
        Tokens (N, T, D). O(depth (T^2 D + T D^2)) time an example, next to the variant's.

    Raises:
        InvalidArgumentError: if a size is no positive integer, `num_heads` does not divide D, or
            as `MultiHeadAttention`.
    """
    check_positive(depth=depth, num_heads=num_heads)
    width = x.shape[-1]
    if width % num_heads:
        raise InvalidArgumentError(
            "`num_heads` must divide `width`.", num_heads=num_heads, width=width
        )
    variant = weights_layer(attention_softmax)
    for block in range(depth):
        rate = drop_path_rate * block / max(depth - 1, 1)
        y = _normalise(x)
        y = MultiHeadAttention(
            num_heads,
            width // num_heads,
            _copy(variant, block),
            attention_dropout,
            kernel_initializer=HostNormal(_STDDEV),
        )(y, y)
        x = keras.layers.add([x, stochastic_depth(_drop(y, dropout), rate)])
        y = _normalise(x)
        x = y if renormalise else x
        y = _perceptron(y, int(width * mlp_ratio), dropout)
        x = keras.layers.add([x, stochastic_depth(y, rate)])
    return _normalise(x)


def _perceptron(x: keras.KerasTensor, hidden: int, dropout: float) -> keras.KerasTensor:
    y = keras.layers.Dense(hidden, activation="gelu", kernel_initializer=HostNormal(_STDDEV))(x)
    y = _drop(y, dropout)
    y = keras.layers.Dense(x.shape[-1], kernel_initializer=HostNormal(_STDDEV))(y)
    return _drop(y, dropout)


def _normalise(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.LayerNormalization(epsilon=1e-6)(x)


def _drop(x: keras.KerasTensor, rate: float) -> keras.KerasTensor:
    return keras.layers.Dropout(rate)(x) if rate else x


def _copy(layer: ScoreLayer, block: int) -> ScoreLayer:
    config = layer.get_config()
    if config.get("seed") is not None:
        config["seed"] += block
    return type(layer).from_config(config)
