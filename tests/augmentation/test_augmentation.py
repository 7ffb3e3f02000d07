"""Each image of a batch is changed on its own, exactly, and only while training."""

import keras
import numpy as np
import pytest

from kerasoft.augmentation import RandomCutout, RandomFlip, RandomShift
from kerasoft.errors import InvalidArgumentError


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (64, 8, 10, 3), dtype="uint8")


def run(layer, images, training=True):
    return keras.ops.convert_to_numpy(layer(images, training=training))


@pytest.mark.parametrize("make", [RandomFlip, RandomShift])
def test_nothing_happens_unless_training(make, images):
    np.testing.assert_array_equal(run(make(), images, training=False), images)


def test_flip_mirrors_about_half_of_the_images_and_leaves_the_others(images):
    output = run(RandomFlip(seed=1), images)
    same = (output == images).all(axis=(1, 2, 3))
    mirrored = (output == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    assert 16 < mirrored.sum() < 48


def test_every_shift_is_a_crop_of_the_reflected_image(images):
    pixels, (_, height, width, _) = 2, images.shape
    output = run(RandomShift(pixels, seed=1), images)
    padded = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)), mode="reflect")
    seen = set()
    for image, source in zip(output, padded, strict=True):
        offsets = [
            (dy, dx)
            for dy in range(2 * pixels + 1)
            for dx in range(2 * pixels + 1)
            if np.array_equal(source[dy : dy + height, dx : dx + width], image)
        ]
        assert len(offsets) == 1
        seen.update(offsets)
    assert len(seen) > 15  # of 25, in 64 draws: each image has its own offset


def test_a_shift_of_zero_pixels_changes_nothing(images):
    np.testing.assert_array_equal(run(RandomShift(0), images), images)


@pytest.mark.parametrize("make", [RandomFlip, RandomShift])
def test_draws_are_fresh_on_every_call_and_repeat_with_the_seed(make, images):
    layer, twin = make(seed=3), make(seed=3)
    first, second = run(layer, images), run(layer, images)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(run(twin, images), first)


@pytest.mark.parametrize("make", [RandomFlip, RandomShift])
def test_config_round_trip(make):
    layer = make(seed=5, name="augment")
    assert make.from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.parametrize("pixels", [-1, 1.5, "2", True])
def test_wrong_pixels(pixels):
    with pytest.raises(InvalidArgumentError, match="Received: pixels="):
        RandomShift(pixels)


def test_the_largest_shift_is_one_below_the_smaller_side(images):
    assert run(RandomShift(7, seed=1), images).shape == images.shape
    with pytest.raises(InvalidArgumentError, match="below the images' height and width. Received"):
        run(RandomShift(8), images)


@pytest.mark.parametrize("make", [RandomCutout, RandomFlip, RandomShift])
def test_one_image_is_no_batch(make, images):
    with pytest.raises(InvalidArgumentError, match="must be .N, H, W, C.. Received: images_shape"):
        run(make(), images[0])
