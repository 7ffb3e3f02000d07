"""MultiHeadAttention: equal to Keras with softmax, to float64 NumPy with every variant."""

import keras
import numpy as np
import pytest
import reference
from backend import NAME, quick, to_numpy
from keras import ops
from keras.src.testing import TestCase
from vjp import value_and_gradient

from kerasoft import layers
from kerasoft.errors import InvalidArgumentError
from kerasoft.layers import MultiHeadAttention

VARIANTS = {
    "softmax": reference.softmax,
    "pseudo": reference.pseudo_softmax,
    "taylor": reference.taylor_softmax,
    "gumbel": reference.softmax,  # as it is at inference
    "sparsemax": reference.sparsemax,
    "entmax15": reference.entmax15,
    "entmax": lambda scores: reference.entmax(scores, 1.3),
}
HALF = "mixed_float16"
EVERY = pytest.mark.parametrize("name", VARIANTS)
RNG = np.random.default_rng(0)
QUERY = RNG.normal(size=(2, 4, 6))
VALUE = RNG.normal(size=(2, 5, 3))
KEY = RNG.normal(size=(2, 5, 7))
UPSTREAM = RNG.normal(size=QUERY.shape)
MASK = RNG.random((2, 4, 5)) < 0.6
MASK[..., 0] |= ~MASK.any(-1)  # an open position in every row
CLOSED = MASK.copy()
CLOSED[0, 1] = CLOSED[1, :2] = False
OPEN = np.ones(MASK.shape, "bool")
HEADS_MASK = np.stack([MASK, ~MASK | (np.arange(5) == 2)], axis=1)


def make(name="softmax", **options):
    variant = layers.Entmax(alpha=1.3) if name == "entmax" else name
    return MultiHeadAttention(2, 3, variant, kernel_initializer="zeros", **options)


def filled(layer, *shapes):
    """The layer, built, with weights that a trained one could have (biases too)."""
    layer.build(*(shapes or (QUERY.shape, VALUE.shape, KEY.shape)))
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def run(layer, arrays=(QUERY, VALUE, KEY), **options):
    """Outputs, with the weights and alone, and the weights; in one compilation."""

    @quick
    def both(*inputs):
        return *layer(*inputs, return_attention_scores=True, **options), layer(*inputs, **options)

    return both(*(ops.convert_to_tensor(array, layer.compute_dtype) for array in arrays))


def value_and_gradients(layer, arrays=(QUERY, VALUE, KEY), **options):
    """The outputs, and the gradient of their weighted sum in every weight and input, as one."""
    values = [*(to_numpy(w) for w in layer.trainable_variables), *arrays]
    ends = np.cumsum([value.size for value in values])
    known = len(layer.trainable_variables)

    def outputs(flat):
        parts = [
            ops.reshape(flat[end - value.size : end], value.shape)
            for end, value in zip(ends, values, strict=True)
        ]
        state = [variable.value for variable in layer.non_trainable_variables]
        return layer.stateless_call(parts[:known], state, *parts[known:], **options)[0]

    flat = np.concatenate([value.ravel() for value in values])
    return value_and_gradient(outputs, flat, UPSTREAM)


def truth(layer, mask=None, value=VALUE, key=KEY, variant=reference.softmax):
    """Outputs and weights in float64, from the layer's own weights."""
    wq, bq, wk, bk, wv, bv, wo, bo = (w.astype("float64") for w in layer.get_weights())
    q = np.einsum("ntd,dhk->nhtk", QUERY, wq) + bq[:, None]
    k = np.einsum("nsd,dhk->nhsk", key, wk) + bk[:, None]
    v = np.einsum("nsd,dhk->nhsk", value, wv) + bv[:, None]
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        scores = np.where(mask[:, None], scores, -np.inf)
    weights = variant(scores)
    return np.einsum("nhtv,hvd->ntd", weights @ v, wo) + bo, weights


