"""Random whole numbers that are the same with every NumPy, on every machine."""

import numpy as np


class Draws:
    """A stream of random integers, fixed by a seed and the numbers of the stream.

    NumPy promises that the raw bits of `PCG64` never change; it does not promise that of
    `Generator.integers`. So everything here is made of raw bits.
    """

    def __init__(self, seed: int, *stream: int):
        self._bits = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=stream))

    def integers(self, low: int, high: int, *shape: int) -> np.ndarray:
        """int64 in `[low, high]`, both ends included; `high - low` is below 2 ** 31."""
        words = (self._raw(*shape) >> np.uint64(32)).astype(np.int64)
        return low + (words * (high - low + 1) >> 32)

    def index(self, counts: np.ndarray) -> np.ndarray:
        """int64, one for each of `counts`, from 0 to below the count."""
        words = (self._raw(*counts.shape) >> np.uint64(32)).astype(np.int64)
        return words * counts >> 32

    def octets(self, *shape: int) -> np.ndarray:
        """uint8, all values alike; the last axis is a multiple of 8."""
        words = self._raw(*shape[:-1], shape[-1] // 8)
        return words.astype("<u8").view(np.uint8)

    def order(self, count: int) -> np.ndarray:
        """A random permutation of `range(count)`."""
        return np.argsort(self._raw(count), kind="stable")

    def _raw(self, *shape: int) -> np.ndarray:
        return self._bits.random_raw(shape)
