"""Samples from a softmax that gradients flow through."""

from numbers import Real

import keras
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops import random
from kerasoft.ops.precision import Tensor, is_tensor
from kerasoft.ops.score_op import score_op
from kerasoft.ops.softmax import log_softmax, softmax
from kerasoft.ops.softmax_portable import centre

Seed = int | keras.random.SeedGenerator | None

NOISES = ("gumbel", "normal")

_SMALLEST_DRAW = 2.0**-126  # the smallest normal float32: -log of it is finite
_LARGEST_DRAW = 1.0 - 2.0**-24  # the largest float32 below one: -log of it is not zero
_LOWEST_TEMPERATURE, _HIGHEST_TEMPERATURE = 1e-30, 1e30  # beyond, float32 over- or underflows


@score_op
def gumbel_softmax(
    scores: Tensor,
    temperature: float | Tensor = 1.0,
    hard: bool = False,
    seed: Seed = None,
    axis: int = -1,
    noise: str = "gumbel",
) -> Tensor:
    """Softmax of the scores plus Gumbel noise: a relaxed draw from softmax(scores).

        p = softmax((s + g) / temperature),  g_i = -log(-log u_i),  u_i uniform in (0, 1)

    The position of the largest p is an exact sample from softmax(s), whatever the temperature.

    Args:
        scores: float tensor of any shape; -inf masks a class.
        temperature: a number from 1e-30 to 1e30, or a tensor of such numbers (not checked) that
            broadcasts against `scores` and gets a gradient. Towards 0 draws become one-hot, towards
            infinity uniform.
        hard: give the sample itself, exactly one-hot (at a tie the first class), with the gradient
            of the relaxed draw (straight-through).
        seed: an integer (the same draw each time), a `keras.random.SeedGenerator` (advances), or
            None (Keras's global generator).
        axis: the class axis.
        noise: "gumbel", or "normal" for standard normal noise, with which the largest p is no
            sample from softmax(s): published code has it by mistake, and studies repeat that.

    Returns:
        Probabilities, shape and dtype of `scores`; noise and reductions are float32 or wider. A row
        that is all -inf gives zeros. O(C) a row, forward and backward.

    Raises:
        InvalidArgumentError: if `temperature` or `noise` is not allowed.

    References:
        Jang et al., "Categorical reparameterization with Gumbel-softmax", ICLR 2017;
        Maddison et al., "The concrete distribution", ICLR 2017.
    """
    logits = gumbel_logits(scores, temperature, seed, axis, noise)
    soft = softmax(logits, axis)
    return straight_through(soft, logits, axis) if hard else soft


@score_op
def log_gumbel_softmax(
    scores: Tensor,
    temperature: float | Tensor = 1.0,
    seed: Seed = None,
    axis: int = -1,
    noise: str = "gumbel",
) -> Tensor:
    """The natural logarithm of `gumbel_softmax`, computed in log space.

    Arguments, shapes and errors are those of `gumbel_softmax`; there is no `hard`, because the
    logarithm of a one-hot sample is -inf nearly everywhere.
    """
    return log_softmax(gumbel_logits(scores, temperature, seed, axis, noise), axis)


@score_op
def gumbel_logits(
    scores: Tensor,
    temperature: float | Tensor = 1.0,
    seed: Seed = None,
    axis: int = -1,
    noise: str = "gumbel",
) -> Tensor:
    """(s + g) / temperature, centred: softmax of it is `gumbel_softmax`, with the same arguments.

    The largest is an exact zero, so that dividing by a low temperature is safe. Else XLA's fused
    multiply-subtract of x / temperature and its rounded maximum leaves a rounding error, whose
    exponential overflows: NaN from temperatures of 1e-8 down.
    """
    temperature = temperature if is_tensor(temperature) else check_temperature(temperature)
    draw = _NOISE[check_noise(noise)]
    centred = centre(scores, axis)
    perturbed = centred + draw(ops.shape(centred), seed, centred.dtype)
    logits = centre(perturbed, axis)
    if not is_tensor(temperature):
        return logits / temperature
    masked = logits == -float("inf")  # its slope in a temperature that is learned would be NaN
    return ops.where(masked, logits, ops.where(masked, 0.0, logits) / temperature)


def straight_through(soft: Tensor, logits: Tensor, axis: int = -1) -> Tensor:
    """One-hot at the largest logit, with the gradient of `soft`.

    Not at the largest of `soft`, which at a high temperature has ties by rounding. A row of zeros
    (all masked) stays one.
    """
    winner = ops.argmax(logits, axis=axis)
    classes = soft.shape[axis] or ops.shape(soft)[axis]
    hard = ops.one_hot(winner, classes, axis=axis % len(soft.shape), dtype=soft.dtype)
    hard = hard * ops.cast(ops.any(soft > 0, axis=axis, keepdims=True), soft.dtype)
    # `soft - soft` is an exact zero, so the sum is exactly one-hot in every precision.
    return hard + (soft - ops.stop_gradient(soft))


def check_temperature(temperature: float) -> float:
    """Returns the number as a float.

    Raises:
        InvalidArgumentError: if it is not allowed.
    """
    number = isinstance(temperature, Real) and not isinstance(temperature, bool)
    if not (number and _LOWEST_TEMPERATURE <= temperature <= _HIGHEST_TEMPERATURE):
        raise InvalidArgumentError(
            f"`temperature` must be a number from {_LOWEST_TEMPERATURE} to {_HIGHEST_TEMPERATURE}.",
            temperature=temperature,
        )
    return float(temperature)


def check_noise(noise: str) -> str:
    if noise not in NOISES:
        raise InvalidArgumentError(f"`noise` must be one of {', '.join(NOISES)}.", noise=noise)
    return noise


def gumbel_noise(shape: tuple, seed: Seed = None, dtype: str = "float32") -> Tensor:
    """Standard Gumbel noise, always finite: between -4.5 and 16.7 in float32.

    Drawn in float32 because a uniform draw in half precision is an exact zero once in a hundred
    times, which would silently mask a class.
    """
    draws = random.uniform(shape, seed)
    draws = ops.clip(draws, _SMALLEST_DRAW, _LARGEST_DRAW)
    return ops.cast(-ops.log(-ops.log(draws)), dtype)


def normal_noise(shape: tuple, seed: Seed = None, dtype: str = "float32") -> Tensor:
    """Standard normal noise."""
    return ops.cast(random.normal(shape, seed), dtype)


_NOISE = {"gumbel": gumbel_noise, "normal": normal_noise}
