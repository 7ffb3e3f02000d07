"""A step that is written down does what Keras's step does."""

import keras
import numpy as np
import pytest
from backend import NAME, to_numpy

import kerasoft
from kerasoft import augmentation, heads

if NAME != "torch":
    pytest.skip("PyTorch alone writes steps down", allow_module_level=True)

import torch

from kerasoft.training import fit_on_device
from kerasoft.training.device_steps_torch import DeviceSteps
from kerasoft.training.replayed_step_torch import NotReplayable, ReplayedStep

CLASSES, COUNT, BATCH = 60, 70, 16
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (COUNT, 8, 8, 3), dtype="uint8")
LABELS = (np.arange(COUNT) % CLASSES).astype("int32")
DATA = torch.as_tensor(IMAGES), torch.as_tensor(LABELS)


def batch(rows):
    return tuple(array[rows.to(array.device)] for array in DATA)


def classifier(head="softmax", policy="float32", optimizer=None, dropout=None, **options):
    keras.utils.set_random_seed(1)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        images = keras.Input((8, 8, 3))
        x = keras.layers.Rescaling(1 / 255)(images)
        x = keras.layers.Conv2D(6, 3, data_format="channels_last")(x)
        x = keras.layers.Activation("relu")(keras.layers.BatchNormalization()(x))
        x = keras.layers.MaxPooling2D(data_format="channels_last")(x)
        x = keras.layers.Flatten()(x)
        if dropout is not None:
            x = dropout(x)
        head = heads.get(head, num_classes=CLASSES, dtype=policy)
        model = kerasoft.Classifier(keras.Model(images, x), head, **options)
    finally:
        keras.config.set_dtype_policy(before)
    model.build((None, 8, 8, 3))
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 20)
    optimizer = optimizer or keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True)
    model.compile(optimizer, metrics=["accuracy"])
    return model


def replay(**options):
    """`fit_on_device` by replayed steps, and the steps."""
    model = classifier(**options)
    settings = {"batch_size": BATCH, "epochs": 2, "verbose": 0}
    history = fit_on_device(model, IMAGES, LABELS, validation_data=(IMAGES, LABELS), **settings)
    return model, history.history


@pytest.fixture
def replaying(monkeypatch):
    """Steps are replayed on this device; gives a list of those that were written down."""
    made = []

    def write_down(self, numbers):
        try:
            self._replayed = ReplayedStep(self.model, self._batch, numbers)
            made.append(self._replayed)
        except NotReplayable as reason:
            self._may_replay = False
            made.append(reason)

    monkeypatch.setattr(DeviceSteps, "replays", staticmethod(lambda: True))
    monkeypatch.setattr(DeviceSteps, "_write_down", write_down)
    return made


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"head": "entmax15"},
        {"head": "sparsemax"},
        {"head": "pseudo"},
        {"head": "hierarchical"},
        {"policy": "mixed_bfloat16"},
        {"policy": "mixed_float16"},
        {"optimizer": "adamw"},
    ],
    ids=str,
)
def test_it_trains_as_keras_does(options, replaying, monkeypatch):
    found, history = replay(**options)
    (step,) = replaying
    assert isinstance(step, ReplayedStep)
    monkeypatch.setattr(DeviceSteps, "replays", staticmethod(lambda: False))
    expected, their_history = replay(**options)
    tolerance = 1e-6 if "policy" not in options else 1e-2
    for one, other in zip(found.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
    assert history.keys() == their_history.keys()
    for name, values in history.items():
        np.testing.assert_allclose(values, their_history[name], rtol=tolerance, err_msg=name)


@pytest.mark.parametrize(
    "options",
    [
        {"head": "gumbel"},
        {"augmentation": augmentation.RandomFlip()},
        {"augmentation": augmentation.RandomShift(2)},
        {"augmentation": augmentation.RandomCutout(3)},
        {"augmentation": augmentation.TrivialAugment()},
        {"mixing": augmentation.CutMix()},
        {"mixing": augmentation.MixUp()},
        {"dropout": keras.layers.Dropout(0.5)},
    ],
    ids=lambda options: str(next(iter(options.values()))),
)
def test_every_step_draws_anew(options):
    model = classifier(optimizer=keras.optimizers.SGD(0.0), **options)
    rows = torch.arange(BATCH)
    model.train()
    model.train_step(batch(rows))
    step = ReplayedStep(model, batch, rows)
    losses = []
    for seed in (0, 1, 1):
        torch.manual_seed(seed)
        model.reset_metrics()
        losses.append(float(step(rows)["loss"]))
    assert losses[0] != losses[1] == losses[2]


def test_writing_down_changes_nothing():
    model = classifier("gumbel", augmentation=augmentation.RandomShift(2))
    rows = torch.arange(BATCH)
    model.train()
    model.train_step(batch(rows))
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    before = [to_numpy(variable.value) for variable in variables]
    ReplayedStep(model, batch, rows)
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(to_numpy(variable.value), value)
    assert all(variable.value.grad is None for variable in model.trainable_variables)
    assert "apply" not in vars(model.optimizer)


def test_a_seed_that_the_host_reads_is_no_constant(replaying):
    """Keras's dropout makes a generator of its own where it is seeded."""
    model, history = replay(dropout=keras.layers.Dropout(0.5, seed=3))
    (reason,) = replaying
    assert isinstance(reason, NotReplayable)
    assert np.isfinite(history["loss"]).all()


def test_what_is_decided_by_values_is_not_replayed(replaying):
    class Deciding(keras.layers.Layer):
        def call(self, x):
            return x if float(keras.ops.sum(x)) > 0 else -x

    model, history = replay(dropout=Deciding())
    (reason,) = replaying
    assert isinstance(reason, NotReplayable)
    assert np.isfinite(history["loss"]).all()
