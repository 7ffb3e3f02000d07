"""Inputs that once went wrong without a word."""

import keras
import numpy as np
import pytest
from backend import NAME, gradient, random_scores, to_numpy
from keras import ops

import kerasoft
from kerasoft import layers, losses
from kerasoft.errors import InvalidArgumentError

LOSSES = [losses.SoftmaxCrossEntropy, losses.SparsemaxLoss, losses.MulticlassHinge]
SCORES = random_scores((3, 3, 5)).astype("float32")
IDS = np.arange(9).reshape(3, 3) % 5


@pytest.mark.parametrize("make", LOSSES)
@pytest.mark.parametrize("options", [{}, {"class_weight": [1] * 5}, {"ignore_class": -1}])
def test_one_weight_an_entry_of_a_sequence_batch(make, options):
    weights = np.array([1.0, 2.0, 4.0], "float32")
    values = to_numpy(make().call(IDS, SCORES))
    found = to_numpy(make(**options)(IDS, SCORES, weights))
    np.testing.assert_allclose(found, (values * weights[:, None]).mean(), rtol=1e-5)


def test_one_weight_an_entry_in_a_classifier():
    classifier = kerasoft.Classifier(
        keras.layers.Dense(4), kerasoft.heads.SoftmaxHead(5, "softmax")
    )
    classifier.compile("sgd", metrics=[])
    classifier.fit(SCORES, IDS, verbose=0)
    weights = np.array([1.0, 2.0, 4.0], "float32")
    values = to_numpy(classifier.head.loss(classifier.backbone(SCORES), IDS))
    found = classifier.evaluate(SCORES, IDS, sample_weight=weights, verbose=0)
    np.testing.assert_allclose(found, (values * weights[:, None]).mean(), rtol=1e-4)


@pytest.mark.parametrize("make", LOSSES)
@pytest.mark.parametrize("label", [-1, 5, 1.5, 2**32 + 1])
def test_an_id_that_is_none_gives_nan(make, label):
    if label == 2**32 + 1 and NAME == "jax":
        pytest.skip("JAX has wrapped it into 32 bits before anyone can look")
    labels = np.array([label, 2], "float32" if label == 1.5 else "int64")
    found = to_numpy(make().call(labels, SCORES[0, :2]))
    assert np.isnan(found[0]) and np.isfinite(found[1])


@pytest.mark.parametrize("make", LOSSES)
@pytest.mark.parametrize("shape", [(3, 1), (1, 3), (3, 1, 5), (2, 3)])
def test_labels_are_not_broadcast(make, shape):
    with pytest.raises(InvalidArgumentError, match="must have the shape of the predictions"):
        make()(np.zeros(shape, "int32"), SCORES)


@pytest.mark.parametrize("make", [losses.PseudoSoftmaxLoss, losses.EntmaxLoss, *LOSSES])
def test_nan_in_an_ignored_row_stays_there(make):
    scores = SCORES[0].copy()
    scores[1] = np.nan
    found = gradient(lambda s: make(ignore_class=-1)([0, -1, 2], s), scores)
    assert np.isfinite(found).all() and (found[1] == 0).all() and (found[0] != 0).any()


@pytest.mark.parametrize("make", LOSSES)
def test_float64_with_ignored_rows(make):
    scores = ops.convert_to_tensor(SCORES[0], dtype="float64")
    loss = make(ignore_class=1, class_weight=[1] * 5, dtype="float64")
    assert np.isfinite(to_numpy(loss([0, 1, 2], scores)))


@pytest.mark.parametrize("name", layers.names())
def test_empty_batch(name):
    layer = layers.get(name)
    assert tuple(layer(np.zeros((0, 300), "float32"), training=True).shape) == (0, 300)


@pytest.mark.parametrize("call", ["tensor", "symbol", "generator"])
def test_functional_models_take_no_tensors_as_options(call):
    scores = keras.Input((5,))
    with pytest.raises(InvalidArgumentError, match="use the score layers. Received: "):
        if call == "generator":
            kerasoft.ops.gumbel_softmax(scores, seed=keras.random.SeedGenerator(0))
        else:
            alpha = keras.Input((1,)) if call == "symbol" else ops.array([1.3])
            kerasoft.ops.entmax(scores, alpha)


def test_learned_parameters_stay_in_float32():
    layer = layers.Entmax(1.2991, learn_alpha=True, dtype="mixed_bfloat16")
    scores = ops.cast(SCORES[0], "bfloat16")
    expected = kerasoft.ops.entmax(ops.cast(scores, "float32"), 1.2991)
    found = layer(scores)
    np.testing.assert_array_equal(to_numpy(found), to_numpy(ops.cast(expected, "bfloat16")))


@pytest.mark.skipif(NAME == "torch", reason="on PyTorch only its own kernels have one")
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "pseudo_softmax", "taylor_softmax"])
def test_second_derivative(name):
    op, weights = getattr(kerasoft.ops, name), ops.array([1.0, -2.0, 0.5, 3.0])
    x, step = np.array([0.1, 0.5, -0.3, 0.2], "float32"), 1e-2

    def slope(s):
        return _inner_gradient(lambda z: ops.sum(weights * op(z) * op(z)), s)

    found = gradient(lambda s: ops.sum(weights * slope(s)), x)
    numeric = [
        to_numpy(ops.sum(weights * (slope(ops.array(x + d)) - slope(ops.array(x - d))))) / 2 / step
        for d in step * np.eye(4, dtype="float32")
    ]
    np.testing.assert_allclose(found, numeric, rtol=0.02, atol=0.01)


def _inner_gradient(function, x):
    if NAME == "jax":
        import jax

        return jax.grad(function)(x)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x)
