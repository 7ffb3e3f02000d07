"""Every backbone: shapes, sizes as documented, the same features for uint8 and float images."""

import keras
import numpy as np
import pytest
from backend import compiled, to_numpy

from kerasoft import backbones
from kerasoft.errors import InvalidArgumentError

# name: features at 32x32, parameters, features of a thin one at 16x16x1
CLAIMS = {
    "linear": (3072, 0, 256),
    "simple_cnn": (128, 544_000, 128),
    "tiny_vgg": (640, 3_000, 64),
    "resnet12": (512, 8_000_000, 32),
    "cnn": (512, 3_300_000, 512),
    "resnet9": (512, 6_600_000, 32),
    "airbench": (512, 7_320_000, 4),
    "wide_resnet": (640, 36_500_000, 64),
    "vit_tiny": (96, 310_000, 4),
    "vit": (192, 2_700_000, 4),
    "cct_2": (128, 283_201, 4),  # published: 0.28 and 3.76 million, with a head of 10 classes
    "cct": (256, 3_762_945, 4),
}
THIN = {
    "linear": {},
    "airbench": {"widths": (4, 4)},
    "wide_resnet": {"depth": 10, "widening": 1},
    "vit_tiny": {"width": 4, "num_heads": 2},
    "vit": {"width": 4, "num_heads": 2, "depth": 1},
}
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 1), "uint8")


def thin(name):
    return backbones.get(name, input_shape=(16, 16, 1), **THIN.get(name, {"width": 4}))


@pytest.mark.parametrize("name", CLAIMS)
def test_shape_and_size_as_documented(name):
    model = backbones.get(name)
    width, parameters, _ = CLAIMS[name]
    assert model.name == name
    assert model.input_shape == (None, 32, 32, 3) and model.output_shape == (None, width)
    tolerance = 0.0 if name.startswith("cct") else 0.05
    assert abs(model.count_params() - parameters) <= tolerance * parameters


@pytest.mark.parametrize("name", CLAIMS)
def test_uint8_and_float_images_give_the_same_features(name):
    model = thin(name)
    run = compiled(lambda images: model(images, training=False))
    found = to_numpy(run(IMAGES))
    assert found.shape == (2, CLAIMS[name][2])
    assert np.isfinite(found).all() and (found[0] != found[1]).any()
    np.testing.assert_array_equal(found, to_numpy(run(IMAGES.astype("float32"))))


@pytest.mark.parametrize(
    "depth, widening, parameters", [(16, 8, 11_000_000), (40, 2, 2_200_000), (40, 1, 600_000)]
)
def test_published_sizes_of_wide_resnets(depth, widening, parameters):
    """With a head of ten classes, in their authors' table."""
    model = backbones.wide_resnet(depth=depth, widening=widening)
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    assert len([c for c in convolutions if c.kernel_size == (3, 3)]) == depth - 3
    assert abs(model.count_params() / parameters - 1) < 0.08


@pytest.mark.parametrize("options", [{"depth": 27}, {"depth": 4}, {"depth": True}, {"widening": 0}])
def test_wrong_sizes_of_wide_resnets(options):
    with pytest.raises(InvalidArgumentError, match=f"`{next(iter(options))}`.*Received"):
        backbones.wide_resnet(**options)


@pytest.mark.parametrize("depth, convolutions, sums", [(1, 3, 0), (2, 6, 0), (3, 9, 3), (4, 12, 3)])
def test_depths_of_airbench(depth, convolutions, sums):
    model = backbones.airbench(widths=(4, 8, 12), depth=depth)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert (kinds.count("Conv2D"), kinds.count("Add")) == (convolutions, sums)
    assert model.output_shape == (None, 12)


@pytest.mark.parametrize("options", [{"depth": 0}, {"widths": ()}, {"widths": (4, 0)}])
def test_wrong_sizes_of_airbench(options):
    with pytest.raises(InvalidArgumentError, match=f"`{next(iter(options))}.*Received"):
        backbones.airbench(**options)


def test_linear_scales_to_one():
    found = to_numpy(backbones.linear((1, 3, 1))(np.array([[[[0], [51], [255]]]], "uint8")))
    np.testing.assert_allclose(found, [[-1.0, -0.6, 1.0]], atol=1e-6)


@pytest.mark.parametrize("name", ["simple_cnn", "resnet9"])
def test_mixed_precision(name):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = thin(name)
    found = compiled(lambda images: model(images, training=False))(IMAGES)
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    assert np.isfinite(to_numpy(found)).all()
    assert all(weight.dtype == "float32" for weight in model.trainable_variables)


@pytest.mark.parametrize("name", ["simple_cnn", "resnet12"])
def test_saves_and_reloads(name, tmp_path):
    model = thin(name)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for one, two in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert again.count_params() == model.count_params() and again.name == name


def test_names():
    names = set(backbones.names())
    assert names >= {*CLAIMS, "efficientnet_lite0", "efficientnet_b0", "efficientnet_v2_s"}
    assert backbones.get("simple-cnn", input_shape=(8, 8, 1), width=2).name == "simple_cnn"
    for name in (*CLAIMS, "efficientnet_lite0"):
        assert callable(getattr(backbones, name))


@pytest.mark.parametrize("name", ["resnet", "", None, 3])
def test_unknown_name(name):
    with pytest.raises(InvalidArgumentError) as error:
        backbones.get(name)
    text = str(error.value)
    assert all(choice in text for choice in backbones.names())
    assert text.endswith(f"Received: backbone={name!r}")


def test_unknown_option():
    with pytest.raises(
        InvalidArgumentError, match="no option width, but input_shape. Received: width=3"
    ):
        backbones.get("linear", width=3)


@pytest.mark.parametrize("name", ["vit_tiny", "cct_2"])
def test_unknown_option_of_a_smaller_network(name):
    with pytest.raises(
        InvalidArgumentError, match=f"{name} has no option foo, but .*depth.* Received: foo=3"
    ):
        backbones.get(name, depth=1, foo=3)


@pytest.mark.parametrize("make", [backbones.vit_tiny, backbones.cct_2])
def test_name_of_a_smaller_network(make):
    assert make(depth=1).name == make.__name__
    assert make(depth=1, name="mine").name == "mine"


@pytest.mark.parametrize("name", [*CLAIMS, "efficientnet_lite0", "efficientnet_v2_b0"])
def test_images_are_channels_last_whatever_keras_is_configured_for(name):
    usual = keras.config.image_data_format()
    expected = backbones.get(name).output_shape
    keras.config.set_image_data_format("channels_first")
    try:
        assert backbones.get(name).output_shape == expected
    finally:
        keras.config.set_image_data_format(usual)
