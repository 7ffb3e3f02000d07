"""A softmax applied twice, or a logarithm: caught wherever a score layer meets a loss."""

import gc
import weakref

import keras
import numpy as np
import pytest
from backend import NAME, gradient, random_scores, to_numpy
from keras import ops

from kerasoft import layers, losses
from kerasoft.errors import InvalidArgumentError
from kerasoft.losses import origin

SCORES = random_scores((8, 5)).astype("float32")
LABELS = np.arange(8) % 5
FOR_SCORES = [
    losses.SoftmaxCrossEntropy,
    losses.PseudoSoftmaxLoss,
    losses.SparsemaxLoss,
    losses.Entmax15Loss,
    losses.EntmaxLoss,
    losses.MulticlassHinge,
]


def model(layer, loss, **options):
    made = keras.Sequential([keras.Input((5,)), keras.layers.Dense(5), layer])
    made.compile("sgd", loss=loss, **options)
    return made


@pytest.mark.parametrize("loss", FOR_SCORES)
@pytest.mark.parametrize("name", layers.names())
def test_loss_for_scores_refuses_every_score_layer(loss, name):
    with pytest.raises(InvalidArgumentError, match="Such a pair still trains") as error:
        loss()(LABELS, layers.get(name)(SCORES))
    made_by = type(layers.get(name)).__name__
    assert str(error.value).endswith(f"Received: predictions_made_by='{made_by}'")


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("layer", [layers.Softmax, layers.LogGumbelSoftmax, layers.Sparsemax])
def test_caught_in_fit(layer, policy):
    keras.config.set_dtype_policy(policy)
    with pytest.raises(InvalidArgumentError, match="have been through a softmax"):
        model(layer(), losses.SoftmaxCrossEntropy()).fit(SCORES, LABELS, verbose=0)


def test_softmax_of_keras_is_caught():
    with pytest.raises(InvalidArgumentError, match="predictions_made_by='softmax'"):
        losses.SoftmaxCrossEntropy()(LABELS, keras.layers.Softmax()(SCORES))


@pytest.mark.parametrize("name", ["softmax", "pseudo", "taylor", "gumbel"])
def test_logarithm_of_probabilities_is_not_forgotten(name):
    with pytest.raises(InvalidArgumentError, match="must be False"):
        losses.NegativeLogLikelihood(from_log_probs=True)(LABELS, layers.get(name)(SCORES))


@pytest.mark.parametrize("name", ["log_softmax", "log_gumbel"])
def test_logarithm_is_not_taken_twice(name):
    with pytest.raises(InvalidArgumentError, match="must be True"):
        losses.NegativeLogLikelihood()(LABELS, layers.get(name)(SCORES))


@pytest.mark.parametrize("name", ["sparsemax", "entmax15", "entmax"])
def test_sparse_probabilities_have_no_likelihood(name):
    with pytest.raises(InvalidArgumentError, match="which has no logarithm"):
        losses.NegativeLogLikelihood()(LABELS, layers.get(name)(SCORES))


@pytest.mark.parametrize(
    "predictions",
    [
        lambda: SCORES,
        lambda: layers.Softmax()(SCORES),
        lambda: layers.Entmax15()(SCORES),
        lambda: layers.Entmax(2.5, learn_alpha=False)(SCORES),
        lambda: layers.Sparsemax()(SCORES) * 1.0,
    ],
    ids=["scores", "softmax", "entmax15", "alpha 2.5", "copy"],
)
def test_sparse_loss_of_other_predictions(predictions):
    with pytest.raises(InvalidArgumentError, match="takes the outputs of its own score layer"):
        losses.SparsemaxLoss(from_probs=True)(LABELS, predictions())


@pytest.mark.parametrize("name", layers.names())
def test_matched_pair_trains_in_half_precision(name):
    """Through fit, where the probability of a confidently wrong label underflows."""
    keras.config.set_dtype_policy("mixed_float16" if NAME != "torch" else "mixed_bfloat16")
    layer = layers.get(name)
    made = model(layer, layer.matching_loss(), run_eagerly=False)
    made.layers[0].set_weights([40 * np.eye(5)[::-1], np.zeros(5)])
    before = made.layers[0].get_weights()[0]
    made.fit(np.eye(5), np.arange(5), verbose=0, batch_size=5)
    after = made.layers[0].get_weights()[0]
    label = [0, 1, 3, 4]  # the middle row is right already
    assert (np.diag(after)[label] > np.diag(before)[label]).all()


@pytest.mark.parametrize("name", layers.names())
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_matched_pair_has_the_full_gradient(name, dtype):
    layer = layers.get(name, dtype=dtype)
    found = gradient(lambda s: layer.matching_loss()([1], layer(s)), [[40.0, 0.0, 0.0]], dtype)
    slope = {"pseudo": np.log(2), "taylor": 1 - 1 / 843}.get(name, 1.0)
    np.testing.assert_allclose(found[0, 1], -slope, rtol=1e-6 if dtype == "float32" else 4e-3)


@pytest.mark.skipif(NAME == "jax", reason="tracers take no notes: only eager JAX knows")
def test_softmax_of_keras_is_caught_in_fit():
    with pytest.raises(InvalidArgumentError, match="predictions_made_by='softmax'"):
        model(keras.layers.Softmax(), losses.SoftmaxCrossEntropy()).fit(SCORES, LABELS, verbose=0)


@pytest.mark.parametrize("name", layers.names())
def test_matching_loss_takes_the_options_of_losses(name):
    layer = layers.get(name, axis=1)
    loss = layer.matching_loss(label_smoothing=0.1, ignore_class=2, reduction="sum")
    assert (loss.label_smoothing, loss.ignore_class, loss.reduction) == (0.1, 2, "sum")
    assert loss.axis == 1 and np.isfinite(to_numpy(loss(LABELS, layer(SCORES))))


def test_hard_draws_train_through_their_relaxation():
    layer = layers.GumbelSoftmax(hard=True, seed=1)
    found = gradient(lambda s: layer.matching_loss()(LABELS, layer(s, training=True)), SCORES)
    assert (np.abs(found).max(-1) > 0.01).all()


@pytest.mark.skipif(NAME == "tensorflow", reason="its registry keeps custom gradients for good")
def test_a_trained_layer_can_be_forgotten():
    layer = layers.Sparsemax()
    made = model(layer, layer.matching_loss())
    made.fit(SCORES, LABELS, verbose=0)
    made.predict(SCORES, verbose=0)
    alive = weakref.ref(layer)
    del made, layer
    keras.backend.clear_session()
    gc.collect()
    assert alive() is None and not origin._ORIGINS


def test_predictions_of_no_known_origin_are_taken_at_their_word():
    p = layers.Softmax()(SCORES)
    known = to_numpy(losses.NegativeLogLikelihood()(LABELS, p))
    copied = to_numpy(losses.NegativeLogLikelihood()(LABELS, ops.convert_to_numpy(p)))
    np.testing.assert_allclose(known, copied, rtol=1e-6)
