"""RowHead: a training step that changes the rows it touched, the same as a dense one would."""

from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from backend import to_numpy
from keras import ops

from kerasoft import Classifier, heads
from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.row_head import RowHead

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 4)).astype("float32")
Y = RNG.integers(0, 20, 48)  # of 30 classes: ten are never touched
WEIGHTS = RNG.uniform(0, 2, 48).astype("float32")


class Rows(NamedTuple):
    rows: Any


@keras.saving.register_keras_serializable(package="tests")
class Logistic(RowHead):
    """The least that a row head can be: one row an example, and a logistic loss."""

    @property
    def num_rows(self):
        return self.num_classes

    def plan(self, ids, training):
        return Rows(ids)

    def row_loss(self, features, embeddings, biases, plan):
        dtype = self.compute_dtype
        products = ops.cast(features, dtype) * ops.cast(embeddings, dtype)
        return ops.softplus(-ops.cast(ops.sum(products, axis=-1), "float32") - biases)

    def log_prob(self, features, training=False):
        if not self.built:
            self.build(features.shape)
        embeddings = ops.transpose(self.class_embeddings.value)
        return ops.log_softmax(ops.matmul(ops.cast(features, "float32"), embeddings))


def classifier(row_optimizer, policy=None, **options):
    """The same one each time, but for what updates its rows."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4,))
    body = keras.Model(inputs, keras.layers.Dense(4, dtype=policy)(inputs))
    head = Logistic(30, row_optimizer=row_optimizer, dtype=policy, **options)
    model = Classifier(body, head)
    model.build((None, 4))
    start = np.random.default_rng(3).normal(size=(30, 4))
    head.class_embeddings.assign(start.astype("float32"))
    return model


def fitted(row_optimizer, optimizer="sgd", policy=None, labels=Y, head=None, **options):
    model = classifier(row_optimizer, policy, **(head or {}))
    model.compile(optimizer, metrics=[])
    options = {"batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0, **options}
    history = model.fit(X, labels, **options)
    return model, history.history["loss"]


def embeddings(model):
    return to_numpy(model.head.class_embeddings)


def assert_same(one, other, rtol=1e-5):
    (model, losses), (truth, true_losses) = one, other
    np.testing.assert_allclose(losses, true_losses, rtol=rtol)
    np.testing.assert_allclose(embeddings(model), embeddings(truth), rtol=rtol, atol=rtol)
    np.testing.assert_allclose(to_numpy(model.head.bias), to_numpy(truth.head.bias), atol=rtol)
    for found, true in zip(model.backbone.weights, truth.backbone.weights, strict=True):
        np.testing.assert_allclose(to_numpy(found), to_numpy(true), rtol=rtol, atol=rtol)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sample_weight": WEIGHTS},
        {"class_weight": {label: 0.5 + label % 3 for label in range(30)}},
        {"labels": Y[:, None].astype("uint8")},
        {"labels": np.where(Y < 5, -1, Y), "head": {"ignore_class": -1}},
        {"labels": Y, "head": {"ignore_class": 7}, "sample_weight": WEIGHTS},
        {"batch_size": 20},
    ],
    ids=["plain", "sample_weight", "class_weight", "column", "ignored", "both", "last batch"],
)
def test_the_same_training_as_with_a_dense_optimizer(options):
    rate = 0.3
    truth = fitted(None, keras.optimizers.SGD(rate), **options)
    found = fitted(heads.RowSGD(rate), keras.optimizers.SGD(rate), **options)
    assert_same(found, truth)


def test_only_touched_rows_change():
    model, _ = fitted("adam", "adam", labels=np.where(Y == 3, 9, Y))
    changed = (embeddings(model) != embeddings(classifier("adam"))).any(-1)
    assert set(np.flatnonzero(changed)) == set(Y) - {3}


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_and_loss_scaling(policy):
    truth = fitted(heads.RowSGD(0.3), keras.optimizers.SGD(0.3))
    keras.config.set_dtype_policy(policy)
    found = fitted(heads.RowSGD(0.3), keras.optimizers.SGD(0.3), policy)
    assert_same(found, truth, rtol=0.02)
    assert found[0].head.class_embeddings.dtype == "float32"


def test_small_gradients_survive_float16():
    weights = np.full(48, 1e-6, "float32")  # times p - y: below the smallest float16
    options = {"sample_weight": weights, "epochs": 1}
    start = embeddings(classifier("sgd"))
    true, _ = fitted(heads.RowSGD(1e5), **options)
    found, _ = fitted(heads.RowSGD(1e5), policy="mixed_float16", **options)
    change = embeddings(true) - start
    np.testing.assert_allclose(embeddings(found) - start, change, rtol=0.05, atol=1e-3)


@pytest.mark.parametrize("row_optimizer", ["sgd", "adagrad", "adam"])
def test_save_load_and_go_on(row_optimizer, tmp_path):
    model, _ = fitted(row_optimizer, "adam")
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for each in (model, again):
        each.fit(X, Y, batch_size=16, shuffle=False, verbose=0)
    np.testing.assert_allclose(embeddings(again), embeddings(model), rtol=1e-5, atol=1e-6)
    assert int(again.head.row_optimizer.iterations) == 9


def test_a_frozen_head_stays():
    model = classifier("sgd")
    model.head.trainable = False
    model.compile("sgd")
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(embeddings(model), embeddings(classifier("sgd")))


def test_a_frozen_backbone():
    model = classifier("sgd")
    model.backbone.trainable = False
    model.compile("sgd")
    first, second = (model.fit(X, Y, verbose=0).history["loss"][0] for _ in range(2))
    assert second < first


@pytest.mark.parametrize(
    "option",
    [
        {"weight_decay": 0.1},
        {"clipnorm": 1.0},
        {"clipvalue": 1.0},
        {"global_clipnorm": 1.0},
        {"use_ema": True},
        {"gradient_accumulation_steps": 2},
    ],
)
def test_options_that_would_not_reach_the_rows(option):
    (name,) = option
    for optimizer in (
        keras.optimizers.SGD(**option),
        keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(**option)),
    ):
        with pytest.raises(InvalidArgumentError, match=f"which {name} of") as error:
            classifier("sgd").compile(optimizer)
        assert str(error.value).endswith(f"Received: {name}={option[name]!r}")
        classifier(None).compile(optimizer)


def test_labels_that_have_no_rows():
    model = classifier("sgd")
    model.compile("sgd")
    with pytest.raises(InvalidArgumentError, match="must be class ids"):
        model.fit(X, np.eye(30, dtype="float32")[Y], verbose=0)


def test_trains_only_where_it_can():
    head = classifier("sgd").head
    with pytest.raises(InvalidArgumentError, match="trains within a Classifier"):
        head.loss(X, Y, training=True)
    assert np.isfinite(to_numpy(head.loss(X, Y))).all()


@pytest.mark.parametrize("value", ["momentum", 3, keras.optimizers.SGD()])
def test_row_optimizer_that_is_none(value):
    with pytest.raises(InvalidArgumentError, match="`row_optimizer` must be None, one of sgd"):
        Logistic(3, row_optimizer=value)


def test_soft_labels_without_row_optimizer():
    head = classifier(None).head
    soft = RNG.dirichlet(np.ones(30), 48).astype("float32")
    truth = -(soft * to_numpy(head.log_prob(X))).sum(-1)
    np.testing.assert_allclose(to_numpy(head.loss(X, soft)), truth, rtol=1e-4)


def test_features_of_any_rank():
    head = classifier("sgd").head
    flat = to_numpy(head.loss(X[:6], Y[:6]))
    found = to_numpy(head.loss(X[:6].reshape(2, 3, 4), Y[:6].reshape(2, 3)))
    np.testing.assert_allclose(found, flat.reshape(2, 3), rtol=1e-6)
    values = head.update(
        ops.convert_to_tensor(X[:6].reshape(2, 3, 4)),
        ops.convert_to_tensor(Y[:6].reshape(2, 3)),
        ops.ones((2, 3)),
    )
    np.testing.assert_allclose(to_numpy(values), flat.reshape(2, 3), rtol=1e-6)


@pytest.mark.parametrize("row_optimizer", [None, "adam"])
def test_adam_is_adam_where_labels_repeat(row_optimizer):
    """Against a dense formula: TensorFlow's own gradient of a gather would not be summed first."""
    keras.utils.set_random_seed(0)
    labels = np.array([2, 2, 2, 1])
    head = Logistic(3, row_optimizer=row_optimizer and heads.RowAdam(0.1), use_bias=False)
    model = Classifier(keras.layers.Identity(), head)
    model.build((None, 4))
    head.class_embeddings.assign(np.zeros((3, 4)))
    model.compile(keras.optimizers.Adam(0.1), metrics=[])
    table, m, v = np.zeros((3, 4)), np.zeros((3, 4)), np.zeros((3, 4))
    for step in range(1, 4):
        gradient = np.zeros((3, 4))
        for x, y in zip(X[:4], labels, strict=True):
            gradient[y] -= x / (1 + np.exp(x @ table[y])) / 4
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        size = 0.1 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        table = table - size * m / (np.sqrt(v) + 1e-7)
    model.fit(X[:4], labels, batch_size=4, epochs=3, shuffle=False, verbose=0)
    np.testing.assert_allclose(embeddings(model)[1:], table[1:], rtol=1e-4, atol=1e-5)


