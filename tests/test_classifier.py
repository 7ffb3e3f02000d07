"""Classifier: the head's loss inside fit, calls between steps, saving."""

import os
import subprocess
import sys
from importlib.util import find_spec

import backend
import keras
import numpy as np
import pytest
from backend import OTHERS, to_numpy
from keras import ops

import kerasoft
from kerasoft import Classifier
from kerasoft.augmentation import CutMix, Mixing, MixUp, MixUpOrCutMix
from kerasoft.errors import InvalidArgumentError
from kerasoft.heads import HierarchicalSoftmax, SampledSoftmax, SoftmaxHead

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 4)).astype("float32")
Y = X[:, :3].argmax(-1).astype("int64")
WEIGHTS = RNG.uniform(0, 2, 48).astype("float32")


def classifier(softmax="softmax", width=8, penalty=None, **options):
    """A small one, the same each time."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(
        width, activation="relu", kernel_regularizer=penalty and keras.regularizers.L2(penalty)
    )(inputs)
    head = SoftmaxHead(3, softmax=softmax)
    return Classifier(keras.Model(inputs, hidden, name="body"), head, **options)


def compiled(*arguments, optimizer=None, metrics=None, **options):
    model = classifier(*arguments)
    model.compile(optimizer or keras.optimizers.SGD(0.1), metrics=metrics, **options)
    return model


def values(model):
    """The head's loss of each example."""
    return to_numpy(model.head.loss(model.backbone(X), Y))


def weights(model):
    return [to_numpy(weight.value) for weight in model.trainable_variables]


def fit(model, epochs=1, **options):
    options = {"batch_size": 48, "shuffle": False, "verbose": 0, "epochs": epochs, **options}
    return model.fit(X, Y, **options).history


@pytest.mark.parametrize("column", [False, True], ids=["(N,)", "(N, 1)"])
@pytest.mark.parametrize("weighting", ["none", "sample_weight", "class_weight"])
def test_loss_is_the_heads(weighting, column):
    model = compiled(metrics=[])
    model(X)
    by_class = {0: 0.5, 1: 2.0, 2: 1.0}
    shape = (-1, 1) if column else (-1,)
    options, factor = {}, np.ones(48)
    if weighting == "sample_weight":
        options, factor = {"sample_weight": WEIGHTS.reshape(shape)}, WEIGHTS
    if weighting == "class_weight":
        options, factor = {"class_weight": by_class}, np.array([by_class[y] for y in Y])
    truth = (values(model) * factor).mean()
    if weighting != "class_weight":
        found = model.evaluate(X, Y.reshape(shape), batch_size=48, verbose=0, **options)
        np.testing.assert_allclose(found, truth, rtol=1e-5)
    history = model.fit(X, Y.reshape(shape), batch_size=48, verbose=0, **options).history
    assert list(history) == ["loss"]
    np.testing.assert_allclose(history["loss"], [truth], rtol=1e-5)


def test_regularizers_count_once():
    model = classifier(penalty=0.1)
    model.compile("sgd", metrics=[])
    model(X)
    kernel = weights(model)[0]
    truth = values(model).mean() + 0.1 * (kernel**2).sum()
    np.testing.assert_allclose(model.evaluate(X, Y, batch_size=48, verbose=0), truth, rtol=1e-5)
    np.testing.assert_allclose(fit(model)["loss"], [truth], rtol=1e-5)


def test_batches_of_unequal_size_average_over_examples():
    model = compiled(metrics=[])
    model(X)
    truth = values(model).mean()
    np.testing.assert_allclose(model.evaluate(X, Y, batch_size=20, verbose=0), truth, rtol=1e-5)


