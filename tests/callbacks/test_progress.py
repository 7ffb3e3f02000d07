"""What is shown while one waits."""

import io
import re

import pytest

from kerasoft.callbacks import Progress, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now = 1000.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


LOGS = {"loss": 1.23456, "accuracy": 0.5, "val_loss": 2.0, "val_accuracy": 0.0625, "other": 1.0}


def show(stream, clock, first=0, epochs=3, steps=4, seconds=1.0, logs=LOGS):
    """The epochs from `first` on, `seconds` a step; gives what was written in each epoch."""
    callback = Progress(stream)
    callback.set_params({"epochs": epochs, "steps": steps})
    callback.on_train_begin()
    written = []
    for epoch in range(first, epochs):
        before = len(stream.getvalue())
        callback.on_epoch_begin(epoch)
        for step in range(steps or 4):
            callback.on_train_batch_begin(step)
            clock.now += seconds
        callback.on_epoch_end(epoch, dict(logs))
        written.append(stream.getvalue()[before:])
    return written


def test_a_file_gets_one_line_an_epoch_and_no_control_characters(clock):
    first, second, last = show(io.StringIO(), clock)
    assert first == (
        "epoch 1/3  loss 1.2346  accuracy 50.00 %  validation loss 2.0000  accuracy  6.25 %"
        "  0:08 left\n"
    )
    assert second.endswith("  0:04 left\n")
    assert last.endswith("accuracy  6.25 %\n")  # nothing is left
    assert not re.search(r"[\r\033]", first + second + last)


def test_a_terminal_gets_a_bar_that_fills(clock):
    first, second, _ = show(Terminal(), clock)
    frames = first.split("\r")[1:]
    assert [frame.count("=") for frame in frames] == [0, 6, 12, 18, 0]
    assert frames[0] == "epoch 1/3 [........................] preparing\033[K"
    assert frames[1] == "epoch 1/3 [======..................] preparing\033[K"
    assert frames[2] == "epoch 1/3 [============............] 0:10 left\033[K"
    assert frames[4].startswith("epoch 1/3  loss 1.2346")
    assert first.count("\n") == 1
    assert "] 0:08 left" in second  # the first frame of the second epoch


def test_compilation_in_the_first_step_does_not_frighten(clock):
    stream = Terminal()
    callback = Progress(stream)
    callback.set_params({"epochs": 1, "steps": 4})
    callback.on_epoch_begin(0)
    for step, seconds in enumerate((60.0, 1.0, 1.0, 1.0)):
        callback.on_train_batch_begin(step)
        clock.now += seconds
    assert stream.getvalue().endswith("] 0:01 left\033[K")


def test_quick_steps_are_not_all_shown(clock):
    (written, *_) = show(Terminal(), clock, steps=100, seconds=0.01)
    assert 3 <= written.count("[") - written.count("\033[") <= 5


def test_a_resumed_run_estimates_from_its_own_epochs(clock):
    written = show(io.StringIO(), clock, first=7, epochs=10, seconds=15.0)
    assert written[0].startswith("epoch  8/10  ")
    assert written[0].endswith("2:00 left\n")
    assert written[1].endswith("1:00 left\n")
    assert "left" not in written[2]


def test_unknown_number_of_steps(clock):
    written = show(Terminal(), clock, steps=None)
    assert all("epoch" in text for text in written)


def test_one_epoch_without_logs(clock):
    assert show(io.StringIO(), clock, epochs=1, logs={}) == ["epoch 1/1\n"]


def test_nan_is_shown(clock):
    (line,) = show(io.StringIO(), clock, epochs=1, logs={"loss": float("nan")})
    assert line == "epoch 1/1  loss nan\n"


def test_standard_error_by_default(clock, capsys):
    callback = Progress()
    callback.set_params({"epochs": 1, "steps": 1})
    callback.on_epoch_begin(0)
    callback.on_epoch_end(0, {"loss": 1.0})
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "epoch 1/1  loss 1.0000\n"
