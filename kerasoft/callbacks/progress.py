"""A progress bar with the time left until the end of training, not of the epoch."""

import sys
import time
from typing import TextIO

import keras

_WIDTH = 24
_SECONDS_BETWEEN_UPDATES = 0.25


class Progress(keras.callbacks.Callback):
    """Shows one line an epoch, and on a terminal a bar with the time left while it runs.

    It reads no logs between epochs, so that it never makes the device wait: pass `verbose=0` to
    `fit`.

    Args:
        stream: where to write; standard error if None.
    """

    def __init__(self, stream: TextIO | None = None):
        super().__init__()
        self.stream = stream or sys.stderr

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        now = time.perf_counter()
        if not hasattr(self, "_first"):
            self._first, self._begin, self._begin_done = epoch, now, 0.0
            self._warm = False
        self._epoch, self._shown = epoch, 0.0

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        now = time.perf_counter()
        done = batch / self.params["steps"] if self.params.get("steps") else 0.0
        if batch and not self._warm:  # the first step compiled: it says nothing about the others
            self._begin, self._begin_done, self._warm = now, done, True
        if self.stream.isatty() and now - self._shown > _SECONDS_BETWEEN_UPDATES:
            self._shown = now
            bar = ("=" * round(_WIDTH * done)).ljust(_WIDTH, ".")
            self._write(f"\r{self._label()} [{bar}] {self._time_left(done)}", end="")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs = logs or {}
        shown = [name for name in _TITLES if name in logs]
        parts = [f"{_TITLES[name]} {_FORMATS[name](logs[name])}" for name in shown]
        start = "\r" if self.stream.isatty() else ""
        self._write("  ".join([start + self._label(), *parts, self._time_left(1.0)]), end="\n")

    def _label(self) -> str:
        epochs = self.params["epochs"]
        return f"epoch {self._epoch + 1:>{len(str(epochs))}}/{epochs}"

    def _time_left(self, fraction: float) -> str:
        done = self._epoch - self._first + fraction
        left = self.params["epochs"] - self._first - done
        if left <= 0:
            return ""
        if done <= self._begin_done:
            return "preparing"
        pace = (time.perf_counter() - self._begin) / (done - self._begin_done)
        seconds = round(pace * left)
        return f"{seconds // 60}:{seconds % 60:02d} left"

    def _write(self, text: str, end: str) -> None:
        clear = "\033[K" if self.stream.isatty() else ""
        self.stream.write(text.rstrip() + clear + end)
        self.stream.flush()


def _percent(value: float) -> str:
    return f"{100 * value:5.2f} %"


_TITLES = {
    "loss": "loss",
    "accuracy": "accuracy",
    "val_loss": "validation loss",
    "val_accuracy": "accuracy",
    "epoch_seconds": "took",
}
_FORMATS = {
    "loss": "{:.4f}".format,
    "accuracy": _percent,
    "val_loss": "{:.4f}".format,
    "val_accuracy": _percent,
    "epoch_seconds": "{:.1f} s".format,
}
