"""Each operation is Pillow's, and each image has its own operation and strength."""

import numpy as np
import pytest
from backend import NAME, compiled, to_numpy
from compiled_layer import compiled_method
from keras import KerasTensor, ops
from PIL import Image, ImageEnhance, ImageOps
from scipy import stats

from kerasoft.augmentation import TrivialAugment
from kerasoft.augmentation.trivial_augment import OPERATIONS, STRENGTHS, transformed
from kerasoft.errors import InvalidArgumentError

MOVING = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
# Blends in float32 may fall on either side of an integer; Pillow's stretching misses some.
CLOSE = ("brightness", "color", "contrast", "sharpness", "autocontrast")
RNG = np.random.default_rng(0)


def pictures():
    """Noise, gradients, few levels, flat, black, white, nearly flat: uint8 (N, 20, 24, 3)."""
    noise = RNG.integers(0, 256, (3, 20, 24, 3))
    ramp = np.broadcast_to(np.arange(24)[None, :, None] * np.array([10, 5, 1]), noise.shape[1:])
    flat = np.broadcast_to(np.array([[0, 0, 0], [255, 255, 255], [77, 130, 9]]), (20, 24, 3, 3))
    flat = np.moveaxis(flat, 2, 0)
    speck = np.full((20, 24, 3), 100)
    speck[3, 4] = 101, 100, 0
    rows = [*noise, noise[0] // 8 + 90, noise[1] // 128 * 255, ramp, *flat, speck]
    return np.stack(rows).astype("uint8")


PICTURES = pictures()


def affine(name, strength):
    """Pillow's six numbers."""
    way, size = np.sign(strength), abs(strength)
    shift = way * int(size * 32 / 30)
    return {
        "shear_x": (1, strength * 0.99 / 30, 0, 0, 1, 0),
        "shear_y": (1, 0, 0, strength * 0.99 / 30, 1, 0),
        "translate_x": (1, 0, shift, 0, 1, 0),
        "translate_y": (1, 0, 0, 0, 1, shift),
    }[name]


def pillow(array, name, strength):
    """What the operation is, in Pillow."""
    image = Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)
    size = abs(strength)
    factor = 0.01 + size * (2.0 - 0.01) / 30
    enhancers = {"brightness", "color", "contrast", "sharpness"}
    if name in enhancers:
        output = getattr(ImageEnhance, name.capitalize())(image).enhance(factor)
    elif name == "rotate":
        output = image.rotate(np.sign(strength) * int(size * 135 / 30))
    elif name in MOVING:
        output = image.transform(image.size, Image.Transform.AFFINE, affine(name, strength))
    elif name == "posterize":
        output = ImageOps.posterize(image, 8 - int(size * 6 / 30))
    elif name == "solarize":
        output = ImageOps.solarize(image, 256 - int(size * 256 / 30))
    elif name == "identity":
        output = image
    else:
        output = getattr(ImageOps, name)(image)
    return np.array(output).reshape(array.shape)


@compiled
def run(images, operations, strengths):
    return transformed(images, operations, strengths)


def everything(images):
    """Each picture by each operation at each strength, in one batch."""
    strengths = np.arange(-30, 31)
    picture, operation, strength = (
        grid.reshape(-1)
        for grid in np.meshgrid(np.arange(len(images)), np.arange(14), strengths, indexing="ij")
    )
    batch = images[picture]
    tensors = (ops.convert_to_tensor(x) for x in (batch, operation.astype("int32")))
    output = run(*tensors, ops.convert_to_tensor(strength.astype("int32")))
    return batch, operation, strength, to_numpy(output)


@pytest.fixture(scope="module")
def all_of_them():
    return everything(PICTURES)


def rotation_is_close_to_an_edge(strength, shape):
    """Pixels whose source is within 0.003 of another pixel: Pillow computes in 2^-16 pixels."""
    angle = np.deg2rad(np.sign(strength) * int(abs(strength) * 135 / 30))
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    x, y = x - shape[1] / 2, y - shape[0] / 2
    sources = (
        np.cos(angle) * x - np.sin(angle) * y + shape[1] / 2,
        np.sin(angle) * x + np.cos(angle) * y + shape[0] / 2,
    )
    return np.any([np.abs(source - np.round(source)) < 3e-3 for source in sources], axis=0)


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_is_pillows(all_of_them, name):
    images, operations, strengths, output = all_of_them
    for i in np.flatnonzero(operations == OPERATIONS.index(name)):
        difference = np.abs(output[i].astype(int) - pillow(images[i], name, strengths[i]))
        if name == "rotate":
            difference[rotation_is_close_to_an_edge(strengths[i], images[i].shape)] = 0
        allowed = 1 if name in CLOSE else 0
        assert difference.max() <= allowed, (strengths[i], difference.max())


def test_few_pixels_are_close_to_an_edge():
    shares = [rotation_is_close_to_an_edge(s, (20, 24)).mean() for s in range(-30, 31)]
    assert np.mean(shares) < 0.03


@pytest.mark.parametrize("name", OPERATIONS)
def test_one_channel(name):
    images = PICTURES[..., :1]
    count = len(images)
    place = np.full(count, OPERATIONS.index(name), "int32")
    strength = np.full(count, -20, "int32")
    output = to_numpy(run(*map(ops.convert_to_tensor, (images, place, strength))))
    for image, found in zip(images, output, strict=True):
        difference = np.abs(found.astype(int) - pillow(image, name, -20))
        if name != "rotate":  # by 90 degrees, Pillow exchanges the axes of square images alone
            assert difference.max() <= 1


