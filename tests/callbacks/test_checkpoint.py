"""All state of a training, to disk and back."""

import random
import zipfile

import keras
import numpy as np
import pytest

from kerasoft import Classifier, heads
from kerasoft.callbacks import Checkpoint, checkpoint
from kerasoft.errors import InvalidArgumentError

IMAGES = np.random.default_rng(0).integers(0, 256, (48, 4, 4, 3)).astype(np.uint8)
LABELS = (np.arange(48) % 3).astype(np.int32)


def model(units=8, optimizer="adam"):
    """Something with every kind of state: weights, moving averages, slots and random generators."""
    random.seed(0)
    images = keras.Input((4, 4, 3))
    x = keras.layers.Dense(units)(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images)))
    x = keras.layers.Dropout(0.5, seed=1)(keras.layers.BatchNormalization()(x))
    classifier = Classifier(keras.Model(images, x), heads.SoftmaxHead(3, softmax="gumbel"))
    classifier.build((None, 4, 4, 3))
    classifier.compile(optimizer)
    return classifier


def fit(classifier, *callbacks, epochs=2, initial_epoch=0):
    history = classifier.fit(
        IMAGES,
        LABELS,
        batch_size=16,
        epochs=epochs,
        initial_epoch=initial_epoch,
        shuffle=False,
        callbacks=list(callbacks),
        verbose=0,
    )
    return history.history["loss"]


def state(classifier):
    kinds = (classifier.variables, classifier.optimizer.variables)
    return [np.array(keras.ops.convert_to_numpy(v)) for kind in kinds for v in kind]


def generators(classifier):
    return [v for v in classifier.non_trainable_variables if "seed" in v.path]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model after two epochs, its checkpoint, and the losses of two more epochs."""
    path = tmp_path_factory.mktemp("saved") / "checkpoint.npz"
    classifier = model()
    fit(classifier, Checkpoint(path))
    return path, state(classifier), fit(classifier, epochs=4, initial_epoch=2)


def test_everything_comes_back(saved):
    path, expected, _ = saved
    fresh = model()
    assert len(generators(fresh)) == 2  # dropout and gumbel
    assert Checkpoint.restore(fresh, path) == 2
    for got, value in zip(state(fresh), expected, strict=True):
        np.testing.assert_array_equal(got, value)
    assert int(keras.ops.convert_to_numpy(fresh.optimizer.iterations)) == 6


def test_training_goes_on_as_if_it_had_not_stopped(saved):
    path, _, losses = saved
    fresh = model()
    Checkpoint.restore(fresh, path)
    assert fit(fresh, epochs=4, initial_epoch=2) == losses


def test_the_generators_matter(saved):
    """What the checkpoint is for: with other states the losses differ."""
    path, _, losses = saved
    fresh = model()
    Checkpoint.restore(fresh, path)
    for generator in generators(fresh):
        generator.assign(np.ones(2, "uint32"))
    assert fit(fresh, epochs=4, initial_epoch=2) != losses


def test_loss_scaling_is_state_too(tmp_path):
    keras.config.set_dtype_policy("mixed_float16")
    classifier = model(optimizer="sgd")
    assert isinstance(classifier.optimizer, keras.optimizers.LossScaleOptimizer)
    fit(classifier, Checkpoint(tmp_path / "c.npz"), epochs=1)
    classifier.optimizer.dynamic_scale.assign(123.0)
    checkpoints = Checkpoint(tmp_path / "c.npz")
    checkpoints.set_model(classifier)
    checkpoints.on_epoch_end(4)
    fresh = model(optimizer="sgd")
    assert Checkpoint.restore(fresh, tmp_path / "c.npz") == 5
    assert float(keras.ops.convert_to_numpy(fresh.optimizer.dynamic_scale)) == 123.0


@pytest.mark.parametrize("other", [{"units": 9}, {"optimizer": "sgd"}])
def test_a_checkpoint_of_another_model_changes_nothing(saved, other):
    fresh = model(**other)
    fresh.optimizer.build(fresh.trainable_variables)
    before = state(fresh)
    with pytest.raises(InvalidArgumentError, match=r"another model.* Received: path='.*'$"):
        Checkpoint.restore(fresh, saved[0])
    for got, value in zip(state(fresh), before, strict=True):
        np.testing.assert_array_equal(got, value)


@pytest.fixture(scope="module")
def fresh():
    return model()


def damaged(kind, good, path):
    if kind == "a folder":
        path.mkdir()
    elif kind == "an array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    elif kind == "pickle":
        with path.open("wb") as file:
            np.savez(file, epochs_done=np.array(["x"], dtype=object))
    elif kind == "another archive":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("note.txt", "hello")
    elif kind == "other names":
        np.savez(path, weights=np.zeros(3), biases=np.zeros(2))
    elif kind == "no epochs":
        np.savez(path, variable_0=np.zeros(3), variable_1=np.zeros(2), variable_2=np.zeros(2))
    elif kind == "text":
        path.write_text("hello\nworld\n")
    elif kind == "flipped bytes":
        data = bytearray(good)
        data[200:260] = bytes(255 - byte for byte in data[200:260])
        path.write_bytes(data)
    elif kind != "absent":
        path.write_bytes(good[: {"empty": 0, "short": 100, "half": len(good) // 2}[kind]])


@pytest.mark.parametrize(
    "kind",
    ["empty", "short", "half", "text", "absent", "a folder", "an array", "pickle"]
    + ["another archive", "other names", "no epochs", "flipped bytes"],
)
def test_a_file_that_is_no_checkpoint_is_an_error_of_one_line(saved, fresh, tmp_path, kind):
    path = tmp_path / "checkpoint.npz"
    damaged(kind, saved[0].read_bytes(), path)
    with pytest.raises(InvalidArgumentError) as caught:
        Checkpoint.restore(fresh, path)
    assert str(caught.value).endswith(f"Received: path={str(path)!r}")
    assert "\n" not in str(caught.value)


def test_a_failure_while_writing_leaves_the_old_one(saved, fresh, tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(saved[0].read_bytes())

    def full_disk(file, **arrays):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.np, "savez", full_disk)
    callback = Checkpoint(path)
    callback.set_model(fresh)
    fresh.optimizer.build(fresh.trainable_variables)
    with pytest.raises(OSError, match="No space"):
        callback.on_epoch_end(2)
    assert path.read_bytes() == saved[0].read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_epochs_in_quick_succession_are_not_all_saved(tmp_path, monkeypatch):
    now, path, done = [0.0], tmp_path / "c.npz", []
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            now[0] = [4.0, 10.0, 19.0, 21.0][epoch]

        def on_epoch_end(self, epoch, logs=None):
            done.append(int(np.load(path)["epochs_done"]) if path.exists() else 0)

    fit(model(), Checkpoint(path, seconds_between=10.0), Clock(), epochs=4)
    assert done == [0, 2, 2, 4]
