"""Random numbers as `keras.random` draws them, and fresh ones wherever a step is replayed.

On PyTorch Keras makes a generator for each draw, with a seed that the host reads. In a step that is
written down once and replayed (see `kerasoft.training.device_steps_torch`) that seed would be a
constant, and every step would draw the same; there the numbers come from PyTorch's own generator.
"""

import keras
from keras import ops

from kerasoft.ops.precision import Tensor
from kerasoft.ops.tracing import is_written_down

Seed = int | keras.random.SeedGenerator | None


def uniform(shape: tuple[int, ...], seed: Seed) -> Tensor:
    """float32 numbers in [0, 1)."""
    if is_written_down():
        return ops.zeros(shape, "float32").uniform_()  # of PyTorch, on the device of Keras
    return keras.random.uniform(shape, dtype="float32", seed=seed)


def normal(shape: tuple[int, ...], seed: Seed) -> Tensor:
    """float32 numbers of mean 0 and standard deviation 1."""
    if is_written_down():
        return ops.zeros(shape, "float32").normal_()
    return keras.random.normal(shape, dtype="float32", seed=seed)


def randint(shape: tuple[int, ...], low: int, high: int, seed: Seed) -> Tensor:
    """int32 numbers from `low` up and below `high`."""
    if is_written_down():
        places = ops.floor(uniform(shape, seed) * (high - low))  # may round up to the last
        return ops.cast(low + ops.minimum(places, high - low - 1), "int32")
    return keras.random.randint(shape, low, high, dtype="int32", seed=seed)
