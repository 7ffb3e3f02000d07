"""Residual branches that are left out at random."""

import keras


def stochastic_depth(x: keras.KerasTensor, rate: float) -> keras.KerasTensor:
    """While training, leaves a branch (N, T, D) out, for each example by itself.

    What stays is divided by 1 - rate, so that the mean stays too.

    Args:
        x: what a residual branch adds.
        rate: probability of leaving it out.

    Reference:
        Huang et al., "Deep networks with stochastic depth", ECCV 2016.
    """
    return keras.layers.Dropout(rate, noise_shape=(None, 1, 1))(x) if rate else x
