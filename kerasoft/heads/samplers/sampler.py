"""Distinct classes drawn at random, at a cost that hardly grows with their number."""

import keras
import numpy as np
from keras import ops

from kerasoft.heads.samplers.strata import strata
from kerasoft.ops import random
from kerasoft.ops.precision import Tensor


class Sampler(keras.layers.Layer):
    """Draws S distinct classes, each with a known probability.

    A layer for its weights and seed only: it is not called. How it draws: `Strata`. A draw takes
    O(S log C) time; with S = C it is every class.

    Args:
        weights: float64 (C,): how often to propose each class, positive, normalised here.
        num_sampled: number of draws S.
        seed: an integer to repeat a run's draws, or None.
        **kwargs: as in every Keras layer.

    Weights:
        Tables of O(C) numbers. They follow from the arguments and are not saved: a head's weights
        load into one with another sampler.
    """

    def __init__(self, weights: np.ndarray, num_sampled: int, seed: int | None = None, **kwargs):
        super().__init__(trainable=False, **kwargs)
        self.num_sampled = num_sampled
        self.seed_generator = keras.random.SeedGenerator(seed)
        self._strata = strata(weights, num_sampled)

    def build(self, input_shape: tuple | None = None) -> None:
        self.bounds = self._table("bounds", "int")
        self.starts = self._table("starts", "float32")
        self.log_inclusion = self._table("log_inclusion", "float32")

    def _table(self, name: str, dtype: str) -> keras.Variable:
        """A weight, for a constant would be copied into every compiled step."""
        table = getattr(self._strata, name)
        return self.add_weight(
            shape=table.shape,
            initializer=lambda shape, dtype: ops.convert_to_tensor(table, dtype),
            dtype=dtype,
            trainable=False,
            autocast=False,
            name=name,
        )

    def draw(self) -> Tensor:
        """Draws classes: int32 (S,), with -1 in place of a class that was hit a second time."""
        points = random.uniform((self.num_sampled,), self.seed_generator)
        return distinct(self.classes_at(points))

    def classes_at(self, points: Tensor) -> Tensor:
        """The class at a point of each stratum.

        Args:
            points: float32 (..., S), in [0, 1).

        Returns:
            int32 (..., S), rising; a class may stand in two strata, one after the other.
        """
        bounds = ops.cast(self.bounds, "int32")
        low, high = (ops.broadcast_to(bound, ops.shape(points)) for bound in (bounds[0], bounds[1]))
        starts = ops.convert_to_tensor(self.starts)
        for _ in range(self._strata.halvings):
            middle = (low + high) // 2
            beyond = ops.take(starts, middle) > points  # at `low` itself it changes nothing
            low, high = ops.where(beyond, low, middle), ops.where(beyond, middle, high)
        return low

    def log_expected_count(self, ids: Tensor) -> Tensor:
        """Log of how often a draw has each class, between 0 and 1 times: float32, of ids' shape."""
        return ops.take(self.log_inclusion, ids)

    def save_own_variables(self, store: dict) -> None:
        """Saves nothing: the tables follow from the config."""

    def load_own_variables(self, store: dict) -> None:
        """Loads nothing: `build` has made the tables."""


def distinct(ids: Tensor) -> Tensor:
    """Ids that rise, (..., S), with -1 in place of every one that came before."""
    repeated = ids[..., 1:] == ids[..., :-1]
    return ops.concatenate([ids[..., :1], ops.where(repeated, -1, ids[..., 1:])], axis=-1)
