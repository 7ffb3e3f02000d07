"""Seconds an epoch, to the digit on a clock that the test turns."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from kerasoft import Classifier, backbones, heads
from kerasoft.callbacks import EpochTimer, epoch_timer


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(epoch_timer, "time", clock)
    return clock


@pytest.fixture
def timer():
    timer = EpochTimer()
    timer.set_model(SimpleNamespace(optimizer=SimpleNamespace(iterations=0)))
    return timer


def run_epoch(timer, clock, steps, validation=None, before=0.0):
    """One epoch of steps (seconds each) and then validation (seconds, or None); gives the logs."""
    logs = {"loss": 1.0}
    timer.on_epoch_begin(0)
    clock.now += before
    for index, seconds in enumerate(steps):
        timer.on_train_batch_begin(index)
        clock.now += seconds
        timer.on_train_batch_end(index)
    if validation is not None:
        timer.on_test_begin()
        clock.now += validation
        timer.on_test_end()
    timer.on_epoch_end(0, logs)
    return logs


def test_first_epoch_leaves_compilation_and_validation_out(timer, clock):
    logs = run_epoch(timer, clock, [10.0, 2.0, 3.0, 4.0], validation=50.0)
    assert logs == {
        "loss": 1.0,
        "epoch_seconds": 12.0,  # 3 at the pace of the last three, and these three
        "first_epoch_extra_seconds": 7.0,
        "validation_seconds": 50.0,
    }
    assert timer.first_epoch_extra_seconds == 7.0


def test_calls_of_many_steps_count_by_their_steps(timer, clock):
    """As where a whole epoch is four compiled calls, the last of them short."""
    timer.on_epoch_begin(0)
    for begin, end in ((0, 500), (500, 1000), (1000, 1500), (1500, 1562)):
        timer.on_train_batch_begin(begin)
        clock.now += 0.5 * (end - begin) + (20.0 if begin == 0 else 0.0)
        timer.on_train_batch_end(end - 1)
    timer.on_epoch_end(0, logs := {})
    assert logs == {"epoch_seconds": 781.0, "first_epoch_extra_seconds": 20.0}


def test_the_two_parts_are_the_wall_time_of_training(timer, clock):
    begin = clock.now
    logs = run_epoch(timer, clock, [10.0, 2.0, 3.0], before=1.0)
    wall = clock.now - begin
    assert logs["epoch_seconds"] + logs["first_epoch_extra_seconds"] == wall == 16.0
    assert "validation_seconds" not in logs


def test_what_is_prepared_before_the_first_epoch_is_extra(timer, clock):
    timer.on_train_begin()
    clock.now += 30.0
    logs = run_epoch(timer, clock, [10.0, 2.0, 2.0])
    assert logs["epoch_seconds"] == 6.0
    assert logs["first_epoch_extra_seconds"] == timer.first_epoch_extra_seconds == 38.0
    clock.now += 5.0
    assert run_epoch(timer, clock, [2.0, 2.0])["first_epoch_extra_seconds"] == 0.0


def test_later_epochs_have_no_extra(timer, clock):
    run_epoch(timer, clock, [10.0, 2.0, 2.0], validation=9.0)
    logs = run_epoch(timer, clock, [8.0, 2.0, 2.0], validation=1.0)
    assert logs["epoch_seconds"] == 12.0
    assert logs["first_epoch_extra_seconds"] == 0.0
    assert logs["validation_seconds"] == 1.0
    assert timer.first_epoch_extra_seconds == 8.0


def test_a_quick_first_step_is_no_negative_extra(timer, clock):
    logs = run_epoch(timer, clock, [1.0, 3.0, 5.0])
    assert logs["first_epoch_extra_seconds"] == 0.0
    assert logs["epoch_seconds"] == 9.0


def test_one_step_an_epoch_has_nothing_to_compare_with(timer, clock):
    logs = run_epoch(timer, clock, [7.0], validation=2.0)
    assert logs["epoch_seconds"] == 7.0
    assert logs["first_epoch_extra_seconds"] == 0.0
    assert run_epoch(timer, clock, [1.0])["epoch_seconds"] == 1.0


def test_steady_epoch_seconds_is_the_median_without_the_first_epoch(timer, clock):
    assert timer.steady_epoch_seconds is None
    run_epoch(timer, clock, [90.0, 50.0])
    assert timer.steady_epoch_seconds == 100.0  # alone
    for seconds in (3.0, 1.0, 8.0):
        run_epoch(timer, clock, [seconds])
    assert timer.epoch_seconds == [100.0, 3.0, 1.0, 8.0]
    assert timer.steady_epoch_seconds == 3.0


def test_without_logs_it_still_counts(timer, clock):
    timer.on_epoch_begin(0)
    clock.now += 2.0
    timer.on_epoch_end(0)
    assert timer.epoch_seconds == [2.0]


@pytest.mark.parametrize("validated", [True, False])
def test_in_fit(validated):
    images = np.zeros((64, 4, 4, 3), np.uint8)
    labels = np.arange(64, dtype=np.int32) % 3
    model = Classifier(backbones.linear(input_shape=(4, 4, 3)), heads.SoftmaxHead(3))
    model.compile("sgd")
    timer = EpochTimer()
    begin = time.perf_counter()
    history = model.fit(
        images,
        labels,
        batch_size=16,
        epochs=2,
        validation_data=(images, labels) if validated else None,
        callbacks=[timer],
        verbose=0,
    ).history
    wall = time.perf_counter() - begin
    parts = ["epoch_seconds", "first_epoch_extra_seconds"]
    parts += ["validation_seconds"] if validated else []
    assert all(len(history[part]) == 2 for part in parts)
    assert ("validation_seconds" in history) == validated
    assert history["epoch_seconds"] == timer.epoch_seconds
    assert history["first_epoch_extra_seconds"] == [timer.first_epoch_extra_seconds, 0.0]
    assert all(seconds > 0 for seconds in timer.epoch_seconds)
    assert 0 < sum(sum(history[part]) for part in parts) < wall