@pytest.mark.parametrize("soft", [False, True], ids=["one-hot", "soft"])
def test_label_distributions(soft):
    labels = np.eye(3, dtype="float32")[Y]
    labels = 0.9 * labels + 0.1 / 3 if soft else labels
    model = compiled()
    model(X)
    truth = -(labels * to_numpy(model.log_prob(X))).sum(-1).mean()
    loss, accuracy = model.evaluate(X, labels, verbose=0)
    np.testing.assert_allclose(loss, truth, rtol=1e-5)
    assert accuracy == pytest.approx((model.predict(X, verbose=0).argmax(-1) == Y).mean())
    history = model.fit(X, labels, verbose=0).history
    assert set(history) == {"loss", "accuracy"}


@pytest.mark.parametrize(
    "loss", ["sparse_categorical_crossentropy", kerasoft.losses.SoftmaxCrossEntropy()]
)
def test_a_loss_of_ones_own_is_an_error(loss):
    with pytest.raises(InvalidArgumentError, match="own loss.*Received: loss="):
        classifier().compile("adam", loss=loss)


def test_a_head_is_needed():
    with pytest.raises(InvalidArgumentError, match="`head` must be.*Received: head=<Dense"):
        Classifier(keras.layers.Flatten(), keras.layers.Dense(3))


def test_fit_evaluate_predict_with_metrics():
    top2 = keras.metrics.SparseTopKCategoricalAccuracy(2, name="top2")
    model = compiled("gumbel", optimizer=keras.optimizers.Adam(0.05), metrics=["accuracy", top2])
    history = fit(model, 20, batch_size=16, shuffle=True, validation_data=(X, Y))
    assert set(history) == {"loss", "accuracy", "top2", "val_loss", "val_accuracy", "val_top2"}
    assert history["val_loss"][-1] < history["val_loss"][0]
    p = model.predict(X, verbose=0)
    assert p.shape == (48, 3) and p.dtype == np.float32
    np.testing.assert_allclose(p.sum(-1), 1.0, atol=1e-6)
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert (
        found["accuracy"] == pytest.approx((p.argmax(-1) == Y).mean()) and found["accuracy"] > 0.7
    )
    assert found["top2"] == pytest.approx(
        np.mean([y in np.argsort(-q)[:2] for y, q in zip(Y, p, strict=True)])
    )
    assert found["loss"] == pytest.approx(history["val_loss"][-1], rel=1e-4)
    assert found["loss"] == pytest.approx(values(model).mean(), rel=1e-4)
    log_p = model.predict_log_prob(X)
    assert log_p.dtype == np.float32
    np.testing.assert_allclose(np.exp(log_p), p, rtol=1e-5)
    assert set(fit(model)) == {"loss", "accuracy", "top2"}  # predict_log_prob left it trainable


def test_gradient_reaches_backbone_and_head():
    model = compiled(metrics=[])
    model(X)
    before = weights(model)
    fit(model)
    after = weights(model)
    assert len(before) == 4
    assert all((one != two).any() for one, two in zip(before, after, strict=True))


