"""Who is timed in the suite of layers: layers of kerasoft and of Keras with the same weights.

Keras is imported only inside: whoever imports this may still choose the backend.
"""

import argparse
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks import layer_steps
from benchmarks.duels import AGAIN, Duel

SOFTMAXES = ("softmax", "pseudo", "taylor", "gumbel", "sparsemax", "entmax15")
HEADS, KEY_DIM = 4, 64
DROPOUT = 0.1  # of one more pair, which drops weights while training
DROPPING = f", dropout {DROPOUT}"
KERAS, OWN = "Keras", "kerasoft"


class Contest(NamedTuple):
    """Contestants that take turns.

    Attributes:
        facts: what they are given, for the record: "dtype" (a policy), "shape" (of the inputs)
            and what sizes the layers.
        steps: what is timed, by name and pass (`layer_steps.PASSES`).
        duels: which names are compared.
    """

    facts: dict[str, object]
    steps: dict[tuple[str, str], Callable[[], tuple]]
    duels: list[Duel]


class Convolution(NamedTuple):
    """A depthwise convolution of EfficientNet-Lite0, padded to "same", without bias.

    Attributes:
        reduction: side of the network's images over that of what comes in.
        channels: of input and output.
        kernel_size, strides: of both axes.
    """

    reduction: int
    channels: int
    kernel_size: int
    strides: int

    def shapes(self, batch_size: int, image_size: int) -> tuple[tuple, tuple]:
        """Of input and output."""
        before = -(-image_size // self.reduction)
        after = -(-before // self.strides)
        return tuple((batch_size, side, side, self.channels) for side in (before, after))


CONVOLUTIONS = (
    Convolution(2, 32, 3, 1),
    Convolution(2, 96, 3, 2),
    Convolution(4, 144, 5, 2),
    Convolution(8, 240, 5, 1),
    Convolution(16, 480, 3, 1),
    Convolution(16, 672, 5, 1),
    Convolution(16, 672, 5, 2),
    Convolution(32, 1152, 5, 1),
)


def attention(options: argparse.Namespace) -> Iterator[Contest]:
    """Self-attention with every softmax, both passes; a contest for each dtype policy."""
    shape = (options.attention_batch, options.tokens, HEADS * KEY_DIM)
    duels = [Duel(name, KERAS, same=name == "softmax") for name in options.softmaxes]
    duels.append(Duel(KERAS + AGAIN, KERAS))
    if "softmax" in options.softmaxes:
        duels.append(Duel("softmax" + DROPPING, KERAS + DROPPING, same=False))
    for dtype in options.attention_dtypes:
        layers = _attention_layers(options.softmaxes, dtype, shape)
        steps = _steps(layers, dtype, shape, shape, arity=2)
        facts = {"dtype": dtype, "shape": shape, "heads": HEADS, "key_dim": KEY_DIM}
        yield Contest(facts, steps, duels)


def depthwise(options: argparse.Namespace) -> Iterator[Contest]:
    """Training steps of the convolutions; a contest for each of them and each dtype policy.

    kerasoft's comes first. XLA may keep for the process what it finds out about a convolution, so
    that whoever compiles the same one second gets it for nothing: that is Keras's.
    """
    for dtype in options.depthwise_dtypes:
        for step in _convolution_steps(Convolution(1, 8, 3, 1), dtype, (1, 8)).values():
            step()  # loads libraries, which nobody's compilation shall pay for
        for convolution in CONVOLUTIONS:
            sizes = (options.depthwise_batch, options.image_size)
            facts = {"dtype": dtype, "shape": convolution.shapes(*sizes)[0]}
            facts |= {"kernel_size": convolution.kernel_size, "strides": convolution.strides}
            yield Contest(facts, _convolution_steps(convolution, dtype, sizes), [Duel(OWN, KERAS)])


def _attention_layers(softmaxes: list[str], dtype: str, shape: tuple) -> dict[str, object]:
    """Layers by name, Keras's first; all with its weights."""
    import keras

    import kerasoft

    def theirs(dropout=0.0):
        return keras.layers.MultiHeadAttention(HEADS, KEY_DIM, dropout=dropout, dtype=dtype)

    def ours(softmax, dropout=0.0):
        layer = kerasoft.layers.MultiHeadAttention
        return layer(HEADS, KEY_DIM, softmax, dropout=dropout, dtype=dtype)

    layers = {KERAS: theirs(), **{name: ours(name) for name in softmaxes}, KERAS + AGAIN: theirs()}
    if "softmax" in softmaxes:
        layers |= {
            "softmax" + DROPPING: ours("softmax", DROPOUT),
            KERAS + DROPPING: theirs(DROPOUT),
        }
    return _alike(layers, shape, shape)


def _convolution_steps(
    convolution: Convolution, dtype: str, sizes: tuple[int, int]
) -> dict[tuple[str, str], Callable[[], tuple]]:
    import keras

    from kerasoft.backbones.depthwise_conv import DepthwiseConv2D

    shape, output_shape = convolution.shapes(*sizes)
    layers = {
        name: kind(
            convolution.kernel_size,
            convolution.strides,
            padding="same",
            use_bias=False,
            data_format="channels_last",
            dtype=dtype,
        )
        for name, kind in ((OWN, DepthwiseConv2D), (KERAS, keras.layers.DepthwiseConv2D))
    }
    steps = _steps(_alike(layers, shape), dtype, shape, output_shape)
    return {key: step for key, step in steps.items() if key[1] == layer_steps.TRAINING}


def _alike(layers: dict[str, object], *shapes: tuple) -> dict[str, object]:
    """Builds the layers and gives all of them the weights of the first."""
    for layer in layers.values():
        layer.build(*shapes)
    weights = next(iter(layers.values())).get_weights()
    for layer in layers.values():
        layer.set_weights(weights)
    return layers


def _steps(
    layers: dict[str, object], dtype: str, shape: tuple, output_shape: tuple, arity: int = 1
) -> dict[tuple[str, str], Callable[[], tuple]]:
    """Both passes of every layer, all with the same standard normal inputs and upstream."""
    import keras
    import numpy as np

    random = np.random.default_rng(0)
    inputs, upstream = (
        keras.ops.convert_to_tensor(
            random.standard_normal(size, dtype="float32"),
            dtype=keras.DTypePolicy(dtype).compute_dtype,
        )
        for size in (shape, output_shape)
    )
    return {
        (name, which): step
        for name, layer in layers.items()
        for which, step in layer_steps.steps(layer, inputs, upstream, arity).items()
    }
