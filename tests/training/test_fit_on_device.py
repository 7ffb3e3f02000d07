"""Training on the device gives what `fit` gives for the same batches."""

import keras
import numpy as np
import pytest
from backend import NAME

import kerasoft
from kerasoft import augmentation, heads
from kerasoft.errors import InvalidArgumentError
from kerasoft.training import fit_on_device
from kerasoft.training.batches import ShuffledRows

CLASSES, COUNT, BATCH, SEED = 10, 83, 16, 4
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (COUNT, 8, 8, 3), dtype="uint8")
LABELS = RNG.integers(0, CLASSES, COUNT).astype("int32")
VALIDATION = IMAGES[:50], LABELS[:50]


def classifier(head="gumbel", policy="float32", optimizer=None, **options):
    """Everything that has a state: dropout, batch statistics, noise, augmentation, averages."""
    return made(head, policy, optimizer or average(), changing=True, **options)


def plain(head="softmax", optimizer="sgd", **options):
    """What compiles in a moment."""
    return made(head, "float32", optimizer, changing=False, **options)


def made(head, policy, optimizer, changing, **options):
    keras.utils.set_random_seed(1)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        images = keras.Input((8, 8, 3))
        x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images))
        x = keras.layers.Dense(12, activation="relu")(x)
        if changing:
            x = keras.layers.Dropout(0.3, seed=3)(x)
            x = keras.layers.BatchNormalization(momentum=0.5)(x)
        model = kerasoft.Classifier(
            keras.Model(images, x),
            heads.get(head, num_classes=CLASSES, **options),
            augmentation=augmentation.RandomShift(2, seed=5) if changing else None,
            mixing=augmentation.CutMix(seed=7) if changing else None,
        )
    finally:
        keras.config.set_dtype_policy(before)
    model.build((None, 8, 8, 3))
    model.compile(optimizer, metrics=["accuracy"])
    return model


def average():
    schedule = keras.optimizers.schedules.CosineDecay(0.01, 20)
    return keras.optimizers.AdamW(schedule, use_ema=True, ema_momentum=0.9)


class Batches(keras.utils.PyDataset):
    """The batches of `fit_on_device`, for `fit`."""

    def __init__(self):
        super().__init__()
        self.order, self.epoch = ShuffledRows(COUNT, BATCH, SEED), 0

    def __len__(self):
        return len(self.order)

    def __getitem__(self, index):
        rows = self.order.epoch(self.epoch)[index]
        return IMAGES[rows], LABELS[rows]


def fit(model, epochs=2):
    batches = Batches()
    follow = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: setattr(batches, "epoch", epoch)
    )
    return model.fit(
        batches,
        epochs=epochs,
        shuffle=False,
        validation_data=VALIDATION,
        validation_batch_size=20,
        callbacks=[follow],
        verbose=0,
    )


def on_device(model, epochs=2, **options):
    settings = {"validation_data": VALIDATION, "validation_batch_size": 20, "verbose": 0}
    settings |= {"batch_size": BATCH, "epochs": epochs, "seed": SEED, **options}
    return fit_on_device(model, IMAGES, LABELS, **settings)


def assert_same(first, second, histories, tolerance=1e-5):
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
    one, other = (history.history for history in histories)
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=tolerance, err_msg=name)


