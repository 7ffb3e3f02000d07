"""All that training needs to go on as if it had never stopped."""

import time
from pathlib import Path

import keras
import numpy as np

from kerasoft.errors import InvalidArgumentError
from kerasoft.files import replacing


class Checkpoint(keras.callbacks.Callback):
    """Saves every variable of the model and of its optimizer after an epoch, to one .npz file.

    Unlike `keras.callbacks.BackupAndRestore` it keeps the states of random generators too, so that
    a resumed run draws the dropout masks and the noise that an uninterrupted one would have drawn.
    The file is replaced atomically. One generator is out of reach: Keras on PyTorch draws the masks
    of a `Dropout` without a seed from PyTorch's own, see `kerasoft.training.epoch_seed`.

    Args:
        path: the .npz file.
        seconds_between: what must have passed since training began or the last one was saved;
            after epochs of a second, writing would take longer than training. By default every
            epoch is saved.
    """

    def __init__(self, path: str | Path, seconds_between: float = 0.0):
        super().__init__()
        self.path = Path(path)
        self.seconds_between = seconds_between
        self._last = -float("inf")

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._last = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if time.monotonic() - self._last < self.seconds_between:
            return
        arrays = {
            f"variable_{index}": keras.ops.convert_to_numpy(variable.value)
            for index, variable in enumerate(_state(self.model))
        }
        with replacing(self.path) as temporary, temporary.open("wb") as file:
            np.savez(file, epochs_done=epoch + 1, **arrays)
        self._last = time.monotonic()

    @staticmethod
    def restore(model: keras.Model, path: str | Path) -> int:
        """Puts the saved state into a built and compiled model of the same making.

        Returns:
            The number of epochs done: the `initial_epoch` of the next `fit`.

        Raises:
            InvalidArgumentError: if the file is no checkpoint, or one of another model.
        """
        model.optimizer.build(model.trainable_variables)
        variables = _state(model)
        try:
            with np.load(path, allow_pickle=False) as saved:
                arrays = [saved[f"variable_{index}"] for index in range(len(saved.files) - 1)]
                epochs_done = int(saved["epochs_done"])
        except Exception as error:  # whatever the broken part of a file leads to
            raise InvalidArgumentError(
                f"The checkpoint cannot be read ({error}).", path=str(path)
            ) from error
        if [a.shape for a in arrays] != [tuple(v.shape) for v in variables]:
            raise InvalidArgumentError("The checkpoint belongs to another model.", path=str(path))
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        return epochs_done


def _state(model: keras.Model) -> list[keras.Variable]:
    """Every variable of the model (generators included) and of its optimizer, in a fixed order."""
    return [*model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables]
