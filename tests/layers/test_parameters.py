"""Parameters of score layers that change while training: alpha and temperature."""

import keras
import numpy as np
import pytest
import reference
from backend import gradient, random_scores, to_numpy
from keras import ops

import kerasoft
from kerasoft.errors import InvalidArgumentError
from kerasoft.layers import Entmax, GumbelSoftmax, LogGumbelSoftmax

SCORES = random_scores((64, 6)).astype("float32")
LABELS = SCORES.argmax(-1)


def fitted(layer, loss=None, epochs=2):
    """A model of a dense layer and `layer`, after a few compiled steps."""
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6), layer])
    model.compile(keras.optimizers.SGD(0.5), loss=loss or layer.matching_loss())
    model.fit(SCORES, LABELS, batch_size=32, epochs=epochs, verbose=0)
    return model


def reloaded(model, tmp_path):
    model.save(tmp_path / "model.keras")
    return keras.models.load_model(tmp_path / "model.keras", compile=False)


def test_learned_alpha_starts_where_it_is_told():
    for start in (1.01, 1.5, 1.9):
        assert abs(float(to_numpy(Entmax(start, learn_alpha=True).alpha)) - start) < 1e-6


@pytest.mark.parametrize("loss", [None, keras.losses.MeanSquaredError()], ids=["own", "squared"])
def test_learned_alpha_moves_in_fit_and_is_saved(loss, tmp_path):
    layer = Entmax(1.4, learn_alpha=True)
    if loss is None:
        model = fitted(layer)
    else:
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6), layer])
        model.compile(keras.optimizers.SGD(5.0), loss=loss)
        model.fit(SCORES, reference.one_hot(LABELS, 6), verbose=0)
    alpha = float(to_numpy(layer.alpha))
    assert 1 < alpha < 2 and abs(alpha - 1.4) > 1e-4
    again = reloaded(model, tmp_path)
    assert float(to_numpy(again.layers[-1].alpha)) == alpha
    np.testing.assert_array_equal(
        again.predict(SCORES, verbose=0), model.predict(SCORES, verbose=0)
    )


def test_learned_alpha_has_the_gradient_of_the_loss():
    """By central differences of the float64 reference."""
    labels = np.arange(64) % 6

    def loss(alpha):
        return reference.fenchel_young(labels, SCORES.astype("float64"), alpha).sum()

    from kerasoft.losses.fenchel_young import fenchel_young

    scores = ops.convert_to_tensor(SCORES)
    for alpha in (1.0 + 1e-6, 1.2, 1.5, 2.0):
        found = gradient(lambda a: ops.sum(fenchel_young(scores, labels, a)), alpha)
        step = 1e-4 if alpha > 1.1 else 5e-7
        truth = (loss(alpha + step) - loss(alpha - step)) / (2 * step)
        np.testing.assert_allclose(found, truth, rtol=2e-4)


@pytest.mark.parametrize("alpha", [1.0, 2.0, 3.0])
def test_alpha_that_cannot_be_learned(alpha):
    with pytest.raises(InvalidArgumentError, match="to be learned. Received: alpha="):
        Entmax(alpha, learn_alpha=True)


@pytest.mark.parametrize("make", [GumbelSoftmax, LogGumbelSoftmax])
def test_learned_temperature_moves_in_fit_and_is_saved(make, tmp_path):
    layer = make(0.5, learn_temperature=True, seed=0)
    model = fitted(layer)
    log_temperature = float(to_numpy(layer.log_temperature))
    assert abs(log_temperature - np.log(0.5)) > 1e-3
    again = reloaded(model, tmp_path)
    assert float(to_numpy(again.layers[-1].log_temperature)) == log_temperature


@pytest.mark.parametrize("in_head", [True, False])
def test_scheduled_temperature_counts_the_steps_of_a_fit(in_head, tmp_path):
    schedule = keras.optimizers.schedules.ExponentialDecay(2.0, decay_steps=1, decay_rate=0.5)
    layer = GumbelSoftmax(schedule, seed=0)
    if in_head:
        model = kerasoft.Classifier(
            keras.layers.Dense(6), kerasoft.heads.SoftmaxHead(6, softmax=layer)
        )
        model.compile("sgd")
        model.fit(SCORES, LABELS, batch_size=32, epochs=2, verbose=0)
        model.evaluate(SCORES, LABELS, verbose=0)
    else:
        model = fitted(layer)
    assert int(to_numpy(layer.step)) == 4
    again = reloaded(model, tmp_path)
    layer = again.head.softmax if in_head else again.layers[-1]
    assert int(to_numpy(layer.step)) == 4
    logits = to_numpy(layer.logits(ops.zeros((4000, 2)), training=True))
    spread = (logits[:, 0] - logits[:, 1]).std()  # of a logistic draw over 2 / 2^4
    np.testing.assert_allclose(spread, 8 * np.pi / 3**0.5, rtol=0.1)
    assert int(to_numpy(layer.step)) == 5


def test_a_schedule_is_not_learned():
    schedule = keras.optimizers.schedules.CosineDecay(1.0, 10)
    with pytest.raises(InvalidArgumentError, match="must be a number to be learned"):
        GumbelSoftmax(schedule, learn_temperature=True)


@pytest.mark.parametrize("make", [GumbelSoftmax, LogGumbelSoftmax])
def test_normal_noise(make):
    layer = make(noise="normal", seed=0)
    logits = to_numpy(layer.logits(ops.zeros((20_000, 2)), training=True))
    assert make.from_config(layer.get_config()).noise == "normal"
    difference = logits[:, 0] - logits[:, 1]  # of two normal draws; logistic for Gumbel draws
    np.testing.assert_allclose(difference.std(), 2**0.5, rtol=0.03)
    np.testing.assert_allclose((difference**4).mean(), 3 * 4, rtol=0.1)


def test_noise_that_is_not_known():
    with pytest.raises(InvalidArgumentError, match="one of gumbel, normal. Received: noise='x'"):
        GumbelSoftmax(noise="x")
