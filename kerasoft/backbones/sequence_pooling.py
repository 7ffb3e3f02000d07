"""A mean of tokens whose weights are learned."""

import keras

from kerasoft.backbones.initializers import HostNormal
from kerasoft.layers.softmax import Softmax


def sequence_pooling(x: keras.KerasTensor) -> keras.KerasTensor:
    """Tokens (N, T, D) to their mean (N, D) under softmax(x w + b) over the tokens.

    O(T D) time and D + 1 parameters.

    Reference:
        Hassani et al., "Escaping the big data paradigm with compact transformers", 2021.
    """
    initializer = HostNormal(0.02)
    scores = keras.layers.Dense(1, kernel_initializer=initializer)(x)
    weights = Softmax(axis=1)(scores)
    pooled = keras.layers.Dot(axes=1)([weights, x])  # (N, 1, D)
    return keras.layers.Reshape((x.shape[-1],))(pooled)
