"""One row every so many steps."""

from pathlib import Path

import keras

from kerasoft.arguments import check_positive
from kerasoft.callbacks.table import read_metrics, write_rows
from kerasoft.errors import InvalidArgumentError

_FIRST_COLUMNS = ("epoch", "step", "loss", "accuracy", "top5")


class StepLogger(keras.callbacks.Callback):
    """Writes means over every so many steps as rows of a CSV file, at the end of each epoch.

    Columns are `epoch` and `step` (both counted from 1 since training began), the loss and the
    metrics of training, each the mean over that many steps up to this one. They begin anew in each
    epoch, so what is left at its end has no row. Keras tells means since the epoch began; those of
    fewer steps are their differences, exact but for rounding where a metric is a mean over batches
    of one size. The device is waited for once a row. Memory grows with the rows, and an epoch
    writes them all.

    Args:
        path: the CSV file.
        every: steps a row. Only the last step of a call can be looked at, where `fit_on_device` (or
            `fit` with `steps_per_execution`) runs many in one: see `logging_steps` of the former.
        initial_step: how many steps were done before, when a run goes on: rows of an existing file
            that are no later stay.

    Raises:
        InvalidArgumentError: if `every` is not positive, or an existing file is no such table.
    """

    def __init__(self, path: str | Path, every: int, initial_step: int = 0):
        super().__init__()
        check_positive(every=every)
        self.path, self.every = Path(path), every
        before = read_steps(self.path) if initial_step and self.path.exists() else []
        self.rows = [row for row in before if row["step"] <= initial_step]
        self._done, self._steps = initial_step, 0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._epoch = epoch + 1
        self._done, self._steps = self._done + self._steps, 0
        self._sums: dict[str, float] = {}

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._steps = batch + 1
        if self._steps % self.every:
            return
        sums = {name: self._steps * float(value) for name, value in (logs or {}).items()}
        means = {
            name: (value - self._sums.get(name, 0.0)) / self.every for name, value in sums.items()
        }
        self._sums = sums
        self.rows.append({"epoch": self._epoch, "step": self._done + self._steps} | means)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if self.rows:
            write_rows(self.path, self.rows, _FIRST_COLUMNS)


def read_steps(path: str | Path) -> list[dict[str, float]]:
    """Reads the file of a `StepLogger`: a dict of numbers a row.

    Raises:
        InvalidArgumentError: if the file is none.
    """
    rows = read_metrics(path)
    if not rows or not all("step" in row for row in rows):
        raise InvalidArgumentError("This is no table of steps.", path=str(path))
    return rows
