"""How the weights of the backbones begin."""

import math
import random

import keras
import numpy as np
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.precision import Tensor

_FANS = ("fan_in", "fan_out")


@keras.saving.register_keras_serializable(package="kerasoft")
class HostNormal(keras.initializers.Initializer):
    """Normal numbers around 0, drawn on the host by NumPy.

    The same seed gives the same weights on every backend. And there is nothing to compile: of
    Keras's own initializers XLA compiles three programs for every new shape, which for a network
    of fifty convolutions takes ten seconds of waiting for the first step.

    Args:
        stddev: the standard deviation; or "fan_in" or "fan_out", for sqrt(2 / fan) as suits ReLUs,
            with the numbers that meet in one output, or that one input goes to.
        seed: an integer to repeat the draw, or None for one from Python's `random`, which is where
            Keras takes its own from.

    Call arguments:
        shape: (..., inputs, outputs) where `stddev` is a fan, with all axes before these counting
            as places of a convolution.
        dtype: of the result, the default float dtype by default.

    Raises:
        InvalidArgumentError: if `stddev` is none of these.

    Reference:
        He et al., "Delving deep into rectifiers", ICCV 2015 (the fans).
    """

    def __init__(self, stddev: float | str, seed: int | None = None):
        if stddev not in _FANS and not (isinstance(stddev, (int, float)) and stddev >= 0):
            raise InvalidArgumentError(
                f"`stddev` must be {', '.join(_FANS)} or a number of at least 0.", stddev=stddev
            )
        self.stddev = stddev
        self.seed = seed
        self._drawn_seed = random.randint(1, int(1e9)) if seed is None else seed

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Tensor:
        stddev = self.stddev
        if stddev in _FANS:
            places, ends = math.prod(shape[:-2]), dict(zip(_FANS, shape[-2:], strict=True))
            stddev = math.sqrt(2 / (places * ends[stddev]))
        draws = np.random.default_rng(self._drawn_seed).normal(0.0, stddev, shape)
        return ops.convert_to_tensor(draws.astype("float32"), dtype=dtype or keras.config.floatx())

    def get_config(self) -> dict:
        return {"stddev": self.stddev, "seed": self.seed}


@keras.saving.register_keras_serializable(package="kerasoft")
class HostDirac(HostNormal):
    """Filters that hand their input on, one channel each; once all are taken, `HostNormal`'s.

    A convolution with such a kernel begins as the identity of min(inputs, outputs) channels.

    Args:
        seed: as of `HostNormal`.

    Call arguments:
        shape: (height, width, inputs, outputs).
        dtype: of the result, the default float dtype by default.
    """

    def __init__(self, seed: int | None = None):
        super().__init__("fan_in", seed)

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Tensor:
        kernel = ops.convert_to_numpy(super().__call__(shape, "float32")).copy()
        height, width, inputs, outputs = shape
        handed_on = min(inputs, outputs)
        kernel[..., :handed_on] = 0.0
        channels = np.arange(handed_on)
        kernel[height // 2, width // 2, channels, channels] = 1.0
        return ops.convert_to_tensor(kernel, dtype=dtype or keras.config.floatx())

    def get_config(self) -> dict:
        return {"seed": self.seed}
