"""What every score layer owes: Keras's own layer test, its formula, masks, precision, saving."""

import keras
import numpy as np
import pytest
import reference
from backend import compiled, gradient, quick, random_scores, to_numpy
from keras import ops
from keras.src.testing import TestCase

import kerasoft
from kerasoft import layers
from kerasoft.errors import InvalidArgumentError
from kerasoft.losses import NegativeLogLikelihood

INF = float("inf")
LAYERS = {
    "softmax": (layers.Softmax, reference.softmax),
    "log_softmax": (layers.LogSoftmax, reference.log_softmax),
    "pseudo": (layers.PseudoSoftmax, reference.pseudo_softmax),
    "gumbel": (layers.GumbelSoftmax, reference.softmax),  # as it is at inference
    "log_gumbel": (layers.LogGumbelSoftmax, reference.log_softmax),
    "taylor": (layers.TaylorSoftmax, reference.taylor_softmax),
    "sparsemax": (layers.Sparsemax, reference.sparsemax),
    "entmax15": (layers.Entmax15, reference.entmax15),
    "entmax": (layers.Entmax, reference.entmax),
}
ALPHAS = {"sparsemax": 2.0, "entmax15": 1.5, "entmax": 1.5}
SCORES = random_scores((6, 5))
LABELS = np.array([0, 4, 2, 2, 1, 3])


@pytest.fixture(params=LAYERS)
def name(request):
    return request.param


@pytest.mark.parametrize(
    "layer, options, generators",
    [
        (layers.Softmax, {}, 0),
        (layers.LogSoftmax, {"axis": 1}, 0),
        (layers.PseudoSoftmax, {"base": 3.0}, 0),
        (layers.GumbelSoftmax, {"temperature": 0.5, "hard": True, "seed": 1}, 1),
        (layers.LogGumbelSoftmax, {"temperature": 2}, 1),
        (layers.TaylorSoftmax, {"order": 4}, 0),
        (layers.Sparsemax, {"axis": 1}, 0),
        (layers.Entmax15, {}, 0),
        (layers.Entmax, {"alpha": 1.2}, 0),
    ],
)
def test_keras_accepts_it(layer, options, generators):
    case = TestCase()
    case.setUp()
    case.run_layer_test(
        layer,
        options,
        input_shape=(2, 3, 4),
        expected_output_shape=(2, 3, 4),
        expected_num_trainable_weights=0,
        expected_num_non_trainable_weights=0,
        expected_num_seed_generators=generators,
        expected_num_losses=0,
        supports_masking=True,
        run_training_check=options.get("hard", False),  # one is enough: it compiles
    )


@pytest.mark.parametrize("training", [None, False])
def test_value(name, training):
    make, truth = LAYERS[name]
    scores = ops.convert_to_tensor(SCORES, dtype="float32")
    found = make()(scores, training=training)
    np.testing.assert_allclose(to_numpy(found), truth(SCORES), rtol=2e-6, atol=1e-7)
    found = make(axis=0)(scores, training=training)
    np.testing.assert_allclose(to_numpy(found), truth(SCORES, axis=0), rtol=2e-6, atol=1e-7)


