"""One row every so many steps."""

import keras
import numpy as np
import pytest

from kerasoft import Classifier, backbones, heads
from kerasoft.callbacks import StepLogger, read_metrics
from kerasoft.errors import InvalidArgumentError
from kerasoft.training.batches import ShuffledRows
from kerasoft.training.fit_on_device import fit_on_device

COUNT, BATCH, CLASSES = 47, 4, 5  # eleven steps an epoch
EVERY = 3


@pytest.fixture
def path(tmp_path):
    return tmp_path / "steps.csv"


def tell(logger, losses, epoch):
    """An epoch as Keras tells of it: means since it began."""
    logger.on_epoch_begin(epoch)
    for step in range(len(losses)):
        mean = np.mean(losses[: step + 1])
        logger.on_train_batch_end(step, {"loss": np.float32(mean), "top5": 0.25})
    logger.on_epoch_end(epoch)


def test_rows_are_means_since_the_row_before(path):
    losses = np.random.default_rng(0).uniform(0.5, 3.0, (2, 11))
    logger = StepLogger(path, EVERY)
    for epoch in range(2):
        tell(logger, losses[epoch], epoch)
    rows = read_metrics(path)
    assert list(rows[0]) == ["epoch", "step", "loss", "top5"]
    assert [row["epoch"] for row in rows] == [1, 1, 1, 2, 2, 2]
    assert [row["step"] for row in rows] == [3, 6, 9, 14, 17, 20]
    expected = losses[:, :9].reshape(2, 3, 3).mean(-1).ravel()
    np.testing.assert_allclose([row["loss"] for row in rows], expected, rtol=1e-5)
    np.testing.assert_allclose([row["top5"] for row in rows], 0.25, rtol=1e-12)


def test_a_run_that_goes_on_drops_what_came_after_its_checkpoint(path):
    losses = np.arange(1.0, 34.0).reshape(3, 11)
    whole = StepLogger(path, EVERY)
    for epoch in range(3):
        tell(whole, losses[epoch], epoch)
    expected = path.read_text()
    again = StepLogger(path, EVERY, initial_step=11)
    assert [row["step"] for row in again.rows] == [3, 6, 9]
    for epoch in (1, 2):
        tell(again, losses[epoch], epoch)
    assert path.read_text() == expected
    assert len(StepLogger(path, EVERY).rows) == 0


@pytest.mark.parametrize("every", [0, -1, 1.5, True])
def test_steps_a_row_are_a_positive_integer(path, every):
    with pytest.raises(InvalidArgumentError, match=f"`every`.*Received: every={every}"):
        StepLogger(path, every)


@pytest.mark.parametrize("text", ["epoch,step\n1,x\n", "epoch,loss\n1,2\n", "epoch,step\n1,\n", ""])
def test_another_table_is_one_line(path, text):
    path.write_text(text)
    with pytest.raises(InvalidArgumentError, match="no table of .*Received: path="):
        StepLogger(path, EVERY, initial_step=5)


@pytest.mark.parametrize("steps_per_call", [1, 2, 5, 11])
def test_batches_of_a_real_training(path, steps_per_call):
    """A learning rate of 0: each batch's loss can be had again."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (COUNT, 32, 32, 3), dtype="uint8")
    labels = rng.integers(0, CLASSES, COUNT)
    keras.utils.set_random_seed(2)
    model = Classifier(backbones.get("linear"), heads.get("softmax", CLASSES))
    model.build((None, 32, 32, 3))
    model.compile(keras.optimizers.SGD(0.0), metrics=["accuracy"])
    options = {"batch_size": BATCH, "epochs": 2, "seed": 3, "verbose": 0}
    options |= {"steps_per_call": steps_per_call, "logging_steps": EVERY}
    fit_on_device(model, images, labels, callbacks=[StepLogger(path, EVERY)], **options)
    order = ShuffledRows(COUNT, BATCH, 3)
    expected = []
    for epoch in range(2):
        for steps in np.split(order.epoch(epoch)[:9], 3):
            rows = steps.ravel()
            found = model.evaluate(images[rows], labels[rows], verbose=0, return_dict=True)
            expected.append([found["loss"], found["accuracy"]])
    rows = [[row["loss"], row["accuracy"]] for row in read_metrics(path)]
    np.testing.assert_allclose(rows, expected, rtol=1e-4, atol=1e-6)
