"""What the optimizers of touched rows share."""

from collections.abc import Sequence
from numbers import Real

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule

from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.rows.summed_rows import summed_rows
from kerasoft.heads.rows.table import add_to_rows, read_rows
from kerasoft.ops.precision import Tensor


class RowOptimizer(keras.layers.Layer):
    """Base class: updates the rows of tables that a step touched, and their slots, and no others.

    Keras's optimizers pass over every row of a variable in every step, whether or not it has a
    gradient. This one gathers the touched rows and their slots, computes what changes, and adds it
    in place: O(R) for R touched rows, however many the table has. It is a Keras layer only so that
    its slots and its step count are saved and restored with the head they belong to.

    A subclass gives `slots` and `changes`.

    Args:
        learning_rate: a positive number, or a Keras schedule over the head's own steps.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if the learning rate is neither.
    """

    sums_duplicates = True  # whether a row's gradients must be one before `changes` sees them

    def __init__(self, learning_rate: float | LearningRateSchedule, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(learning_rate, LearningRateSchedule):
            learning_rate = positive("learning_rate", learning_rate)
        self.learning_rate = learning_rate
        self.built = True  # its weights come with the tables, in `add_slots`
        self._tables = None

    def slots(self, shape: tuple) -> dict[str, tuple]:
        """Names and shapes of what is kept beside a table (M, ...), M rows each, zeros at first."""
        raise NotImplementedError

    def changes(
        self, gradients: Tensor, slots: Sequence[Tensor], rate: Tensor, step: Tensor
    ) -> tuple[Tensor, ...]:
        """What to add to some rows and to each of their slots.

        Args:
            gradients: float32 (R, ...), one row a row of the table.
            slots: the same rows of every slot.
            rate: the learning rate of this step, a float32 scalar.
            step: the number of this step, a float32 scalar, from 1.

        Returns:
            (R, ...) for the rows, then one tensor a slot in its shape.
        """
        raise NotImplementedError

    def add_slots(self, tables: Sequence[keras.Variable]) -> None:
        """Makes the slots of these tables: once in the life of the optimizer.

        Raises:
            InvalidArgumentError: if it has tables already.
        """
        if self._tables is not None:
            raise InvalidArgumentError(
                "A `row_optimizer` belongs to one head; give each head its own.",
                row_optimizer=self.name,
            )
        self._tables = list(tables)
        self.iterations = self.add_weight(
            shape=(), initializer="zeros", dtype="int", trainable=False, name="iterations"
        )
        self._slots = [
            [
                self.add_weight(
                    shape=shape,
                    initializer="zeros",
                    dtype="float32",
                    trainable=False,
                    autocast=False,
                    name=f"{table.name}_{name}",
                )
                for name, shape in self.slots(tuple(table.shape)).items()
            ]
            for table in self._tables
        ]

    def update(self, rows: Tensor, gradients: Sequence[Tensor]) -> None:
        """One step.

        Args:
            rows: int32 (R,): rows of every table; -1 for none. A row may come more than once.
            gradients: for each table, float32 (R, ...): the gradient in each of these rows.
        """
        if self.sums_duplicates:
            rows, gradients = summed_rows(rows, gradients)
        touched = rows >= 0
        rows = ops.where(touched, rows, 0)
        self.iterations.assign(self.iterations + 1)
        step = ops.cast(self.iterations, "float32")
        rate = self._rate()
        for table, slots, gradient in zip(self._tables, self._slots, gradients, strict=True):
            state = [read_rows(slot, rows) for slot in slots]
            changes = self.changes(gradient, state, rate, step)
            for variable, change in zip((table, *slots), changes, strict=True):
                keep = ops.reshape(touched, (-1, *(1 for _ in change.shape[1:])))
                add_to_rows(variable, rows, ops.where(keep, change, 0.0))

    def _rate(self) -> Tensor:
        rate = self.learning_rate
        if isinstance(rate, LearningRateSchedule):
            rate = rate(self.iterations - 1)
        return ops.cast(rate, "float32")

    def get_config(self) -> dict:
        rate = self.learning_rate
        if isinstance(rate, LearningRateSchedule):
            rate = keras.saving.serialize_keras_object(rate)
        return {**super().get_config(), "learning_rate": rate}

    @classmethod
    def from_config(cls, config: dict) -> "RowOptimizer":
        rate = config["learning_rate"]
        if isinstance(rate, dict):
            config = {**config, "learning_rate": keras.saving.deserialize_keras_object(rate)}
        return cls(**config)


def positive(name: str, number: float) -> float:
    """The number, if it is positive and finite."""
    if isinstance(number, bool) or not isinstance(number, Real) or not 0 < number < float("inf"):
        raise InvalidArgumentError(f"`{name}` must be a positive finite number.", **{name: number})
    return float(number)


def share(name: str, number: float) -> float:
    """The number, if it is at least 0 and below 1."""
    if isinstance(number, bool) or not isinstance(number, Real) or not 0 <= number < 1:
        raise InvalidArgumentError(f"`{name}` must be at least 0 and below 1.", **{name: number})
    return float(number)
