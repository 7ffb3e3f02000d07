"""Vision transformers: their pieces, sizes, training with every softmax, other backends' files."""

import os
import subprocess
import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest
import reference
from backend import OTHERS, quick, to_numpy
from keras import ops

import kerasoft
from kerasoft import backbones, layers
from kerasoft.backbones.positions import LearnedPositions
from kerasoft.backbones.sequence_pooling import sequence_pooling
from kerasoft.backbones.stochastic_depth import stochastic_depth
from kerasoft.errors import InvalidArgumentError

VARIANTS = ("softmax", "pseudo", "taylor", "gumbel", "sparsemax", "entmax15", "entmax")
RNG = np.random.default_rng(0)
LABELS = np.arange(16) % 2
IMAGES = RNG.integers(0, 128, (16, 8, 8, 1), "uint8") + 127 * LABELS[:, None, None, None]
IMAGES = IMAGES.astype("uint8")  # the second class is brighter
BACKBONES = {softmax: ("vit", "cct")[i % 2] for i, softmax in enumerate(VARIANTS)}
TINY = {"input_shape": (8, 8, 1), "width": 8, "depth": 1, "num_heads": 2}


def tiny(softmax, **options):
    """A classifier of two classes, on 4 or 16 tokens."""
    backbone = backbones.get(BACKBONES[softmax], **TINY, attention_softmax=softmax)
    model = kerasoft.Classifier(backbone, kerasoft.heads.SoftmaxHead(2, softmax="softmax"))
    model.compile(keras.optimizers.Adam(0.01), **options)
    return model


def probabilities(model):
    return to_numpy(quick(lambda images: model(images, training=False))(IMAGES))


def fit(model, epochs):
    return model.fit(IMAGES, LABELS, batch_size=16, epochs=epochs, verbose=0).history["loss"]


@pytest.mark.parametrize("softmax", VARIANTS)
def test_trains_and_reloads_with_every_variant(softmax, tmp_path):
    model = tiny(softmax)
    losses = fit(model, 6)
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    found = probabilities(again)
    np.testing.assert_allclose(found, probabilities(model), rtol=1e-5, atol=1e-6)
    attention = [one for one in again.backbone.layers if isinstance(one, layers.MultiHeadAttention)]
    assert [type(one.attention_softmax) for one in attention] == [type(layers.get(softmax))]


SAVE = """
import sys
import test_transformers as tests
for softmax in tests.VARIANTS:
    model = tests.tiny(softmax, run_eagerly=True)
    tests.fit(model, 2)
    tests.np.save(f"{sys.argv[1]}/{softmax}.npy", tests.probabilities(model))
    model.save(f"{sys.argv[1]}/{softmax}.keras")
"""


def test_files_of_another_backend(tmp_path):
    installed = [
        name for name in ("torch", "tensorflow", *OTHERS) if name in OTHERS and find_spec(name)
    ]
    if not installed:
        pytest.skip("no other backend is installed")
    here = os.path.dirname(__file__)
    paths = os.pathsep.join([here, os.path.dirname(here), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "KERAS_BACKEND": installed[0], "PYTHONPATH": paths}
    subprocess.run(
        [sys.executable, "-c", SAVE, str(tmp_path)], env=environment, check=True, timeout=300
    )
    for softmax in VARIANTS:
        found = probabilities(keras.models.load_model(tmp_path / f"{softmax}.keras"))
        expected = np.load(tmp_path / f"{softmax}.npy")
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "softmax, policy", [("entmax15", "mixed_bfloat16"), ("softmax", "mixed_float16")]
)
def test_mixed_precision(softmax, policy):
    keras.config.set_dtype_policy(policy)
    model = tiny(softmax)
    assert np.isfinite(fit(model, 2)).all()
    features = quick(lambda images: model.backbone(images, training=False))(IMAGES)
    assert keras.backend.standardize_dtype(features.dtype) == policy.removeprefix("mixed_")
    assert np.isfinite(to_numpy(features)).all()
    assert all(weight.dtype == "float32" for weight in model.trainable_variables)


def test_every_block_has_a_softmax_of_its_own():
    variant = layers.GumbelSoftmax(0.5, learn_temperature=True, seed=3)
    model = backbones.vit(**{**TINY, "depth": 3}, attention_softmax=variant)
    found = [
        one.attention_softmax for one in model.layers if isinstance(one, layers.MultiHeadAttention)
    ]
    assert [one.seed for one in found] == [3, 4, 5]
    assert len({id(one.log_temperature) for one in found} | {id(variant.log_temperature)}) == 4
    assert all(one.temperature == 0.5 for one in found)


def test_positions():
    layer, tokens = LearnedPositions("ones"), RNG.normal(size=(2, 3, 4)).astype("float32")
    np.testing.assert_allclose(to_numpy(layer(tokens)), tokens + 1, rtol=1e-6)
    layer.set_weights([np.arange(12.0).reshape(3, 4)])
    expected = tokens + np.arange(12.0).reshape(3, 4)
    np.testing.assert_allclose(to_numpy(layer(tokens)), expected, rtol=1e-6)
    again = LearnedPositions.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def test_stochastic_depth_drops_whole_examples():
    x = keras.Input((2, 3))
    model = keras.Model(x, stochastic_depth(x, 0.25))
    ones = np.ones((2000, 2, 3), "float32")
    np.testing.assert_array_equal(to_numpy(model(ones, training=False)), ones)
    found = to_numpy(model(ones, training=True))
    assert (found == found[:, :1, :1]).all()
    np.testing.assert_allclose(np.unique(found), [0.0, 4 / 3], rtol=1e-6)
    assert abs((found[:, 0, 0] == 0).mean() - 0.25) < 0.05
    assert stochastic_depth(x, 0.0) is x


def test_depth_of_branches_rises_to_the_rate():
    model = backbones.cct(**{**TINY, "depth": 3}, drop_path_rate=0.2)
    rates = [
        one.rate
        for one in model.layers
        if isinstance(one, keras.layers.Dropout) and one.noise_shape
    ]
    np.testing.assert_allclose(rates, [0.1, 0.1, 0.2, 0.2])


def test_sequence_pooling_against_float64():
    x = keras.Input((5, 4))
    model = keras.Model(x, sequence_pooling(x))
    model.set_weights([RNG.normal(size=(4, 1)), RNG.normal(size=1)])
    tokens = RNG.normal(size=(3, 5, 4))
    kernel, bias = (weight.astype("float64") for weight in model.get_weights())
    weights = reference.softmax((tokens @ kernel + bias)[..., 0])
    expected = np.einsum("nt,ntd->nd", weights, tokens)
    found = to_numpy(model(ops.convert_to_tensor(tokens, dtype="float32")))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name, options, text",
    [
        ("vit", {"patch_size": 5}, "`patch_size` must divide"),
        ("vit", {"num_heads": 5}, "`num_heads` must divide `width`"),
        ("vit", {"num_heads": 0}, "`num_heads` must be a positive integer. Received: num_heads=0"),
        ("vit", {"patch_size": 0}, "`patch_size` must be a positive integer"),
        ("vit_tiny", {"width": 1.5}, "`width` must be a positive integer"),
        ("vit", {"depth": -1}, "`depth` must be a positive integer"),
        ("cct", {"convolutions": 0}, "`convolutions` must be a positive integer"),
        ("cct", {"attention_softmax": "log_softmax"}, "`attention_softmax` must be one of softmax"),
    ],
)
def test_arguments_that_are_not_allowed(name, options, text):
    with pytest.raises(InvalidArgumentError, match=text):
        backbones.get(name, **options)
