import keras
import numpy as np
import pytest
from backend import NAME, quick, to_numpy

from kerasoft import backbones
from kerasoft.backbones.depthwise_conv import DepthwiseConv2D
from kerasoft.backbones.efficientnet import _APPLICATIONS, VARIANTS
from kerasoft.errors import InvalidArgumentError

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), "uint8")


@pytest.fixture
def channels_first():
    usual = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    yield
    keras.config.set_image_data_format(usual)


def scales(model):
    return [layer.scale for layer in model.layers if isinstance(layer, keras.layers.Rescaling)]


def test_every_variant_is_there():
    assert len(VARIANTS) == 15 and set(VARIANTS) >= {"b0", "b7", "v2_b0", "v2_b3", "v2_s", "v2_l"}
    for variant in VARIANTS:
        assert callable(getattr(keras.applications, _APPLICATIONS[variant]))
        assert f"efficientnet_{variant}" in backbones.names()


@pytest.mark.parametrize(("variant", "parameters"), [("b0", 4_049_571), ("v2_b0", 5_919_312)])
def test_shape_size_and_normalisation_of_its_own(variant, parameters, channels_first):
    model = backbones.get(f"efficientnet-{variant}", image_size=64)
    assert keras.config.image_data_format() == "channels_first"
    assert model.name == f"efficientnet_{variant}" and model.count_params() == parameters
    assert model.input_shape == (None, 32, 32, 3) and model.output_shape == (None, 1280)
    assert model.get_layer("resize").output.shape == (None, 64, 64, 3)
    assert scales(model) == [pytest.approx(1 / 255)]
    kinds = {type(layer) for layer in model.layers}
    depthwise = {kind for kind in kinds if issubclass(kind, keras.layers.DepthwiseConv2D)}
    assert depthwise == {DepthwiseConv2D if NAME == "jax" else keras.layers.DepthwiseConv2D}


def test_features_do_not_depend_on_the_configuration(tmp_path, monkeypatch, channels_first):
    """ImageNet weights add a scale a channel, which Keras lays out as it is configured."""
    from keras.src.utils import file_utils

    path = tmp_path / "weights.weights.h5"
    backbones.efficientnet("b0").save_weights(path)
    monkeypatch.setattr(file_utils, "get_file", lambda *_, **__: str(path))
    model = backbones.efficientnet("b0", image_size=32, weights="imagenet")
    model.save(tmp_path / "model.keras")
    found = [to_numpy(quick(lambda x: model(x, training=False))(IMAGES))]
    keras.config.set_image_data_format("channels_last")
    again = keras.models.load_model(tmp_path / "model.keras")
    found.append(to_numpy(quick(lambda x: again(x, training=False))(IMAGES)))
    assert np.isfinite(found[0]).all() and (found[0][0] != found[0][1]).any()
    np.testing.assert_allclose(*found, atol=1e-5)
    expected = [[np.array([0.229, 0.224, 0.225]) ** -0.5]]
    np.testing.assert_allclose(scales(model)[1], expected)


def test_weights_that_cannot_be_downloaded():
    with pytest.raises(InvalidArgumentError) as raised:
        backbones.efficientnet("b0", weights="imagenet")
    text = str(raised.value)
    assert "efficientnet_b0" in text and "could not be downloaded" in text and "\n" not in text
    assert text.endswith("Received: weights='imagenet'")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"variant": "b8"}, "`variant` must be one of b0, .* v2_l. Received: variant='b8'"),
        ({"variant": ["b0"]}, "`variant` must be one of"),
        ({"weights": "noisy"}, "`weights` must be None or 'imagenet'. Received: weights='noisy'"),
        ({"image_size": 16}, "`image_size` must be"),
        ({"input_shape": (32, 32, 1), "weights": "imagenet"}, "`input_shape` must have 3"),
    ],
)
def test_wrong_arguments(options, match):
    with pytest.raises(InvalidArgumentError, match=match):
        backbones.efficientnet(**options)
