import keras
import numpy as np
import pytest
from backend import quick, to_numpy

from kerasoft.backbones import efficientnet_lite0
from kerasoft.errors import InvalidArgumentError

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 1), "uint8")


def small(**options):
    return efficientnet_lite0((16, 16, 1), image_size=32, **options)


def run(model, images=IMAGES):
    return quick(lambda x: model(x, training=False))(images)


def test_shape_and_size_as_documented():
    model = efficientnet_lite0()
    assert model.name == "efficientnet_lite0"
    assert model.input_shape == (None, 32, 32, 3) and model.output_shape == (None, 1280)
    assert model.count_params() == 3_413_024
    assert model.get_layer("stem_conv").output.shape == (None, 80, 80, 32)
    assert model.get_layer("head_conv").output.shape == (None, 5, 5, 1280)


def test_images_of_the_size_asked_for_are_not_resized():
    names = [layer.name for layer in efficientnet_lite0((64, 64, 3), image_size=64).layers]
    assert "resize" not in names and "rescale" in names


def test_batch_normalisation_as_in_the_original():
    layers = small().layers
    norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 49
    assert {(norm.momentum, norm.epsilon, norm.axis) for norm in norms} == {(0.99, 1e-3, -1)}


def test_a_residual_block_is_dropped_for_some_images_and_scaled_for_the_others():
    model = small(drop_path_rate=0.8)
    drops = {layer.name: layer for layer in model.layers if "drop_path" in layer.name}
    rates = {name: drop.rate for name, drop in drops.items()}
    assert len(rates) == 9 and rates["block14_drop_path"] == pytest.approx(0.8 * 14 / 16)
    assert rates["block2_drop_path"] == pytest.approx(0.1)
    found = to_numpy(drops["block12_drop_path"](np.ones((64, 2, 2, 3), "float32"), training=True))
    assert (found == found[:, :1, :1, :1]).all()
    np.testing.assert_allclose(np.unique(found), [0, 2.5], rtol=1e-6)
    assert not [layer for layer in small().layers if "drop_path" in layer.name]


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy):
    full = small()
    expected = to_numpy(run(full))
    keras.config.set_dtype_policy(policy)
    model = small()
    for one, two in zip(model.weights, full.weights, strict=True):
        one.assign(two.value)
    found = run(model)
    assert keras.backend.standardize_dtype(found.dtype) == policy.removeprefix("mixed_")
    assert model.get_layer("resize").compute_dtype == "float32"
    assert all(weight.dtype == "float32" for weight in model.trainable_variables)
    np.testing.assert_allclose(to_numpy(found), expected, atol=0.1)


def test_saves_and_reloads(tmp_path):
    model = small(drop_path_rate=0.1)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(to_numpy(run(again)), to_numpy(run(model)))


@pytest.mark.parametrize("size", [0, 31, -160, 160.0, "160", None])
def test_wrong_sizes(size):
    with pytest.raises(InvalidArgumentError) as raised:
        efficientnet_lite0(image_size=size)
    assert str(raised.value) == (
        f"`image_size` must be an integer of at least 32. Received: image_size={size!r}"
    )
