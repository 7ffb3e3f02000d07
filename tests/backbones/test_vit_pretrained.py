"""vit_pretrained: a tiny preset of our own in place of the one that needs a download."""

import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest
from backend import quick, to_numpy

from kerasoft import backbones
from kerasoft.errors import InvalidArgumentError

NEEDS_HUB = pytest.mark.skipif(find_spec("keras_hub") is None, reason="KerasHub is not installed")
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), "uint8")


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    import keras_hub

    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 6, "mlp_dim": 8}
    backbone = keras_hub.models.ViTBackbone(image_shape=(16, 16, 3), patch_size=8, **sizes)
    rng = np.random.default_rng(1)
    backbone.set_weights(
        [rng.normal(size=w.shape) if w.ndim else w for w in backbone.get_weights()]
    )
    folder = str(tmp_path_factory.mktemp("preset"))
    backbone.save_to_preset(folder)
    return folder, backbone


@NEEDS_HUB
def test_features_are_the_class_token_of_enlarged_images(preset, tmp_path):
    folder, backbone = preset
    model = backbones.get("vit_pretrained", input_shape=(8, 8, 3), preset=folder)
    assert model.output_shape == (None, 6) and model.name == "vit_pretrained"
    found = to_numpy(quick(lambda images: model(images, training=False))(IMAGES))
    scaled = keras.ops.image.resize(IMAGES / np.float32(127.5) - 1, (16, 16))
    expected = to_numpy(quick(lambda images: backbone(images, training=False))(scaled))[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(IMAGES, verbose=0), found, rtol=1e-4, atol=1e-4)


@NEEDS_HUB
def test_mixed_precision(preset):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = backbones.vit_pretrained((8, 8, 3), preset[0])
    found = quick(lambda images: model(images, training=False))(IMAGES)
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    assert np.isfinite(to_numpy(found)).all()
    assert all(weight.dtype == "float32" for weight in model.trainable_variables)


@NEEDS_HUB
@pytest.mark.parametrize("name", ["vit_base_patch16_224_imagenet21k", "no-such-preset", 3])
def test_preset_that_cannot_be_loaded(name):
    with pytest.raises(InvalidArgumentError, match="`preset` cannot be loaded") as error:
        backbones.vit_pretrained(preset=name)
    text = str(error.value)
    assert "\n" not in text and len(text) < 400 and text.endswith(f"Received: preset={name!r}")


@NEEDS_HUB
def test_channels_that_the_preset_does_not_have(preset):
    with pytest.raises(InvalidArgumentError, match="must have 3 channels"):
        backbones.vit_pretrained((8, 8, 1), preset[0])


def test_without_keras_hub(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(InvalidArgumentError, match=r'pip install "kerasoft\[vit\]"') as error:
        backbones.get("vit_pretrained")
    assert "\n" not in str(error.value)
