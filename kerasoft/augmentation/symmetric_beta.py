"""Numbers between 0 and 1 from a symmetric beta distribution, the same way on every backend."""

from numbers import Real

import keras
import numpy as np
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops import random
from kerasoft.ops.precision import Tensor

_CELLS = 4096
_STEPS = 2**16
_LARGEST = 100


class SymmetricBeta:
    """Draws from Beta(alpha, alpha) by its quantiles at 4097 places, and lines between them.

    The distribution function is exact at these places and hence nowhere off by more than 1 / 4096.
    Each draw is one uniform number and one look into a table, with nothing to reject: it compiles
    everywhere, and no alpha gives NaN.

    Args:
        alpha: a number above 0 and up to 100: the smaller, the closer to 0 or 1; 1 is uniform.

    Raises:
        InvalidArgumentError: if `alpha` is none.
    """

    def __init__(self, alpha: float, name: str = "alpha"):
        if not isinstance(alpha, Real) or isinstance(alpha, bool) or not 0 < alpha <= _LARGEST:
            raise InvalidArgumentError(
                f"`{name}` must be a number above 0 and up to {_LARGEST}.", **{name: alpha}
            )
        self.alpha = float(alpha)
        self._quantiles = _quantiles(self.alpha).astype("float32")

    def draw(self, shape: tuple, seed: keras.random.SeedGenerator) -> Tensor:
        """float32 in [0, 1] of that shape."""
        places = _CELLS * random.uniform(shape, seed)
        cells = ops.minimum(ops.floor(places), _CELLS - 1)
        quantiles = ops.convert_to_tensor(self._quantiles)
        ids = ops.cast(cells, "int32")
        lower, upper = ops.take(quantiles, ids, axis=0), ops.take(quantiles, ids + 1, axis=0)
        return lower + (places - cells) * (upper - lower)


def _quantiles(alpha: float) -> np.ndarray:
    """Where the distribution function is 0, 1 / 4096, ..., 1.

    It is integrated over t = x^alpha where alpha < 1, in which the density, infinite at 0 in x, is
    between 1 and 2; the other half of the distribution is its mirror image.
    """
    power = min(alpha, 1.0)
    t = np.linspace(0.0, 0.5**power, _STEPS + 1)
    x = t ** (1.0 / power)
    density = (2.0 * x) ** (alpha - power) * (2.0 * (1.0 - x)) ** (alpha - 1.0)
    mass = np.concatenate([[0.0], np.cumsum(density[:-1] + density[1:])])
    places = np.linspace(0.0, 1.0, _CELLS // 2 + 1)
    lower = np.interp(places, mass / mass[-1], t) ** (1.0 / power)
    return np.concatenate([lower, 1.0 - lower[-2::-1]])