def test_quarter_turns_of_squares_are_exact():
    images = RNG.integers(0, 256, (2, 32, 32, 3)).astype("uint8")
    place, strength = np.array([5, 5], "int32"), np.array([20, -20], "int32")
    turned = to_numpy(run(*map(ops.convert_to_tensor, (images, place, strength))))
    np.testing.assert_array_equal(turned[0], np.rot90(images[0]))
    np.testing.assert_array_equal(turned[1], np.rot90(images[1], -1))


def marked(count=64):
    """One image again and again."""
    image = np.random.default_rng(1).integers(3, 250, (1, 8, 8, 3))
    return np.repeat(image, count, axis=0).astype("uint8")


def test_operations_and_strengths_are_drawn_uniformly(monkeypatch):
    seen = {}

    def record(images, operations, strengths):
        seen.update(operations=to_numpy(operations), strengths=to_numpy(strengths))
        return images

    monkeypatch.setattr("kerasoft.augmentation.trivial_augment.transformed", record)
    TrivialAugment(seed=1)(np.zeros((31000, 3, 3, 1), "uint8"), training=True)
    table = np.zeros((14, 2 * STRENGTHS))
    sign = seen["strengths"] < 0
    np.add.at(table, (seen["operations"], np.abs(seen["strengths"]) + 31 * sign), 1)
    assert stats.chisquare(table.sum(1)).pvalue > 1e-4
    sizes = table.sum(0).reshape(2, STRENGTHS)
    assert stats.chisquare(sizes.sum(0)).pvalue > 1e-4
    ways = sizes[:, 1:]  # at strength 0 both ways are one
    assert stats.chisquare(ways.sum(1)).pvalue > 1e-4
    assert seen["strengths"].min() == -30 and seen["strengths"].max() == 30
    assert stats.chi2_contingency(table[:, 1:31]).pvalue > 1e-4


def test_each_image_has_its_own():
    output = to_numpy(TrivialAugment(seed=2)(marked(), training=True))
    assert len(np.unique(output.reshape(64, -1), axis=0)) > 35


@pytest.mark.parametrize("dtype", ["uint8", "float16", "bfloat16", "float32"])
def test_dtypes_agree(dtype):
    images = ops.cast(ops.convert_to_tensor(marked()), dtype)
    layer = TrivialAugment(seed=3)
    output = layer(images, training=True)
    assert output.dtype == images.dtype
    expected = to_numpy(TrivialAugment(seed=3)(marked(), training=True))
    np.testing.assert_array_equal(to_numpy(output), expected)


def test_floats_are_rounded_and_clipped():
    images = np.array([-3.0, 0.4, 99.6, 300.0], "float32").reshape(1, 1, 4, 1).repeat(3, axis=1)
    place, strength = np.zeros(1, "int32"), np.zeros(1, "int32")
    output = to_numpy(run(*map(ops.convert_to_tensor, (images, place, strength))))
    assert output[0, 0, :, 0].tolist() == [0.0, 0.0, 100.0, 255.0]


def test_nothing_unless_training_and_draws_repeat_with_the_seed():
    images = marked()
    layer, twin = TrivialAugment(seed=3), TrivialAugment(seed=3)
    np.testing.assert_array_equal(to_numpy(layer(images, training=False)), images)
    first, second = (to_numpy(layer(images, training=True)) for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(to_numpy(twin(images, training=True)), first)


def test_compiled_and_eager_draw_and_compute_the_same():
    images = ops.convert_to_tensor(marked())
    eager, layer = TrivialAugment(seed=3), TrivialAugment(seed=3)
    call = compiled_method(lambda images: layer(images, training=True), layer.seed_generator)
    for _ in range(2):
        one, two = to_numpy(call(images)), to_numpy(eager(images, training=True))
        assert np.abs(one.astype(int) - two).max() <= 1  # a blend may be fused


def test_batch_size_may_be_open_and_the_graph_fits_all():
    if NAME != "tensorflow":
        pytest.skip("only TensorFlow compiles without the batch size")
    import tensorflow as tf

    layer = TrivialAugment(seed=1)
    signature = [tf.TensorSpec((None, 8, 8, 3), "uint8")]
    call = tf.function(lambda images: layer(images, training=True), input_signature=signature)
    for count in (1, 5):
        assert call(ops.convert_to_tensor(marked(count))).shape == (count, 8, 8, 3)


def test_symbolic_and_config():
    layer = TrivialAugment(seed=4, name="augment")
    assert TrivialAugment.from_config(layer.get_config()).get_config() == layer.get_config()
    output = layer(KerasTensor((None, 8, 8, 3), "uint8"), training=True)
    assert output.shape == (None, 8, 8, 3) and output.dtype == "uint8"


@pytest.mark.parametrize("shape", [(2, 8, 8, 4), (2, 2, 8, 3), (8, 8, 3)])
def test_wrong_images(shape):
    with pytest.raises(
        InvalidArgumentError, match=r"`images` must be \(N, H, W, C\).*Received: images_shape="
    ):
        TrivialAugment()(np.zeros(shape, "uint8"), training=True)
