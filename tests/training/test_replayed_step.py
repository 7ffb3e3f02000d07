"""A step that is written down does what Keras's step does."""

from functools import partial

import keras
import numpy as np
import pytest
from backend import NAME, to_numpy

import kerasoft
from kerasoft import augmentation, heads

if NAME != "torch":
    pytest.skip("PyTorch alone writes steps down", allow_module_level=True)

import torch
from torch.fx.experimental.proxy_tensor import make_fx

from kerasoft.training import fit_on_device
from kerasoft.training.device_steps_torch import DeviceSteps
from kerasoft.training.muon import Muon
from kerasoft.training.replayed_step_torch import NotReplayable, ReplayedStep, on_one_device

CLASSES, COUNT, BATCH = 60, 70, 16
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (COUNT, 8, 8, 3), dtype="uint8")
LABELS = (np.arange(COUNT) % CLASSES).astype("int32")
DATA = keras.ops.convert_to_tensor(IMAGES), keras.ops.convert_to_tensor(LABELS)
ROWS = keras.ops.arange(BATCH)  # on the device of Keras


def batch(rows):
    return tuple(array[rows] for array in DATA)


def classifier(head="softmax", policy="float32", optimizer=None, dropout=None, **options):
    keras.utils.set_random_seed(1)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        images = keras.Input((8, 8, 3))
        x = keras.layers.Rescaling(1 / 255)(images)
        x = keras.layers.Conv2D(6, 3, use_bias=False, data_format="channels_last")(x)
        x = keras.layers.Activation("relu")(keras.layers.BatchNormalization()(x))
        x = keras.layers.MaxPooling2D(data_format="channels_last")(x)
        x = keras.layers.Flatten()(x)
        if dropout is not None:
            x = dropout(x)
        if isinstance(head, str):
            head = heads.get(head, num_classes=CLASSES, dtype=policy)
        model = kerasoft.Classifier(keras.Model(images, x), head, **options)
    finally:
        keras.config.set_dtype_policy(before)
    model.build((None, 8, 8, 3))
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 20)
    optimizer = optimizer or keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True)
    optimizer = optimizer() if callable(optimizer) else optimizer
    model.compile(optimizer, metrics=["accuracy"])
    return model


def begin(model):
    """The first step, in which metrics and optimizer make their variables."""
    model.train()
    model.train_step(batch(ROWS))


def written_down(model, **options):
    begin(model)
    return ReplayedStep(model, batch, ROWS, **options)


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


def gathering():
    return keras.optimizers.Adam(gradient_accumulation_steps=2)


def averaging():
    return keras.optimizers.Adam(use_ema=True, ema_momentum=0.9)


def at_a_rate_of_the_host():
    return keras.optimizers.SGD(lambda: 0.1)


class Stairs(keras.optimizers.schedules.LearningRateSchedule):
    """Decided by the count of steps, a single number, which PyTorch would take for a constant."""

    def __call__(self, step):
        return 0.1 if int(step) < 3 else 0.0


def at_a_rate_of_steps():
    return keras.optimizers.SGD(Stairs())


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
        {"optimizer": gathering},
        {"optimizer": averaging},
        {"optimizer": at_a_rate_of_the_host},
        {"optimizer": at_a_rate_of_steps},
        {"optimizer": Muon},
    ],
    ids=lambda options: " ".join(getattr(value, "__name__", value) for value in options.values()),
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
    # In half precision rounding may decide an example, where scores are nearly equal.
    an_example = 1.01 / len(LABELS) if "policy" in options else 0.0
    for name, values in history.items():
        atol = 0.0 if "loss" in name else an_example
        np.testing.assert_allclose(values, their_history[name], tolerance, atol, err_msg=name)


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
    step = written_down(model)
    losses = []
    for seed in (0, 1, 1):
        torch.manual_seed(seed)
        model.reset_metrics()
        losses.append(float(step(ROWS)["loss"]))
    assert losses[0] != losses[1] == losses[2]


def test_writing_down_changes_nothing():
    model = classifier("gumbel", augmentation=augmentation.RandomShift(2))
    begin(model)
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    before = [to_numpy(variable.value) for variable in variables]
    ReplayedStep(model, batch, ROWS)
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(to_numpy(variable.value), value)
    assert all(variable.value.grad is None for variable in model.trainable_variables)
    assert not {"apply", "_backend_update_step"} & set(vars(model.optimizer))


def test_a_seed_that_the_host_reads_is_no_constant(replaying):
    """Keras's dropout makes a generator of its own where it is seeded."""
    model, history = replay(dropout=keras.layers.Dropout(0.5, seed=3))
    (reason,) = replaying
    assert isinstance(reason, NotReplayable)
    assert np.isfinite(history["loss"]).all()


def test_shapes_that_values_decide_are_not_replayed(replaying):
    """The clusters of an adaptive head take the rows that belong to them, however many."""
    model, history = replay(head=heads.get("adaptive", num_classes=CLASSES, cutoffs=[20]))
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


def test_a_learning_rate_that_a_callback_sets_is_heard(replaying):
    rates = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 * (1 - epoch))
    model = classifier(optimizer=partial(keras.optimizers.SGD, 0.5))
    weights = []
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()[0])
    )
    settings = {"batch_size": BATCH, "epochs": 2, "verbose": 0}
    fit_on_device(model, IMAGES, LABELS, callbacks=[rates, note], **settings)
    np.testing.assert_array_equal(*weights)


@pytest.mark.parametrize("options", [{}, {"head": "gumbel"}, {"policy": "mixed_bfloat16"}], ids=str)
def test_fused_it_does_the_same(options):
    found = []
    for fused in (False, True):
        model = classifier(**options)
        step = written_down(model, fused=fused)
        torch.manual_seed(0)
        losses = [float(step(ROWS)["loss"]) for _ in range(3)]
        found.append((losses, model.get_weights()))
    tolerance = 1e-5 if "policy" not in options else 1e-2
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=tolerance)
    for one, other in zip(found[1][1], found[0][1], strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def test_where_nothing_can_be_fused_it_warns_and_goes_on(monkeypatch):
    def compile(program):
        def fused(rows):
            raise RuntimeError("There is no compiler.\nLook for one.")

        return fused

    monkeypatch.setattr(torch, "compile", compile)
    model = classifier()
    with pytest.warns(UserWarning, match="steps stay unfused. There is no compiler.$"):
        step = written_down(model, fused=True)
    assert np.isfinite(float(step(ROWS)["loss"]))


def test_constants_move_to_the_device():
    """A CUDA graph copies nothing from the host; `meta` stands in for a GPU."""
    levels = torch.arange(3)
    program = make_fx(lambda x: x + levels.to(x.device) + torch.ones(3, device="cpu"))(levels)
    meta = torch.device("meta")
    assert on_one_device(program, meta)(levels.to(meta)).device == meta