@pytest.mark.parametrize(
    "options",
    [
        {"run_eagerly": True},
        {"jit_compile": False},
        {"jit_compile": True},
        {"steps_per_execution": 2},
    ],
    ids=str,
)
def test_ways_to_run_a_step_train_the_same(options):
    if options == {"jit_compile": True} and backend.NAME == "torch":
        pytest.skip("torch's compiler takes minutes")
    if options == {"steps_per_execution": 2} and backend.NAME == "torch":
        pytest.skip("torch has no such option")
    one, two = compiled(), compiled(**options)
    found = fit(two, batch_size=12)
    for name, numbers in fit(one, batch_size=12).items():
        np.testing.assert_allclose(numbers, found[name], rtol=1e-5)
    for a, b in zip(weights(one), weights(two), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_single_batches():
    model, other = compiled(metrics=[]), compiled(metrics=[])
    model(X), other(X)
    truth = values(model).mean()
    assert float(model.test_on_batch(X, Y)) == pytest.approx(truth, rel=1e-5)
    model.reset_metrics()
    assert float(model.train_on_batch(X, Y)) == pytest.approx(truth, rel=1e-5)
    fit(other)
    for a, b in zip(weights(model), weights(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(X).sum(-1), 1.0, atol=1e-6)


def test_calls_within_a_fit_give_probabilities():
    class Look(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

        def on_epoch_end(self, epoch, logs=None):
            called = to_numpy(self.model(X))
            predicted = self.model.predict(X, verbose=0)
            assert called.shape == predicted.shape == (48, 3)
            np.testing.assert_allclose(called, predicted, rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(called.sum(-1), 1.0, atol=1e-6)
            self.seen.append(called)

    look = Look()
    fit(compiled("gumbel"), 3, batch_size=16, callbacks=[look])
    assert len(look.seen) == 3 and (look.seen[0] != look.seen[1]).any()


def test_a_step_that_fails_leaves_calls_as_they_were():
    model = compiled(metrics=[])
    model(X)
    with pytest.raises(Exception):  # noqa: B017  each backend has its own
        model.train_on_batch(X, np.zeros((48, 2, 2), "int32"))
    assert tuple(model(X).shape) == (48, 3)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy, tmp_path):
    keras.config.set_dtype_policy(policy)
    model = compiled("gumbel", optimizer=keras.optimizers.Adam(0.05))
    history = fit(model, 12, batch_size=16)
    assert np.isfinite(history["loss"]).all() and history["loss"][-1] < history["loss"][0]
    p = model.predict(X, verbose=0)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(-1), 1.0, atol=1e-5)
    assert all(weight.dtype == "float32" for weight in model.trainable_variables)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), p)
    fit(again)


def test_augmentation_only_while_training():
    class Shift(keras.layers.Layer):
        def call(self, x, training=None):
            return x + 100.0 if training else x

    plain, shifted = classifier(), classifier(augmentation=Shift())
    for model in (plain, shifted):
        model.compile("sgd", metrics=[])
    assert shifted.evaluate(X, Y, verbose=0) == pytest.approx(plain.evaluate(X, Y, verbose=0))
    assert fit(shifted)["loss"][0] > 3 * fit(plain)["loss"][0]


