"""Samples from a softmax that gradients flow through."""

import math
from numbers import Real

import keras
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.precision import Tensor
from kerasoft.ops.score_op import score_op
from kerasoft.ops.softmax import log_softmax, softmax
from kerasoft.ops.softmax_portable import centre

Seed = int | keras.random.SeedGenerator | None

_SMALLEST_DRAW = 2.0**-126  # the smallest normal float32: -log of it is finite
_LARGEST_DRAW = 1.0 - 2.0**-24  # the largest float32 below one: -log of it is not zero
_LOWEST_TEMPERATURE = 1e-30  # scores divided by less would overflow float32


@score_op
def gumbel_softmax(
    scores: Tensor,
    temperature: float = 1.0,
    hard: bool = False,
    seed: Seed = None,
    axis: int = -1,
) -> Tensor:
    """Softmax of the scores plus Gumbel noise: a relaxed draw from softmax(scores).

        p = softmax((s + g) / temperature),  g_i = -log(-log u_i),  u_i uniform in (0, 1)

    The position of the largest p is an exact sample from softmax(s), whatever the temperature.

    Args:
        scores: float tensor of any shape; -inf masks a class.
        temperature: a positive number, at least 1e-30. Towards 0 draws become one-hot, towards
            infinity uniform.
        hard: give the sample itself, exactly one-hot (at a tie the first class), with the gradient
            of the relaxed draw (straight-through).
        seed: an integer (the same draw each time), a `keras.random.SeedGenerator` (advances), or
            None (Keras's global generator).
        axis: the class axis.

    Returns:
        Probabilities, shape and dtype of `scores`; noise and reductions are float32 or wider. A row
        that is all -inf gives zeros. O(C) a row, forward and backward.

    Raises:
        InvalidArgumentError: if `temperature` is not a positive finite number.

    References:
        Jang et al., "Categorical reparameterization with Gumbel-softmax", ICLR 2017;
        Maddison et al., "The concrete distribution", ICLR 2017.
    """
    temperature = check_temperature(temperature)
    perturbed = _perturb(scores, seed, axis)
    soft = softmax(perturbed / temperature, axis)
    return _straight_through(soft, perturbed, axis) if hard else soft


@score_op
def log_gumbel_softmax(
    scores: Tensor, temperature: float = 1.0, seed: Seed = None, axis: int = -1
) -> Tensor:
    """The natural logarithm of `gumbel_softmax`, computed in log space.

    Arguments, shapes and errors are those of `gumbel_softmax`; there is no `hard`, because the
    logarithm of a one-hot sample is -inf nearly everywhere.
    """
    temperature = check_temperature(temperature)
    return log_softmax(_perturb(scores, seed, axis) / temperature, axis)


def check_temperature(temperature: float) -> float:
    number = isinstance(temperature, Real) and not isinstance(temperature, bool)
    if not (number and _LOWEST_TEMPERATURE <= temperature < math.inf):
        raise InvalidArgumentError(
            f"`temperature` must be a positive finite number, at least {_LOWEST_TEMPERATURE}.",
            temperature=temperature,
        )
    return float(temperature)


def gumbel_noise(shape: tuple, seed: Seed = None, dtype: str = "float32") -> Tensor:
    """Standard Gumbel noise, always finite: between -4.5 and 16.7 in float32.

    Drawn in float32 because a uniform draw in half precision is an exact zero once in a hundred
    times, which would silently mask a class.
    """
    draws = keras.random.uniform(shape, dtype="float32", seed=seed)
    draws = ops.clip(draws, _SMALLEST_DRAW, _LARGEST_DRAW)
    return ops.cast(-ops.log(-ops.log(draws)), dtype)


def _perturb(scores: Tensor, seed: Seed, axis: int) -> Tensor:
    """Scores plus noise, with an exact zero on top: dividing that by a low temperature is safe.

    Else XLA's fused multiply-subtract of x / temperature and its rounded maximum leaves a rounding
    error, whose exponential overflows: NaN from temperatures of 1e-8 down.
    """
    wide = centre(scores, axis)
    noise = gumbel_noise(ops.shape(wide), seed, keras.backend.standardize_dtype(wide.dtype))
    return centre(wide + noise, axis)


def _straight_through(soft: Tensor, perturbed: Tensor, axis: int) -> Tensor:
    """One-hot at the largest perturbed score: at a high temperature `soft` has ties by rounding."""
    winner = ops.argmax(perturbed, axis=axis)
    hard = ops.one_hot(winner, soft.shape[axis], axis=axis % len(soft.shape), dtype=soft.dtype)
    hard = hard * ops.cast(ops.any(soft > 0, axis=axis, keepdims=True), soft.dtype)
    # `soft - soft` is an exact zero, so the sum is exactly one-hot in every precision.
    return hard + (soft - ops.stop_gradient(soft))