def test_prob_log_prob_and_loss_agree(name):
    layer, scores = LAYERS[name][0](), ops.convert_to_tensor(SCORES, dtype="float32")
    p, log_p = to_numpy(layer.prob(scores)), to_numpy(layer.log_prob(scores))
    np.testing.assert_allclose(np.exp(log_p), p, rtol=2e-6, atol=0)
    np.testing.assert_allclose(p.sum(-1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(to_numpy(layer(scores)), log_p if "log" in name else p)
    values = -log_p[np.arange(6), LABELS]
    if name in ALPHAS:
        values = reference.fenchel_young(LABELS, SCORES, ALPHAS[name])
    np.testing.assert_allclose(to_numpy(layer.loss(scores, LABELS)), values, 1e-6, 1e-6)
    matching = layer.matching_loss()
    np.testing.assert_allclose(
        to_numpy(matching.call(LABELS, layer(scores))), values, rtol=5e-6, atol=1e-6
    )


def test_matching_loss_gives_the_full_gradient(name):
    layer = LAYERS[name][0]()
    loss, slope = layer.matching_loss(), np.log(2) if name == "pseudo" else 1.0
    found = gradient(lambda s: loss([1], layer(s)), [[40.0, 0.0, 0.0]])
    truth = [[slope, -slope, 0.0]]
    if name == "taylor":  # T(s) = 1 + s + s^2 / 2 has derivative 1 + s
        total = 1 + 40 + 800 + 2
        truth = [[41 / total, 1 / total - 1, 1 / total]]
    np.testing.assert_allclose(found, truth, rtol=1e-6, atol=1e-6)


def test_class_mask(name):
    make, truth = LAYERS[name]
    mask = np.array([[True, False, True, True, False], [False] * 5, [True] * 5])
    layer, scores = make(), ops.convert_to_tensor(SCORES[:3], dtype="float32")
    found = quick(lambda s: layer(s, mask=mask))(scores)
    expected = truth(np.where(mask, SCORES[:3], -INF))
    np.testing.assert_allclose(to_numpy(found), expected, rtol=2e-6, atol=1e-7)


def test_masked_gradient_has_no_nan(name):
    layer = LAYERS[name][0]()
    mask = np.array([[True, False, True], [False] * 3])
    weights = ops.array([[1.0, 0.0, 0.5], [0.0, 0.0, 0.0]])

    def total(scores):
        return ops.sum(weights * ops.where(mask, layer(scores, mask=mask, training=True), 0.0))

    found = gradient(total, [[1.0, 2.0, 1.5], [1.0, 2.0, 1.5]])
    assert np.isfinite(found).all() and (found[~mask] == 0).all() and (found[0, 0] != 0)


def test_time_step_mask_is_only_passed_on(name):
    make, truth = LAYERS[name]
    scores = random_scores((2, 3, 4))
    inputs = keras.layers.Masking()(ops.convert_to_tensor(scores, dtype="float32"))
    outputs = make()(inputs)
    np.testing.assert_allclose(to_numpy(outputs), truth(scores), rtol=2e-6, atol=1e-6)
    assert keras.layers.Activation("linear")(outputs) is not None
    assert to_numpy(outputs._keras_mask).shape == (2, 3)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(name, policy):
    make, truth = LAYERS[name]
    layer = make(dtype=policy)
    half = policy.removeprefix("mixed_")
    found = layer(ops.convert_to_tensor(SCORES, dtype="float32"))
    assert keras.backend.standardize_dtype(found.dtype) == half == layer.compute_dtype
    rounded = to_numpy(ops.convert_to_tensor(SCORES, dtype=half))
    rounding = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[half]
    np.testing.assert_allclose(to_numpy(found), truth(rounded), rtol=rounding * 1.01, atol=2.0**-24)


def test_compiled(name):
    make, truth = LAYERS[name]
    layer = make()
    found = compiled(lambda s: layer(s))(ops.convert_to_tensor(SCORES, dtype="float32"))
    np.testing.assert_allclose(to_numpy(found), truth(SCORES), rtol=2e-6, atol=1e-6)


def test_sequential_trains_saves_and_reloads(name, tmp_path):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(96, 4)).astype("float32")
    labels = x[:, :3].argmax(-1)
    layer = LAYERS[name][0]()
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), layer])
    model.compile(keras.optimizers.SGD(0.5), loss=layer.matching_loss(), metrics=["accuracy"])
    model.fit(x, labels, epochs=8, batch_size=16, verbose=0)
    loss, accuracy = model.evaluate(x, labels, verbose=0)
    assert accuracy > 0.8 and loss < 0.8
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    assert type(again.layers[-1]) is type(layer)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_registry(name):
    make = LAYERS[name][0]
    assert name in layers.names() and set(layers.names()) >= set(LAYERS)
    assert type(layers.get(name)) is type(layers.get(name.replace("_", "-"))) is make
    ready = make()
    assert layers.get(ready) is ready
    assert layers.get(name, axis=1, name="mine").name == "mine"


def test_registry_takes_options():
    assert layers.get("gumbel", temperature=0.5, hard=True).hard
    assert layers.get("pseudo", base=3).base == 3.0


@pytest.mark.parametrize("softmax", ["soft", "", None, 3, layers.Softmax])
def test_registry_names_the_choices(softmax):
    with pytest.raises(InvalidArgumentError) as error:
        layers.get(softmax)
    text = str(error.value)
    assert all(choice in text for choice in layers.names())
    assert text.endswith(f"Received: softmax={softmax!r}")


@pytest.mark.parametrize("option", ["temperature", "message", "kwargs", "unknown"])
def test_registry_names_a_wrong_option(option):
    with pytest.raises(InvalidArgumentError, match=f"`softmax` has no {option}") as error:
        layers.get("softmax", **{option: 1})
    assert str(error.value).endswith(f"Received: {option}=1")


def test_ready_layer_with_options():
    with pytest.raises(InvalidArgumentError, match="Received: softmax=<.*axis=0"):
        layers.get(layers.Softmax(), axis=0)


@pytest.mark.parametrize("base", [1, -1, INF, "x"])
def test_base_that_is_not_allowed(base):
    with pytest.raises(InvalidArgumentError) as error:
        layers.PseudoSoftmax(base=base)
    assert str(error.value).endswith(f"Received: base={base!r}")


def test_matching_loss_keeps_the_axis():
    loss = kerasoft.layers.LogSoftmax(axis=1).matching_loss()
    assert isinstance(loss, NegativeLogLikelihood) and loss.axis == 1 and loss.from_log_probs
