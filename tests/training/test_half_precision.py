"""Rounded weights, in half the bytes."""

import zipfile

import keras
import numpy as np
import pytest
from backend import to_numpy

import kerasoft
from kerasoft import heads
from kerasoft.training.half_precision import round_weights, shrink

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), "uint8")


def classifier(head="softmax", policy="float32"):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        backbone = kerasoft.backbones.resnet9((16, 16, 3), width=8)
        model = kerasoft.Classifier(backbone, heads.get(head, 20))
    finally:
        keras.config.set_dtype_policy(before)
    model.build((None, 16, 16, 3))
    return model


def test_kernels_are_rounded_and_vectors_are_not():
    model = classifier()
    vector = next(weight for weight in model.weights if len(weight.shape) == 1)
    vector.assign(np.full(vector.shape, 1 / 3, "float32"))
    before = [to_numpy(weight) for weight in model.weights]
    round_weights(model)
    for weight, value in zip(model.weights, before, strict=True):
        if value.ndim > 1:
            np.testing.assert_array_equal(to_numpy(weight), value.astype("float16"))
        else:
            np.testing.assert_array_equal(to_numpy(weight), value)


def test_what_float16_cannot_hold_stays():
    model = classifier()
    kernel = next(weight for weight in model.weights if len(weight.shape) == 4)
    value = np.full(kernel.shape, 1e5, "float32")
    value[0] = 1 / 3
    kernel.assign(value)
    round_weights(model)
    np.testing.assert_array_equal(to_numpy(kernel), value)


@pytest.mark.parametrize("head", ["softmax", "gumbel", "hierarchical", "adaptive"])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_smaller_file_loads_as_the_same_model(head, policy, tmp_path):
    model = classifier(head, policy)
    round_weights(model)
    path = tmp_path / "model.keras"
    model.save(path)
    size = path.stat().st_size
    shrink(path)
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    kernels = sum(4 * to_numpy(weight).size for weight in model.weights if len(weight.shape) > 1)
    assert path.stat().st_size < size - 0.45 * kernels
    copy = keras.saving.load_model(path)
    for one, other in zip(copy.weights, model.weights, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))
    np.testing.assert_array_equal(copy.predict(IMAGES), model.predict(IMAGES))


def test_what_was_not_rounded_is_kept_exactly(tmp_path):
    model = classifier()
    path = tmp_path / "model.keras"
    model.save(path)
    shrink(path)
    for one, other in zip(keras.saving.load_model(path).weights, model.weights, strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))
