"""One row an epoch."""

import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kerasoft import Classifier, backbones, heads
from kerasoft.callbacks import RunLogger, read_metrics
from kerasoft.errors import InvalidArgumentError


def logger(path, initial_epoch=0, rate=0.5):
    callback = RunLogger(path, initial_epoch)
    callback.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=rate)))
    return callback


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.csv"


def test_columns_stand_in_a_fixed_order_and_extra_ones_at_the_end(path):
    logs = {"zebra": 9.0, "val_loss": 3.0, "epoch_seconds": 1.5, "accuracy": 0.25, "loss": 2.0}
    logger(path).on_epoch_end(0, logs)
    assert path.read_text() == (
        "epoch,learning_rate,loss,accuracy,val_loss,epoch_seconds,zebra\n"
        "1,0.5,2.0,0.25,3.0,1.5,9.0\n"
    )


def test_every_row_is_on_disk_at_once_and_alone(path):
    callback = logger(path)
    for epoch in range(3):
        callback.on_epoch_end(epoch, {"loss": float(epoch)})
        assert [row["epoch"] for row in read_metrics(path)] == list(range(1, epoch + 2))
        assert [file.name for file in path.parent.iterdir()] == ["metrics.csv"]


def test_numbers_come_back_as_they_were(path):
    values = [1 / 3, 1e-300, 1.7976931348623157e308, -0.0, math.inf, float(np.float32(0.1))]
    callback = logger(path)
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"loss": value})
    assert [row["loss"] for row in read_metrics(path)] == values
    assert path.read_bytes().count(b"\r") == 0


def test_nan_comes_back_as_nan(path):
    logger(path).on_epoch_end(0, {"loss": float("nan"), "accuracy": 0.5})
    (row,) = read_metrics(path)
    assert math.isnan(row["loss"])
    assert row["accuracy"] == 0.5


def test_later_rows_may_lack_or_add_a_value(path):
    callback = logger(path)
    callback.on_epoch_end(0, {"loss": 1.0, "val_loss": 2.0})
    callback.on_epoch_end(1, {"loss": 0.5, "surprise": 7.0})
    first, second = read_metrics(path)
    assert first == {"epoch": 1, "learning_rate": 0.5, "loss": 1.0, "val_loss": 2.0}
    assert second == {"epoch": 2, "learning_rate": 0.5, "loss": 0.5}


def test_without_logs_there_is_still_a_row(path):
    logger(path).on_epoch_end(0)
    assert read_metrics(path) == [{"epoch": 1, "learning_rate": 0.5}]


def test_a_resumed_run_drops_the_rows_beyond_its_checkpoint(path):
    whole, callback = path.with_name("whole.csv"), logger(path)
    straight = logger(whole)
    for epoch in range(4):
        straight.on_epoch_end(epoch, {"loss": 1.0 / (epoch + 1)})
    for epoch in range(3):
        callback.on_epoch_end(epoch, {"loss": 1.0 / (epoch + 1)})
    resumed = logger(path, initial_epoch=2)
    for epoch in (2, 3):
        resumed.on_epoch_end(epoch, {"loss": 1.0 / (epoch + 1)})
    assert path.read_bytes() == whole.read_bytes()


def test_a_new_run_forgets_what_lies_there(path):
    path.write_text("garbage")
    logger(path).on_epoch_end(0, {"loss": 1.0})
    assert len(read_metrics(path)) == 1


@pytest.mark.parametrize(
    "content", ["epoch,loss\n1,0.5\n", "epoch,loss\n", "", "epoch,loss\n1,one\n2,two\n", "a\n1,2\n"]
)
def test_a_file_that_cannot_be_continued_is_refused(path, content):
    path.write_text(content)
    with pytest.raises(InvalidArgumentError, match=r"Received: path='.*metrics\.csv'$"):
        RunLogger(path, initial_epoch=2)
    assert path.read_text() == content


def test_an_absent_file_cannot_be_continued(path):
    with pytest.raises(FileNotFoundError):
        RunLogger(path, initial_epoch=1)


def test_the_rate_of_a_schedule_is_written(path):
    schedule = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=8)
    model = Classifier(backbones.linear(input_shape=(4, 4, 3)), heads.SoftmaxHead(3))
    model.compile(keras.optimizers.SGD(schedule))
    images, labels = np.zeros((32, 4, 4, 3), np.uint8), np.arange(32) % 3
    model.fit(images, labels, batch_size=16, epochs=4, callbacks=[RunLogger(path)], verbose=0)
    rates = [row["learning_rate"] for row in read_metrics(path)]
    steps = np.array([2, 4, 6, 8])
    np.testing.assert_allclose(rates, 0.05 * (1 + np.cos(np.pi * steps / 8)), atol=1e-8)