def test_save_and_continue(tmp_path):
    model = classifier(metadata={"data": "none", "classes": ["a", "b", "c"]})
    model.compile(keras.optimizers.Adam(0.02), metrics=["accuracy"])
    fit(model, 2, batch_size=16)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    bare = keras.models.load_model(tmp_path / "model.keras", compile=False)
    p = model.predict(X, verbose=0)
    for loaded in (again, bare):
        assert type(loaded) is Classifier and loaded.metadata == model.metadata
        np.testing.assert_array_equal(loaded.predict(X, verbose=0), p)
    assert not bare.compiled
    assert again.evaluate(X, Y, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))
    one, two = (fit(each, 3, batch_size=16)["loss"] for each in (model, again))
    np.testing.assert_allclose(one, two, rtol=1e-5)  # Adam's moments travelled too
    for a, b in zip(weights(model), weights(again), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_uncompiled_and_gumbel_save(tmp_path):
    model = classifier(kerasoft.layers.GumbelSoftmax(0.5, hard=True, seed=3))
    model(X)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert not again.compiled and again.head.softmax.temperature == 0.5
    np.testing.assert_array_equal(to_numpy(again(X)), to_numpy(model(X)))


def test_weights_file(tmp_path):
    model, other = classifier(), classifier()
    model(X), other(X)
    model.head.set_weights([w + 1 for w in model.head.get_weights()])
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(to_numpy(other.log_prob(X)), to_numpy(model.log_prob(X)))


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_compile_config_names_no_backend(policy):
    keras.config.set_dtype_policy(policy)
    model = compiled(optimizer=keras.optimizers.SGD(0.1, momentum=0.9))
    model(X)
    config = model.get_compile_config()
    assert "keras.src.backend" not in str(config)
    assert config["jit_compile"] == "auto"
    again = classifier()
    again(X)
    again.compile_from_config(config)
    assert type(again.optimizer) is type(model.optimizer)
    assert again.optimizer.get_config().keys() == model.optimizer.get_config().keys()


SAVE = """
import sys
import test_classifier as tests
model = tests.classifier("gumbel", mixing=tests.MixUp(0.2, seed=7))
model.compile(tests.keras.optimizers.Adam(0.02), metrics=None)
tests.fit(model, 2, batch_size=16)
tests.np.save(sys.argv[1] + "/p.npy", model.predict(tests.X, verbose=0))
model.save(sys.argv[1] + "/model.keras")
"""


def test_file_of_another_backend(tmp_path):
    installed = [name for name in ("torch", *OTHERS) if name in OTHERS and find_spec(name)]
    if not installed:
        pytest.skip("no other backend is installed")
    here = os.path.dirname(__file__)
    environment = {**os.environ, "KERAS_BACKEND": installed[0], "PYTHONPATH": here}
    subprocess.run(
        [sys.executable, "-c", SAVE, str(tmp_path)], env=environment, check=True, timeout=300
    )
    model = keras.models.load_model(tmp_path / "model.keras")
    p = np.load(tmp_path / "p.npy")
    np.testing.assert_allclose(model.predict(X, verbose=0), p, rtol=1e-5, atol=1e-6)
    assert float(model.optimizer.learning_rate.value) == pytest.approx(0.02)
    assert int(model.optimizer.iterations.value) == 6
    assert model.mixing.get_config()["alpha"] == 0.2
    before = model.evaluate(X, Y, verbose=0)[0]
    fit(model, 5, batch_size=16)
    assert model.evaluate(X, Y, verbose=0)[0] < before


def test_symbolic_call_and_shapes():
    model = classifier()
    assert model.compute_output_shape((None, 4)) == (None, 3)
    outputs = model(keras.Input((4,)))
    assert outputs.shape == (None, 3) and outputs.dtype == "float32"


def test_images_of_uint8():
    images = RNG.integers(0, 256, (8, 8, 8, 3), "uint8")
    labels = np.arange(8, dtype="uint8") % 3
    model = Classifier(kerasoft.backbones.linear((8, 8, 3)), SoftmaxHead(3, softmax="pseudo"))
    model.compile("sgd")
    history = model.fit(images, labels, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert tuple(ops.shape(model(images))) == (8, 3)


def test_many_classes_keep_their_labels():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = Classifier(
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]),
        SoftmaxHead(300, softmax="softmax"),
    )
    model.compile("sgd")
    model(X)
    bias = np.zeros(300, "float32")
    bias[257] = 30.0
    model.head.set_weights([np.zeros((300, 2)), bias])
    loss, accuracy = model.evaluate(X, np.full(48, 257), verbose=0)
    assert loss < 1e-3 and accuracy == 1.0


class Cheap(SoftmaxHead):
    """A head that says that its training holds less than its metrics."""

    holds_all_scores = False


def cheap(**options):
    model = Classifier(classifier().backbone, Cheap(3, softmax="softmax"))
    model.compile(keras.optimizers.SGD(0.1), **options)
    return model


def test_metrics_wait_for_evaluation_where_they_cost_more_than_training():
    history = fit(cheap(), 2, validation_data=(X, Y))
    assert history.keys() == {"loss", "val_loss", "val_accuracy"}
    assert fit(cheap(), 2).keys() == {"loss"}
    model = cheap()
    fit(model)
    scores = model.evaluate(X, Y, return_dict=True, verbose=0)
    assert scores.keys() == {"loss", "accuracy"}
    assert scores["accuracy"] == pytest.approx((model.predict(X, verbose=0).argmax(-1) == Y).mean())


def test_training_metrics_can_be_asked_for_and_refused(tmp_path):
    assert fit(cheap(training_metrics=True)).keys() == {"loss", "accuracy"}
    model = compiled(training_metrics=False)
    assert fit(model).keys() == {"loss"}
    model.save(tmp_path / "model.keras")
    assert fit(keras.models.load_model(tmp_path / "model.keras")).keys() == {"loss"}