def test_an_overflow_in_float16_spoils_no_row():
    policy = "mixed_float16"
    keras.config.set_dtype_policy(policy)  # with it Keras scales the loss and skips such a step
    model = classifier("adam", policy)
    model.compile("sgd", metrics=[])
    x = X.copy()
    x[:16] *= 1e6
    model.fit(x, Y, batch_size=16, shuffle=False, verbose=0)
    assert np.isfinite(embeddings(model)).all()
    assert (embeddings(model) != embeddings(classifier("adam", policy))).any()


def test_nan_features_of_an_ignored_example():
    head = heads.SampledSoftmax(30, num_sampled=4, row_optimizer="sgd", ignore_class=-1)
    model = Classifier(keras.layers.Identity(), head)
    model.compile("sgd", metrics=[])
    x, labels = X.copy(), Y.copy()
    x[3], labels[3] = np.nan, -1
    model.fit(x, labels, verbose=0)
    assert np.isfinite(embeddings(model)).all()


def test_does_not_train_in_an_ordinary_model():
    head = heads.SampledSoftmax(30, num_sampled=4, row_optimizer="sgd")
    model = keras.Sequential([keras.Input((4,)), head])
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    with pytest.raises(InvalidArgumentError, match="trains within a Classifier"):
        model.fit(X, Y, verbose=0)
