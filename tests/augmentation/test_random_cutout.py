"""Each image has its own square covered, cut off at the border, and only while training."""

import numpy as np
import pytest
from backend import compiled, to_numpy
from compiled_layer import compiled_method
from keras import KerasTensor, ops
from scipy import stats

from kerasoft.augmentation import RandomCutout
from kerasoft.augmentation.boxes import random_boxes
from kerasoft.errors import InvalidArgumentError

HEIGHT, WIDTH = 10, 12


def covered(size, count=4000, seed=1, **options):
    """Which pixels are covered: (count, H, W)."""
    images = np.zeros((count, HEIGHT, WIDTH, 3), "uint8")
    output = to_numpy(RandomCutout(size, value=7, seed=seed, **options)(images, training=True))
    assert set(np.unique(output)) <= {0, 7}
    assert (output == output[..., :1]).all()
    return output[..., 0] == 7


def spans(mask, axis):
    """First and last covered place of each image along an axis."""
    line = mask.any(axis=axis)
    return line.argmax(1), line.shape[1] - 1 - line[:, ::-1].argmax(1)


@pytest.mark.parametrize("size", [1, 3, 4, 25])
def test_every_centre_is_as_likely_and_the_border_cuts(size):
    mask = covered(size)
    for axis, extent in ((2, HEIGHT), (1, WIDTH)):
        allowed = {}
        for centre in range(extent):
            first = max(centre - size // 2, 0)
            last = min(centre - size // 2 + size, extent) - 1
            allowed[first, last] = allowed.get((first, last), 0) + 1
        found = list(zip(*(ends.tolist() for ends in spans(mask, axis)), strict=True))
        assert set(found) == set(allowed)
        counts = [found.count(span) for span in allowed]
        expected = np.array(list(allowed.values())) / extent * len(mask)
        assert len(counts) == 1 or stats.chisquare(counts, expected).pvalue > 1e-4
    areas = mask.sum((1, 2))
    rows, columns = (np.subtract(*spans(mask, axis)[::-1]) + 1 for axis in (2, 1))
    np.testing.assert_array_equal(areas, rows * columns)  # it is a box


def test_rows_and_columns_are_independent():
    mask = covered(1)
    table = np.zeros((HEIGHT, WIDTH))
    np.add.at(table, (spans(mask, 2)[0], spans(mask, 1)[0]), 1)
    assert stats.chi2_contingency(table).pvalue > 1e-4


@pytest.mark.parametrize("probability", [0.0, 0.25, 1.0])
def test_share_of_images(probability):
    hit = covered(4, probability=probability).any((1, 2)).mean()
    assert abs(hit - probability) < 0.03 and (hit == probability or probability == 0.25)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "bfloat16", "float32"])
def test_dtype_and_the_uncovered_stay(dtype):
    images = np.random.default_rng(0).integers(0, 128, (6, 9, 9, 3))
    inputs = ops.cast(ops.convert_to_tensor(images), dtype)
    output = RandomCutout(4, value=200, seed=1)(inputs, training=True)
    assert output.dtype == inputs.dtype
    found = to_numpy(output)
    assert ((found == images) | (found == 200)).all() and (found == 200).any(axis=(1, 2, 3)).all()


def test_float_values():
    images = np.ones((2, 4, 4, 1), "float32")
    output = to_numpy(RandomCutout(9, value=-0.5)(images, training=True))
    np.testing.assert_array_equal(output, -0.5 * images)


def test_nothing_unless_training_and_draws_repeat_with_the_seed():
    images = np.zeros((32, HEIGHT, WIDTH, 3), "uint8")
    layer, twin = RandomCutout(seed=3), RandomCutout(seed=3)
    np.testing.assert_array_equal(to_numpy(layer(images, training=False)), images)
    first, second = (to_numpy(layer(images, training=True)) for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(to_numpy(twin(images, training=True)), first)


def test_compiled_and_eager_draw_the_same():
    images = ops.zeros((16, HEIGHT, WIDTH, 3), "uint8")
    eager, layer = RandomCutout(4, seed=3), RandomCutout(4, seed=3)
    call = compiled_method(lambda images: layer(images, training=True), layer.seed_generator)
    for _ in range(2):
        np.testing.assert_array_equal(
            to_numpy(call(images)), to_numpy(eager(images, training=True))
        )


def test_boxes_may_be_of_any_size_each():
    images = np.zeros((5, 6, 7, 3))
    heights, widths = np.array([0, 1, 13, 3, 0], "int32"), np.array([3, 1, 15, 0, 0], "int32")

    @compiled
    def boxes(heights, widths):
        return random_boxes(images, heights, widths, seed=1)

    areas = to_numpy(boxes(ops.convert_to_tensor(heights), ops.convert_to_tensor(widths)))
    assert areas.shape == (5, 6, 7, 1)
    assert areas.sum((1, 2, 3)).tolist() == [0, 1, 42, 0, 0]


def test_symbolic_and_config():
    layer = RandomCutout(5, probability=0.5, value=1.5, seed=4, name="cutout")
    assert RandomCutout.from_config(layer.get_config()).get_config() == layer.get_config()
    output = layer(KerasTensor((None, 8, 8, 3), "uint8"), training=True)
    assert output.shape == (None, 8, 8, 3) and output.dtype == "uint8"


@pytest.mark.parametrize(
    "options",
    [{"size": 0}, {"size": 2.0}, {"size": True}, {"probability": 1.1}, {"probability": "1"}]
    + [{"value": float("nan")}, {"value": None}],
    ids=str,
)
def test_wrong_arguments(options):
    (name,) = options
    with pytest.raises(InvalidArgumentError, match=f"`{name}` must.*Received: {name}="):
        RandomCutout(**options)


@pytest.mark.parametrize("value", [127.5, 256, -1])
def test_values_that_the_images_cannot_hold(value):
    with pytest.raises(InvalidArgumentError, match="uint8 images can hold. Received: value="):
        RandomCutout(value=value)(np.zeros((2, 4, 4, 3), "uint8"), training=True)