@pytest.mark.parametrize("wrong", [-1, 3, 100, 1.5])
def test_labels_that_are_no_class(wrong):
    labels = Y.astype("float32") if wrong == 1.5 else Y.copy()
    labels[[5, 7]] = wrong
    model = compiled()
    model(X)
    before = weights(model)
    for options in ({"y": labels}, {"y": labels[:, None]}, {"y": labels.tolist()}):
        with pytest.raises(InvalidArgumentError) as error:
            model.fit(X, **options, verbose=0)
        assert (
            str(error.value) == f"Labels must be class ids from 0 to 2. Received: labels=[{wrong}]"
        )
    with pytest.raises(InvalidArgumentError, match="Received: labels="):
        model.fit(X, Y, validation_data=(X, labels), verbose=0)
    with pytest.raises(InvalidArgumentError, match="Received: labels="):
        model.evaluate(X, labels, verbose=0)
    for one, other in zip(before, weights(model), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_labels_are_needed(method):
    with pytest.raises(InvalidArgumentError, match="must hold the labels of `x`"):
        getattr(compiled(), method)(X, verbose=0)


def test_ignored_class():
    labels = np.where(Y == 2, -1, Y)
    model = Classifier(classifier().backbone, SoftmaxHead(3, softmax="softmax", ignore_class=-1))
    model.compile("sgd", metrics=[])
    model(X)
    kept = to_numpy(model.head.loss(model.backbone(X), labels))
    assert (kept[Y == 2] == 0).all()
    truth = values(model)[Y != 2].mean()
    assert model.evaluate(X, labels, batch_size=48, verbose=0) == pytest.approx(truth, rel=1e-5)
    assert model.fit(X, labels, batch_size=48, verbose=0).history["loss"][0] == pytest.approx(
        truth, rel=1e-5
    )
    with pytest.raises(InvalidArgumentError, match="from 0 to 2, or -1. Received: labels=.-2."):
        model.fit(X, np.where(Y == 2, -2, Y), verbose=0)


def test_several_labels_have_no_default_metric():
    head = kerasoft.heads.SampledSoftmax(3, num_true=2)
    model = Classifier(classifier().backbone, head)
    model.compile("sgd")
    labels = np.stack([Y, (Y + 1) % 3], -1)
    assert model.fit(X, labels, verbose=0).history.keys() == {"loss"}
    assert np.isscalar(model.evaluate(X, labels, verbose=0))
    with pytest.raises(InvalidArgumentError, match="one label each.*Received: num_true=2"):
        model.fit(X, labels, class_weight={0: 1.0, 1: 2.0, 2: 1.0}, verbose=0)


def test_labels_that_are_no_numbers_or_hide_behind_a_shape():
    model = compiled()
    with pytest.raises(InvalidArgumentError, match="must be numbers.*Received: dtype='<U1'"):
        model.fit(X, np.array(list("abc") * 16), verbose=0)
    with pytest.raises(InvalidArgumentError, match="class ids from 0 to 2.*Received: labels=.9."):
        model.fit(X, np.full((48, 3), 9), verbose=0)


@keras.saving.register_keras_serializable(package="tests")
class Known(Mixing):
    """Mixes with the next but one, by shares that are known."""

    SHARES = np.linspace(0.1, 0.95, 48).astype("float32")
    PARTNERS = np.roll(np.arange(48), 2).astype("int32")

    def mix(self, images, training=None):
        shares = ops.convert_to_tensor(self.SHARES)
        partners = ops.convert_to_tensor(self.PARTNERS)
        other = ops.take(images, partners, axis=0)
        return shares[:, None] * images + (1 - shares[:, None]) * other, partners, shares


KNOWN_X = Known.SHARES[:, None] * X + (1 - Known.SHARES[:, None]) * X[Known.PARTNERS]


def test_an_augmentation_is_no_name():
    with pytest.raises(InvalidArgumentError, match="`augmentation`.*RandomFlip.*'flip'"):
        Classifier(classifier().backbone, SoftmaxHead(3), augmentation="flip")


def mixing_classifier(head, mixing=None, **options):
    model = Classifier(classifier().backbone, head, mixing=mixing or Known())
    model.compile(keras.optimizers.SGD(1.0), **{"metrics": [], **options})
    model(X)
    return model


def make_softmax(**options):
    return SoftmaxHead(3, softmax="softmax", **options)


def make_hierarchical(**options):
    return HierarchicalSoftmax(3, **options)


def mixed_truth(model, labels, own=1.0, theirs=1.0):
    """The mean over both labels of each example, weighed by its shares, in float64."""
    log_p = to_numpy(model.log_prob(KNOWN_X))
    rows = np.arange(48)
    first, second = log_p[rows, labels], log_p[rows, labels[Known.PARTNERS]]
    return -(own * Known.SHARES * first + theirs * (1.0 - Known.SHARES) * second).mean()


@pytest.mark.parametrize("head", [make_softmax, make_hierarchical])
@pytest.mark.parametrize("labels", [Y, Y[:, None], Y.astype("uint8")], ids=["ids", "column", "u8"])
def test_mixed_loss_is_that_of_both_labels(head, labels):
    model = mixing_classifier(head())
    truth = mixed_truth(model, Y)
    plain = values(model).mean()
    assert model.evaluate(X, labels, batch_size=48, verbose=0) == pytest.approx(plain, rel=1e-5)
    found = model.fit(X, labels, batch_size=48, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(found, [truth], rtol=1e-5)


@pytest.mark.parametrize("head", [make_softmax, make_hierarchical])
def test_mixed_gradient(head):
    smooth = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="tanh")])
    model = Classifier(smooth, head(), mixing=Known())
    model.compile(keras.optimizers.SGD(1.0), metrics=[])
    model(X)
    before = weights(model)
    fit(model)
    found = [one - two for one, two in zip(before, weights(model), strict=True)]  # at rate 1
    for weight, value, gradient in zip(model.trainable_variables, before, found, strict=True):
        direction = np.random.default_rng(3).normal(size=value.shape)
        sides = []
        for sign in (1, -1):
            for each, start in zip(model.trainable_variables, before, strict=True):
                each.assign(start + (5e-3 * sign * direction if each is weight else 0))
            sides.append(mixed_truth(model, Y))
        slope = (sides[0] - sides[1]) / 1e-2
        assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-2, abs=1e-3)


