"""GumbelSoftmax and LogGumbelSoftmax: noise while training, fresh each time, and only then."""

import keras
import numpy as np
import pytest
import reference
from backend import gradient, random_scores, to_numpy
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.layers import GumbelSoftmax, LogGumbelSoftmax

BOTH = pytest.mark.parametrize("make", [GumbelSoftmax, LogGumbelSoftmax])


@BOTH
def test_fresh_noise_on_every_call_and_none_at_inference(make):
    layer, scores = make(seed=3), ops.zeros((4, 5))
    calls = [to_numpy(layer(scores, training=True)) for _ in range(3)]
    assert (calls[0] != calls[1]).any() and (calls[1] != calls[2]).any()
    quiet = to_numpy(layer(scores, training=False))
    np.testing.assert_allclose(np.exp(quiet) if make is LogGumbelSoftmax else quiet, 0.2, rtol=1e-6)


@BOTH
def test_seed_repeats_a_run(make):
    def draws(seed):
        layer = make(seed=seed)
        return np.stack([to_numpy(layer(ops.zeros((4, 5)), training=True)) for _ in range(3)])

    np.testing.assert_array_equal(draws(7), draws(7))
    assert (draws(7) != draws(8)).any()
    assert (draws(None) != draws(None)).any()


def test_both_layers_draw_the_same():
    scores = ops.convert_to_tensor(random_scores((4, 5)), dtype="float32")
    one = to_numpy(GumbelSoftmax(0.7, seed=1)(scores, training=True))
    two = to_numpy(LogGumbelSoftmax(0.7, seed=1)(scores, training=True))
    np.testing.assert_allclose(np.exp(two), one, rtol=1e-5, atol=1e-12)


def test_temperature_counts_while_training_only():
    scores = random_scores((4, 5))
    wide = ops.convert_to_tensor(scores, dtype="float32")
    layer = GumbelSoftmax(temperature=1e6)
    np.testing.assert_allclose(to_numpy(layer(wide, training=True)), 0.2, atol=1e-4)
    np.testing.assert_allclose(to_numpy(layer(wide)), reference.softmax(scores), rtol=2e-6)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_hard(dtype):
    layer = GumbelSoftmax(hard=True, seed=0, dtype=dtype)
    found = to_numpy(layer(ops.zeros((500, 5)), training=True))
    assert set(np.unique(found)) == {0.0, 1.0} and (found.sum(-1) == 1).all()
    assert (found.sum(0) > 50).all()
    np.testing.assert_allclose(to_numpy(layer(ops.zeros((2, 5)))), 0.2, rtol=2.0**-8)
    values = to_numpy(layer.loss(ops.zeros((500, 5)), np.zeros(500, "int32"), training=True))
    assert np.isfinite(values).all() and 0 < values.min() and values.max() < 25


def test_loss_has_a_gradient_in_training():
    layer = GumbelSoftmax(hard=True, seed=0)
    found = gradient(
        lambda s: ops.sum(layer.loss(s, np.zeros(6, "int32"), training=True)),
        random_scores((6, 5)),
    )
    assert np.isfinite(found).all() and (np.abs(found).sum(-1) > 0).all()


@pytest.mark.parametrize("mode", ["graph", "eager"])
def test_fresh_noise_in_every_step_of_a_fit(mode):
    class Spy(keras.layers.Layer):
        """Keeps what the last step saw."""

        def build(self, shape):
            self.seen = self.add_weight(shape=(4, 5), trainable=False, name="seen")

        def call(self, x):
            self.seen.assign(x)
            return x

    class Keep(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.draws = []

        def on_epoch_end(self, epoch, logs=None):
            self.draws.append(to_numpy(spy.seen.value))

    spy, keep = Spy(), Keep()
    model = keras.Sequential(
        [keras.Input(batch_shape=(4, 5)), keras.layers.Dense(5), GumbelSoftmax(seed=1), spy]
    )
    model.compile(keras.optimizers.SGD(0.0), loss="mse", run_eagerly=mode == "eager")
    x = np.zeros((4, 5), "float32")
    model.fit(x, x, batch_size=4, epochs=3, verbose=0, callbacks=[keep])
    one, two, three = keep.draws
    assert (one != two).any() and (two != three).any() and (one != three).any()
    assert (one[0] != one[1]).any()


@BOTH
@pytest.mark.parametrize("temperature", [0, -1, float("nan"), float("inf"), "x", True])
def test_temperature_that_is_not_allowed(make, temperature):
    with pytest.raises(InvalidArgumentError, match="`temperature` must be") as error:
        make(temperature=temperature)
    assert str(error.value).endswith(f"Received: temperature={temperature!r}")


def test_hard_has_no_logarithm():
    with pytest.raises(InvalidArgumentError, match="Received: hard=True"):
        LogGumbelSoftmax(hard=True)


@BOTH
def test_config_survives(make):
    layer = make(temperature=np.float32(0.5), seed=4, axis=1, name="g")
    again = make.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.temperature, again.seed, again.axis, again.hard) == (0.5, 4, 1, False)
