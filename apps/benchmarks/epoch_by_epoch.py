"""A training whose epochs are run one by one, when they are asked for."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

import keras

from benchmarks import gradients

ENDLESS = 1_000_000  # epochs: whoever asks decides when it is enough


class EpochByEpoch:
    """A call of this runs the next epoch of one training, and returns when the device is done.

    What a training compiles it compiles once, however many epochs it has. So several trainings can
    take turns only if each of them waits between two epochs: it has a thread of its own. The first
    call begins the training, and so all that comes before its first epoch counts.

    Args:
        model: what is trained.
        train: `train(epochs=..., callbacks=...)` trains it as `keras.Model.fit` would.
    """

    def __init__(self, model: keras.Model, train: Callable[..., object]):
        self._model = model
        self._train = train
        self._thread: threading.Thread | None = None
        self._go_on: SimpleQueue[bool] = SimpleQueue()
        self._results: SimpleQueue[float | BaseException] = SimpleQueue()

    def __call__(self) -> float:
        """The loss of that epoch; raises what the training raises."""
        if self._thread is None:
            # As a daemon, it does not keep a process that is interrupted from ending.
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        else:
            self._go_on.put(True)
        result = self._results.get()
        if isinstance(result, BaseException):
            raise result
        return result

    def end(self) -> None:
        """Ends the training after the epochs that were asked for."""
        self._go_on.put(False)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        callback = keras.callbacks.LambdaCallback(on_epoch_end=self._on_epoch_end)
        try:
            self._train(epochs=ENDLESS, callbacks=[callback])
        except BaseException as error:
            self._results.put(error)

    def _on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        gradients.to_numpy(self._model.trainable_variables[-1].value)  # waits for the last update
        self._results.put(float(logs["loss"]))
        self._model.stop_training = not self._go_on.get()