def test_mixed_gradient_of_softmax_is_p_minus_both_labels():
    model = mixing_classifier(make_softmax())
    features = to_numpy(model.backbone(KNOWN_X))
    p = np.exp(to_numpy(model.log_prob(KNOWN_X)))
    one_hot, shares = np.eye(3), Known.SHARES[:, None]
    targets = shares * one_hot[Y] + (1 - shares) * one_hot[Y[Known.PARTNERS]]
    before = to_numpy(model.head.class_embeddings.value)
    fit(model)
    found = before - to_numpy(model.head.class_embeddings.value)
    np.testing.assert_allclose(found, (p - targets).T @ features / 48, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("column", [False, True], ids=["(N,)", "(N, 1)"])
def test_each_mixed_label_has_the_sample_weight_it_came_with(column):
    model = mixing_classifier(make_softmax())
    truth = mixed_truth(model, Y, WEIGHTS, WEIGHTS[Known.PARTNERS])
    given = WEIGHTS[:, None] if column else WEIGHTS
    np.testing.assert_allclose(fit(model, sample_weight=given)["loss"], [truth], rtol=1e-5)


def test_ignored_labels_leave_the_other_one_of_a_mixture():
    labels = np.where(Y == 2, -1, Y)
    kept = (labels >= 0) / (labels >= 0).mean()
    model = mixing_classifier(make_softmax(ignore_class=-1))
    truth = mixed_truth(model, np.maximum(labels, 0), kept, kept[Known.PARTNERS])
    history = model.fit(X, labels, batch_size=48, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["loss"], [truth], rtol=1e-5)


def test_training_metrics_look_at_the_own_label():
    model = mixing_classifier(make_softmax(), metrics=["accuracy"])
    truth = (to_numpy(model.log_prob(KNOWN_X)).argmax(-1) == Y).mean()
    assert fit(model)["accuracy"][0] == pytest.approx(truth)


def test_no_mixing_outside_of_training_steps():
    model = mixing_classifier(make_softmax())
    plain = Classifier(model.backbone, model.head)
    for training in (False, True):
        one, two = (to_numpy(each(X, training=training)) for each in (model, plain))
        np.testing.assert_allclose(one, two, rtol=1e-6)
    np.testing.assert_array_equal(model.predict(X, verbose=0), plain.predict(X, verbose=0))


@pytest.mark.parametrize(
    ("head", "labels"),
    [
        (lambda: SampledSoftmax(3, num_sampled=2), Y),
        (lambda: SampledSoftmax(3, num_true=2), np.stack([Y, (Y + 1) % 3], -1)),
        (make_softmax, np.eye(3, dtype="float32")[Y]),
        (lambda: kerasoft.heads.AdaptiveSoftmax(3, [1]), Y),
    ],
    ids=["sampled", "num_true", "distributions", "adaptive"],
)
def test_every_head_trains_mixed(head, labels):
    model = mixing_classifier(head(), MixUp(0.2, seed=1), metrics=None)
    history = model.fit(X, labels, epochs=2, batch_size=20, verbose=0).history
    assert np.isfinite(history["loss"]).all()


@pytest.mark.parametrize(
    ("mixing", "policy"),
    [(MixUp, "float32"), (CutMix, "mixed_bfloat16"), (MixUpOrCutMix, "mixed_float16")],
)
def test_mixed_images_train_at_every_precision(mixing, policy, tmp_path):
    keras.config.set_dtype_policy(policy)
    images = RNG.integers(0, 256, (20, 8, 8, 3), "uint8")
    augmentation = kerasoft.augmentation.TrivialAugment(seed=1)
    model = Classifier(
        kerasoft.backbones.linear((8, 8, 3)),
        make_softmax(),
        augmentation=augmentation,
        mixing=mixing(),
    )
    model.compile("sgd")
    history = model.fit(images, np.arange(20) % 3, epochs=2, batch_size=8, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.mixing.get_config() == model.mixing.get_config()
    np.testing.assert_array_equal(
        again.predict(images, verbose=0), model.predict(images, verbose=0)
    )
    again.fit(images, np.arange(20) % 3, verbose=0)


def test_mixing_compiled_by_xla():
    if backend.NAME == "torch":
        pytest.skip("torch's compiler takes minutes")
    images = RNG.integers(0, 256, (16, 8, 8, 3), "uint8")
    model = Classifier(
        kerasoft.backbones.linear((8, 8, 3)),
        make_softmax(),
        augmentation=kerasoft.augmentation.TrivialAugment(),
        mixing=MixUpOrCutMix(0.2),
    )
    model.compile("sgd", jit_compile=True)
    history = model.fit(images, np.arange(16) % 3, batch_size=8, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_classifiers_saved_before_there_was_mixing_load():
    config = classifier().get_config()
    assert config.pop("mixing") is None
    assert Classifier.from_config(config).mixing is None


def test_heads_that_update_rows_refuse_mixing():
    head = SampledSoftmax(3, row_optimizer="sgd")
    with pytest.raises(InvalidArgumentError, match="row_optimizer=None. Received: mixing=<MixUp"):
        Classifier(classifier().backbone, head, mixing=MixUp()).compile("sgd")


def test_mixing_must_be_one():
    with pytest.raises(InvalidArgumentError, match="`mixing` must be.*Received: mixing=<Flatten"):
        classifier(mixing=keras.layers.Flatten())