@pytest.mark.parametrize("steps_per_call", [None, 3])
def test_it_is_fit(steps_per_call):
    """With an average of weights, a schedule, noise, dropout, and batches that are mixed."""
    expected, found = classifier(), classifier()
    histories = fit(expected), on_device(found, steps_per_call=steps_per_call)
    assert set(histories[1].history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert_same(expected, found, histories)
    assert histories[1].epoch == [0, 1]


@pytest.mark.parametrize(
    "head, options",
    [
        ("sampled", {"num_sampled": 5, "row_optimizer": "adagrad"}),
        ("hierarchical", {"row_optimizer": "adagrad"}),
        ("adaptive", {"cutoffs": [4]}),
    ],
)
def test_heads(head, options):
    makes = [plain(head, keras.optimizers.SGD(0.1, momentum=0.9), **options) for _ in range(2)]
    histories = fit(makes[0]), on_device(makes[1], steps_per_call=3)
    assert_same(*makes, histories)


def test_in_half_precision():
    makes = [classifier(policy="mixed_bfloat16") for _ in range(2)]
    histories = fit(makes[0]), on_device(makes[1], steps_per_call=3)
    assert_same(*makes, histories, tolerance=2e-2)


@pytest.mark.parametrize(
    "settings",
    [
        {"jit_compile": False},
        pytest.param(
            {"run_eagerly": True},
            marks=pytest.mark.skipif(NAME == "jax", reason="JAX takes a minute for that"),
        ),
    ],
)
def test_as_the_model_is_compiled(settings):
    makes = [plain() for _ in range(2)]
    for model in makes:
        model.compile(keras.optimizers.SGD(0.1), metrics=["accuracy"], **settings)
    histories = fit(makes[0], epochs=1), on_device(makes[1], epochs=1, steps_per_call=2)
    assert_same(*makes, histories)


def test_going_on_is_not_stopping():
    """The epoch decides the order, and the model holds all state between two calls."""
    straight, stopped = plain(optimizer="adam"), plain(optimizer="adam")
    on_device(straight, epochs=3)
    on_device(stopped, epochs=1)
    history = on_device(stopped, epochs=3, initial_epoch=1)
    assert history.epoch == [1, 2]
    for one, other in zip(straight.get_weights(), stopped.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


class Diary(keras.callbacks.Callback):
    """What happened, and whether the model could be read each time."""

    def __init__(self, stop_at=None):
        super().__init__()
        self.lines, self.stop_at = [], stop_at

    def write(self, what, number, logs=None):
        assert np.isfinite(self.model.get_weights()[0]).all()
        self.lines.append((what, number, *sorted(logs or ())))
        if (what, number) == self.stop_at:
            self.model.stop_training = True

    def on_train_batch_begin(self, batch, logs=None):
        self.write("begin", batch)

    def on_train_batch_end(self, batch, logs=None):
        self.write("end", batch)

    def on_epoch_end(self, epoch, logs=None):
        self.write("epoch", epoch, logs)


def test_callbacks():
    diary = Diary()
    history = on_device(plain(), epochs=1, steps_per_call=2, callbacks=[diary])
    calls = [("begin", 0), ("end", 1), ("begin", 2), ("end", 3), ("begin", 4), ("end", 4)]
    assert diary.lines == [*calls, ("epoch", 0, *sorted(history.history))]
    assert diary.params["steps"] == 5 and diary.params["epochs"] == 1


@pytest.mark.parametrize(
    "logging_steps, calls",
    [
        (1, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]),
        (3, [(0, 1), (2, 2), (3, 4)]),
        (4, [(0, 1), (2, 3), (4, 4)]),
        (9, [(0, 1), (2, 3), (4, 4)]),
    ],
)
def test_calls_end_where_logs_are_looked_at(logging_steps, calls):
    diary, models = Diary(), (plain(), plain())
    histories = (
        on_device(models[0], epochs=1, steps_per_call=2),
        on_device(
            models[1], epochs=1, steps_per_call=2, logging_steps=logging_steps, callbacks=[diary]
        ),
    )
    numbers = [line[1] for line in diary.lines if line[0] in ("begin", "end")]
    assert list(zip(numbers[::2], numbers[1::2], strict=True)) == calls
    assert_same(*models, histories)


@pytest.mark.parametrize("stop_at, epochs", [(("epoch", 1), 2), (("end", 1), 1)])
def test_a_callback_may_stop_it(stop_at, epochs):
    diary = Diary(stop_at)
    history = on_device(plain(), epochs=5, steps_per_call=2, callbacks=[diary])
    assert len(history.epoch) == epochs
    if stop_at[0] == "end":
        assert diary.lines[-2][:2] == stop_at


@pytest.mark.parametrize(
    "make, epochs", [(plain, {"epochs": 2, "initial_epoch": 2}), (classifier, {"epochs": 0})]
)
def test_nothing_left_to_do(make, epochs):
    """Nor does an average of weights that has not begun take their place."""
    model = make()
    before = model.get_weights()
    history = on_device(model, **epochs)
    assert history.epoch == []
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_validation_or_metrics():
    model = plain()
    model.compile("sgd", metrics=[])
    history = on_device(model, epochs=1, validation_data=None)
    assert set(history.history) == {"loss"}


@pytest.mark.parametrize("count", [1, 20, 47])
def test_every_validation_image_is_seen_once(count):
    model, some = plain(), (IMAGES[:count], LABELS[:count])
    found = on_device(model, epochs=1, validation_data=some).history
    expected = model.evaluate(*some, verbose=0, return_dict=True)
    for name, value in expected.items():
        np.testing.assert_allclose(found[f"val_{name}"][0], value, rtol=1e-5)


def test_a_model_trained_here_is_saved_and_goes_on_with_fit(tmp_path):
    model = classifier()
    on_device(model, epochs=1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        loaded.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0), atol=1e-6
    )
    assert np.isfinite(fit(loaded, epochs=1).history["loss"][0])


@pytest.mark.skipif(NAME != "jax", reason="JAX compiles it")
@pytest.mark.parametrize("logging_steps", [None, 2])
def test_it_compiles_once(logging_steps):
    import jax

    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, seconds, **_: compiled.append(name)
    )
    epochs = []
    count = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: epochs.append(
            sum(name.endswith("backend_compile_duration") for name in compiled)
        )
    )
    options = {"steps_per_call": 5, "logging_steps": logging_steps}
    on_device(plain(), epochs=4, **options, callbacks=[count])
    assert epochs[1] == epochs[2] == epochs[3]


def refused(match, model=None, **options):
    model = model or plain()
    settings = {"images": IMAGES, "labels": LABELS, "verbose": 0, **options}
    with pytest.raises(InvalidArgumentError, match=match):
        fit_on_device(model, settings.pop("images"), settings.pop("labels"), **settings)


@pytest.mark.parametrize(
    "options, match",
    [
        ({"batch_size": 0}, "`batch_size` must be a positive integer. Received: batch_size=0"),
        ({"steps_per_call": 0}, "`steps_per_call` must be a positive integer"),
        ({"logging_steps": 0}, "`logging_steps` must be a positive integer"),
        ({"validation_batch_size": 0}, "`validation_batch_size` must be a positive integer"),
        ({"batch_size": True}, "`batch_size`.*True"),
        ({"steps_per_call": 1.5}, "`steps_per_call`.*1.5"),
        ({"epochs": -1}, "`epochs` must be an integer of at least 0"),
        ({"seed": -1}, "`seed` must be a non-negative integer"),
        ({"labels": LABELS[1:]}, "as many labels as images.*images=83, labels=82"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "at least one"),
        ({"labels": LABELS + 1}, "10"),
        ({"validation_data": (IMAGES, LABELS - 1)}, "-1"),
        ({"validation_data": (IMAGES, LABELS[1:])}, "as many labels as images"),
    ],
)
def test_bad_arguments(options, match):
    refused(match, **options)


def test_what_is_no_compiled_classifier():
    refused("must be a kerasoft.Classifier", model=keras.Sequential([keras.layers.Dense(1)]))
    model = plain()
    bare = kerasoft.Classifier.from_config(model.get_config())
    refused("built and compiled", model=bare)
