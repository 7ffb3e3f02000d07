"""One row an epoch, on disk at once."""

from pathlib import Path

import keras

from kerasoft.callbacks.table import read_metrics, write_rows
from kerasoft.errors import InvalidArgumentError

_FIRST_COLUMNS = (
    "epoch", "learning_rate", "loss", "accuracy", "top5", "val_loss", "val_accuracy", "val_top5",
    "epoch_seconds", "validation_seconds", "first_epoch_extra_seconds",
)  # fmt: skip


class RunLogger(keras.callbacks.Callback):
    """Writes every epoch's logs as a row of a CSV file.

    Columns are `epoch` (counted from 1), the learning rate, and the logs of the first epoch in a
    fixed order. Put it after callbacks that add to the logs.

    Args:
        path: the CSV file.
        initial_epoch: how many rows of an existing file to keep, when a run goes on; 0 starts anew.

    Raises:
        InvalidArgumentError: if the file has fewer rows than that, or is none of a `RunLogger`.
    """

    def __init__(self, path: str | Path, initial_epoch: int = 0):
        super().__init__()
        self.path = Path(path)
        self.rows = read_metrics(self.path)[:initial_epoch] if initial_epoch else []
        if len(self.rows) < initial_epoch:
            raise InvalidArgumentError(
                f"The file has fewer than {initial_epoch} epochs.", path=str(path)
            )

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        rate = float(keras.ops.convert_to_tensor(self.model.optimizer.learning_rate))
        self.rows.append({"epoch": epoch + 1, "learning_rate": rate, **(logs or {})})
        write_rows(self.path, self.rows, _FIRST_COLUMNS)
