"""Patches come out uncorrelated, at unit variance, and stay so when saved."""

import keras
import numpy as np
import pytest
from backend import compiled, to_numpy

from kerasoft import backbones
from kerasoft.backbones.patch_whitening import PatchWhitening
from kerasoft.errors import InvalidArgumentError

RNG = np.random.default_rng(0)
SMOOTH = RNG.normal(size=(200, 12, 12, 3)).cumsum(1).cumsum(2).astype("float32") / 4


def adapted(size=2, images=SMOOTH, **options):
    layer = PatchWhitening(size, **options)
    layer.build((None, *images.shape[1:]))
    layer.adapt(images)
    return layer


@pytest.mark.parametrize("size", [1, 2, 3])
def test_it_whitens(size):
    layer = adapted(size)
    run = compiled(layer)
    found = to_numpy(run(SMOOTH))
    axes = 3 * size**2
    assert found.shape == (200, 13 - size, 13 - size, 2 * axes)
    assert layer.compute_output_shape((7, 12, None, 3)) == (7, 13 - size, None, 2 * axes)
    np.testing.assert_allclose(found[..., :axes], -found[..., axes:], atol=1e-4)
    windows = np.lib.stride_tricks.sliding_window_view(SMOOTH, (size, size), (1, 2))
    variances = np.linalg.eigvalsh(covariance(windows.reshape(-1, axes)))[::-1]
    expected = np.diag(variances / (variances + 5e-4))
    np.testing.assert_allclose(covariance(found[..., :axes]), expected, atol=1e-3)


def covariance(values):
    return np.cov(values.reshape(-1, values.shape[-1]), rowvar=False, bias=True)


def test_the_axis_of_most_variance_comes_first():
    kernel = to_numpy(adapted(1).kernel)[0, 0, :, :3]
    norms = np.linalg.norm(kernel, axis=0)
    assert (np.diff(norms) > 0).all()  # the wider an axis, the smaller its filter


def test_directions_of_no_variance_stay_finite():
    grey = np.repeat(SMOOTH[..., :1], 3, axis=-1)
    found = to_numpy(adapted(2, grey)(grey))
    assert np.isfinite(found).all() and np.abs(found).max() < 100
    flat = np.zeros((4, 8, 8, 3), "float32")
    assert np.isfinite(to_numpy(adapted(2, flat)(flat))).all()


def test_before_it_is_adapted_it_hands_pixels_on():
    layer = PatchWhitening(1)
    found = to_numpy(layer(SMOOTH))
    np.testing.assert_allclose(found, np.concatenate([SMOOTH, -SMOOTH], -1), rtol=1e-6)


def test_filters_are_fixed_and_biases_trained():
    layer = adapted()
    assert [weight.name for weight in layer.trainable_weights] == ["bias"]
    assert [weight.name for weight in layer.non_trainable_weights] == ["kernel"]


def test_in_half_precision():
    found = to_numpy(adapted(dtype="mixed_bfloat16")(SMOOTH))
    np.testing.assert_allclose(found, to_numpy(adapted()(SMOOTH)), atol=0.3)


@pytest.mark.parametrize("size", [0, -1, 1.5, True])
def test_wrong_sizes(size):
    with pytest.raises(InvalidArgumentError, match="`size`.*Received"):
        PatchWhitening(size)


@pytest.mark.parametrize("shape", [(4, 8, 8, 1), (8, 8, 3)])
def test_images_that_it_is_not_built_for(shape):
    layer = PatchWhitening()
    layer.build((None, 8, 8, 3))
    with pytest.raises(InvalidArgumentError, match="as many channels.*Received"):
        layer.adapt(np.zeros(shape))
    with pytest.raises(InvalidArgumentError, match="must be built"):
        PatchWhitening().adapt(SMOOTH)


def test_a_backbone_adapts_to_what_its_layer_sees():
    images = RNG.integers(0, 256, (300, 17, 17, 3), "uint8")
    backbone = backbones.airbench((17, 17, 3), widths=(4, 4, 4))
    backbones.adapt(backbone, images)
    seen = images / 127.5 - 1
    expected = PatchWhitening()
    expected.build((None, 17, 17, 3))
    expected.adapt(seen)
    found = to_numpy(backbone.get_layer("whitening").kernel)
    np.testing.assert_allclose(found, to_numpy(expected.kernel), rtol=1e-3, atol=1e-3)
    backbones.adapt(backbones.linear(), images)  # has nothing to adapt


def test_it_is_saved(tmp_path):
    model = keras.Sequential([keras.Input((12, 12, 3)), PatchWhitening(2)])
    model.layers[0].adapt(SMOOTH)
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(to_numpy(copy(SMOOTH)), to_numpy(model(SMOOTH)))
