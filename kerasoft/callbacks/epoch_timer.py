"""Seconds an epoch that can be compared."""

import statistics
import time

import keras


class EpochTimer(keras.callbacks.Callback):
    """Measures each epoch and adds three numbers, in seconds, to its logs.

    - `epoch_seconds`: training only, at steady pace. In the first epoch of a process this leaves
      out what the first step (where many run in one call, the first call) took beyond the pace of
      the others.
    - `first_epoch_extra_seconds`: just that, i.e. compilation and warm-up, and what was prepared
      before the first epoch began; 0 in later epochs.
    - `validation_seconds`: evaluation at the end of the epoch (its own compilation included); only
      where there is validation data.

    An average over epochs that hides a compiling first one says more about the compiler than about
    the model; `steady_epoch_seconds` is a median that leaves the first epoch out.

    Put it before callbacks that read logs. Device work is waited for at the end of training, so
    that asynchronous steps are not counted as validation. O(1) a step.
    """

    def __init__(self):
        super().__init__()
        self.epoch_seconds: list[float] = []
        self.first_epoch_extra_seconds: float | None = None
        self._train_begin: float | None = None

    @property
    def steady_epoch_seconds(self) -> float | None:
        """Median of `epoch_seconds` without the first epoch (the first, where it is alone)."""
        steady = self.epoch_seconds[1:] or self.epoch_seconds
        return statistics.median(steady) if steady else None

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._train_begin = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._begin = time.perf_counter()
        self._preparation = self._begin - (self._train_begin or self._begin)
        self._train_begin = None  # other epochs are not prepared
        self._second_call = self._trained = self._validated = None
        self._calls = self._steps = 0

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        self._calls += 1
        if self._calls == 2:
            self._second_call, self._first_steps = time.perf_counter(), batch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._steps = batch + 1

    def on_test_begin(self, logs: dict | None = None) -> None:
        float(keras.ops.convert_to_tensor(self.model.optimizer.iterations))  # waits for steps
        self._trained = time.perf_counter()

    def on_test_end(self, logs: dict | None = None) -> None:
        self._validated = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        end = self._trained or time.perf_counter()
        extra = self._extra(end) if not self.epoch_seconds else 0.0
        if self.first_epoch_extra_seconds is None:
            self.first_epoch_extra_seconds = self._preparation + extra
        self.epoch_seconds.append(end - self._begin - extra)
        if logs is not None:
            logs["epoch_seconds"] = self.epoch_seconds[-1]
            logs["first_epoch_extra_seconds"] = self._preparation + extra
            if self._validated is not None:
                logs["validation_seconds"] = self._validated - self._trained

    def _extra(self, end: float) -> float:
        """What the first call took beyond the pace of the later ones; a call may be many steps."""
        if self._second_call is None:
            return 0.0  # a single call: nothing to compare it with
        pace = (end - self._second_call) / (self._steps - self._first_steps)
        return max(0.0, self._second_call - self._begin - self._first_steps * pace)