CASES = {
    "self": ([QUERY, QUERY], {}),
    "cross": ([QUERY, VALUE, KEY], {}),
    "mask": ([QUERY, VALUE, KEY], {"attention_mask": MASK}),
    "mask without examples": ([QUERY, VALUE], {"attention_mask": MASK[0].astype("int32")}),
    "mask of rank 4 and one": ([QUERY, VALUE], {"attention_mask": MASK[:, None, :1]}),
    "mask of heads": ([QUERY, VALUE, KEY], {"attention_mask": HEADS_MASK}),
    "mask of keys": ([QUERY, VALUE, KEY], {"value_mask": MASK[:, 0], "key_mask": MASK[:, 0]}),
    "masks of both kinds": (
        [QUERY, VALUE],
        {"value_mask": np.array([[1, 1, 1, 0, 1]] * 2, "bool"), "attention_mask": MASK | OPEN},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_equals_keras(case):
    arrays, options = CASES[case]
    shapes = [array.shape for array in arrays]
    ours = filled(make(), *shapes)
    theirs = filled(keras.layers.MultiHeadAttention(2, 3, kernel_initializer="zeros"), *shapes)
    for one, other in zip(ours.weights, theirs.weights, strict=True):
        assert one.shape == other.shape and one.path.split("/")[1:] == other.path.split("/")[1:]
    found, slopes = value_and_gradients(ours, arrays, **options)
    expected, their_slopes = value_and_gradients(theirs, arrays, **options)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(slopes, their_slopes, rtol=1e-5, atol=1e-5)


def test_mask_that_keys_alone_decide():
    layer = filled(make())
    mask = np.array([1, 0, 1, 1, 0], "bool")
    for found in run(layer, attention_mask=mask)[::2]:
        expected, _ = truth(layer, np.broadcast_to(mask, MASK.shape))
        np.testing.assert_allclose(to_numpy(found), expected, rtol=1e-5, atol=2e-5)


def test_equals_keras_without_bias():
    ours = filled(make(use_bias=False))
    options = {"use_bias": False, "kernel_initializer": "zeros"}
    theirs = filled(keras.layers.MultiHeadAttention(2, 3, **options))
    assert len(ours.weights) == 4
    found, slopes = value_and_gradients(ours)
    expected, their_slopes = value_and_gradients(theirs)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(slopes, their_slopes, rtol=1e-5, atol=1e-5)


def test_weights_equal_keras():
    theirs = filled(keras.layers.MultiHeadAttention(2, 3, kernel_initializer="zeros"))
    found, expected = (run(one, attention_mask=MASK)[1] for one in (filled(make()), theirs))
    np.testing.assert_allclose(to_numpy(found), to_numpy(expected), rtol=1e-5, atol=1e-6)


def test_both_ways_of_softmax_give_the_same_gradients(monkeypatch):
    layer = filled(make())
    kernel = value_and_gradients(layer, attention_mask=CLOSED)
    monkeypatch.setattr(layer, "_has_kernel", lambda *_: False)
    explicit = value_and_gradients(layer, attention_mask=CLOSED)
    for one, two in zip(kernel, explicit, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-5)


def check_rows(weights, mask, tolerance):
    """A sum of one where anything is open, and an exact zero wherever the mask closes."""
    weights = to_numpy(weights)
    rows = np.broadcast_to(mask.any(-1)[:, None], weights.shape[:-1])
    np.testing.assert_allclose(weights.sum(-1), rows, atol=tolerance)
    assert (weights[np.broadcast_to(~mask[:, None], weights.shape)] == 0).all()


@EVERY
def test_every_variant_against_float64(name):
    layer = filled(make(name))
    output, weights, alone = run(layer, attention_mask=CLOSED)
    true_output, true_weights = truth(layer, CLOSED, variant=VARIANTS[name])
    np.testing.assert_allclose(to_numpy(weights), true_weights, rtol=1e-5, atol=2e-6)
    for found in (output, alone):
        np.testing.assert_allclose(to_numpy(found), true_output, rtol=1e-5, atol=2e-5)
    check_rows(weights, CLOSED, 1e-6)
    bias = to_numpy(layer.output_dense.bias.value)
    nothing = ~CLOSED.any(-1)
    np.testing.assert_array_equal(to_numpy(alone)[nothing], np.tile(bias, (nothing.sum(), 1)))


@pytest.mark.skipif(NAME == "jax", reason="JAX has no float64 unless it is told to")
@pytest.mark.parametrize("name", ["softmax", "sparsemax"])
def test_double_precision(name):
    layer = filled(make(name, dtype="float64"))
    true_output, true_weights = truth(layer, CLOSED, variant=VARIANTS[name])
    output, weights, alone = run(layer, attention_mask=CLOSED)
    np.testing.assert_allclose(to_numpy(weights), true_weights, rtol=0, atol=1e-12)
    for found in (output, alone):
        np.testing.assert_allclose(to_numpy(found), true_output, rtol=0, atol=1e-11)


def test_values_of_a_size_of_their_own():
    layer = filled(make(value_dim=2))  # not every backend's kernel takes them
    found = run(layer, attention_mask=CLOSED)[-1]
    np.testing.assert_allclose(to_numpy(found), truth(layer, CLOSED)[0], rtol=1e-5, atol=2e-5)


@EVERY
def test_gradient_of_every_variant_against_float64(name):
    layer = filled(make(name))
    found, slopes = value_and_gradients(layer, attention_mask=CLOSED)
    assert np.isfinite(slopes).all() and np.isfinite(found).all()

    def total(step, along):
        key = KEY + step * along
        return (truth(layer, CLOSED, key=key, variant=VARIANTS[name])[0] * UPSTREAM).sum()

    for along in np.random.default_rng(2).normal(size=(3, *KEY.shape)):
        expected = (total(1e-6, along) - total(-1e-6, along)) / 2e-6
        along_slopes = (slopes[-KEY.size :] * along.ravel()).sum()
        np.testing.assert_allclose(along_slopes, expected, rtol=1e-4, atol=1e-4)


@EVERY
def test_all_closed_gives_zeros_and_finite_gradients_while_training(name):
    layer = filled(make(name, dropout=0.5))
    nothing = np.zeros(MASK.shape, "bool")
    found, slopes = value_and_gradients(layer, attention_mask=nothing, training=True)
    bias = to_numpy(layer.output_dense.bias.value)
    np.testing.assert_array_equal(found, np.broadcast_to(bias, found.shape))
    assert np.isfinite(slopes).all()
    assert (slopes[-KEY.size :] == 0).all()


@pytest.mark.parametrize(
    "name, dtype", [*((name, "mixed_bfloat16") for name in VARIANTS), ("sparsemax", HALF)]
)
def test_half_precision(name, dtype):
    layer = filled(make(name, dtype=dtype))
    found = run(layer, attention_mask=CLOSED)
    true_output, _ = truth(layer, CLOSED, variant=VARIANTS[name])
    unit = 2.0**-8 if dtype == "mixed_bfloat16" else 2.0**-11
    assert {keras.backend.standardize_dtype(one.dtype) for one in found} == {layer.compute_dtype}
    scale = 20 * unit * np.abs(true_output).max()
    for output in (found[0], found[2]):
        np.testing.assert_allclose(to_numpy(output), true_output, rtol=0, atol=scale)
    check_rows(found[1], CLOSED, 5 * unit)
    assert all(weight.dtype == "float32" for weight in layer.trainable_variables)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_without_a_mask(dtype):
    layer = filled(make(dtype=dtype))
    true_output, _ = truth(layer)
    unit = 2.0**-8 if dtype == "mixed_bfloat16" else 2.0**-11
    scale = 20 * unit * np.abs(true_output).max()
    np.testing.assert_allclose(to_numpy(run(layer)[-1]), true_output, rtol=0, atol=scale)


@pytest.mark.parametrize(
    "name, dtype, mask",
    [
        *((name, HALF, MASK) for name in VARIANTS),
        *(("softmax", dtype, OPEN) for dtype in ("float32", "mixed_bfloat16", HALF)),
        *(("softmax", dtype, MASK) for dtype in ("float32", "mixed_bfloat16")),
    ],
)
def test_scores_of_a_hundred_thousand(name, dtype, mask):
    """Beyond what float16 holds, and beyond what its kernels close a position with."""
    layer = filled(make(name, dtype=dtype))
    options = {} if mask is OPEN else {"attention_mask": mask}
    output, weights, alone = run(layer, (300 * QUERY, VALUE, 300 * KEY), **options)
    assert np.isfinite(to_numpy(output)).all()
    check_rows(weights, mask, 1e-2)
    unit = 2.0**-8 if dtype == "mixed_bfloat16" else 2.0**-11
    scale = 8 * unit * np.abs(to_numpy(output)).max()
    np.testing.assert_allclose(to_numpy(alone), to_numpy(output), rtol=0, atol=scale)


def test_noise_while_training_only():
    layer = filled(make(layers.GumbelSoftmax(seed=1)))
    inputs = [ops.convert_to_tensor(array, dtype="float32") for array in (QUERY, VALUE, KEY)]
    calls = [to_numpy(layer(*inputs, training=True)) for _ in range(2)]
    assert (calls[0] != calls[1]).any()
    np.testing.assert_allclose(to_numpy(layer(*inputs)), truth(layer)[0], rtol=1e-5, atol=2e-5)
    noisy, weights = layer(
        *inputs, attention_mask=CLOSED, training=True, return_attention_scores=True
    )
    weights = to_numpy(weights)
    assert (weights[np.broadcast_to(~CLOSED[:, None], weights.shape)] == 0).all()
    assert np.isfinite(to_numpy(noisy)).all()


def test_dropout_while_training_only():
    layer = MultiHeadAttention(1, 2, dropout=0.25, use_bias=False, seed=0)
    tokens = ops.ones((1, 40, 2))
    layer.build((1, 40, 2), (1, 40, 2))
    layer.set_weights([np.eye(2).reshape(w.shape) for w in layer.get_weights()])
    np.testing.assert_allclose(to_numpy(layer(tokens, tokens)), 1.0, atol=1e-6)
    outputs = to_numpy(layer(tokens, tokens, training=True))[0, :, 0]
    kept = outputs * 0.75 * 40  # whole numbers of the 40 equal weights
    np.testing.assert_allclose(kept, np.round(kept), atol=1e-3)
    assert np.abs(kept.mean() - 30) < 3 and len(set(np.round(kept))) > 3
    assert (outputs != to_numpy(layer(tokens, tokens, training=True))[0, :, 0]).any()


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("name", ["softmax", "sparsemax"])
def test_masks_of_layers_before(name):
    words = np.array([[3, 1, 2, 0, 0], [4, 0, 0, 0, 0]])
    tokens = keras.layers.Embedding(5, 4, mask_zero=True)(words)
    layer = MultiHeadAttention(2, 3, name)
    output, weights = layer(tokens, tokens, return_attention_scores=True)
    closed = np.broadcast_to(words[:, None, None] == 0, weights.shape)
    assert (to_numpy(weights)[closed] == 0).all()
    np.testing.assert_allclose(to_numpy(weights).sum(-1)[:, 0], words != 0, atol=1e-6)
    mean = to_numpy(keras.layers.GlobalAveragePooling1D()(output))  # which knows the mask
    output = to_numpy(output)
    np.testing.assert_allclose(mean, [output[0, :3].mean(0), output[1, 0]], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "options, generators",
    [
        ({}, 0),
        ({"attention_softmax": "entmax15", "dropout": 0.5}, 1),
        ({"attention_softmax": layers.GumbelSoftmax(0.5, seed=1), "value_dim": 2}, 1),
    ],
)
def test_keras_accepts_it(options, generators):
    case = TestCase()
    case.setUp()
    case.run_layer_test(
        MultiHeadAttention,
        {"num_heads": 2, "key_dim": 3, **options},
        input_shape={"query_shape": (2, 4, 6), "value_shape": (2, 5, 3)},
        expected_output_shape=(2, 4, 6),
        expected_num_trainable_weights=8,
        expected_num_non_trainable_weights=0,
        expected_num_seed_generators=generators,
        expected_num_losses=0,
        supports_masking=True,
        run_training_check=False,
    )


def test_symbolic_outputs():
    query, value = keras.Input((4, 6)), keras.Input((None, 3))
    output, weights = make("entmax15")(query, value, return_attention_scores=True)
    assert output.shape == (None, 4, 6) and weights.shape == (None, 2, 4, None)
    model = keras.Model([query, value], [output, weights])
    found = model([QUERY.astype("float32"), VALUE.astype("float32")])
    assert [tuple(one.shape) for one in found] == [(2, 4, 6), (2, 2, 4, 5)]


def test_options_and_weights_of_the_variant_are_saved(tmp_path):
    variant = layers.Entmax(alpha=1.2, learn_alpha=True)
    query, value = keras.Input((4, 6)), keras.Input((5, 3))
    model = keras.Model([query, value], make(variant, dropout=0.1, seed=3)(query, value))
    variant.alpha_logit.assign(0.7)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    layer = again.layers[-1]
    assert layer.get_config() == model.layers[-1].get_config()
    assert layer.attention_softmax.learn_alpha and layer.attention_softmax is not variant
    inputs = [QUERY.astype("float32"), VALUE.astype("float32")]
    np.testing.assert_array_equal(to_numpy(again(inputs)), to_numpy(model(inputs)))


def test_learned_alpha_gets_a_gradient():
    variant = layers.Entmax(alpha=1.5, learn_alpha=True)
    layer = filled(make(variant))
    assert any(variable is variant.alpha_logit for variable in layer.trainable_variables)
    _, slopes = value_and_gradients(layer)
    place = next(i for i, one in enumerate(layer.trainable_variables) if one is variant.alpha_logit)
    start = sum(int(np.prod(w.shape)) for w in layer.trainable_variables[:place])
    assert np.isfinite(slopes).all() and slopes[start] != 0


def test_kernels_start_different():
    layer = MultiHeadAttention(2, 3, kernel_initializer=keras.initializers.GlorotUniform())
    layer.build((1, 4, 6), (1, 4, 6))
    query, key, value = (layer.get_weights()[i] for i in (0, 2, 4))
    assert (query != key).any() and (key != value).any()


@pytest.mark.parametrize(
    "options, received",
    [
        ({"attention_softmax": "log_softmax"}, "attention_softmax='log_softmax'"),
        ({"attention_softmax": "log-gumbel"}, "attention_softmax='log-gumbel'"),
        ({"attention_softmax": "soft"}, "attention_softmax='soft'"),
        ({"attention_softmax": None}, "attention_softmax=None"),
        ({"attention_softmax": layers.LogSoftmax()}, ">"),
        ({"attention_softmax": layers.Sparsemax(axis=1)}, ">"),
        ({"num_heads": 0}, "num_heads=0"),
        ({"key_dim": 1.5}, "key_dim=1.5"),
        ({"value_dim": True}, "value_dim=True"),
        ({"dropout": 1}, "dropout=1"),
        ({"dropout": "x"}, "dropout='x'"),
    ],
)
def test_arguments_that_are_not_allowed(options, received):
    with pytest.raises(InvalidArgumentError) as error:
        MultiHeadAttention(**{"num_heads": 2, "key_dim": 3, **options})
    assert str(error.value).startswith(f"`{next(iter(options))}` must be")
    assert "Received: " in str(error.value) and str(error.value).endswith(received)


def test_images_are_no_tokens():
    with pytest.raises(InvalidArgumentError, match="`query` must have the shape"):
        make().build((2, 4, 4, 3), (2, 5, 3))
