"""Counts of grey levels, image by image and channel by channel."""

import numpy as np
from backend import compiled, to_numpy
from keras import ops

from kerasoft.augmentation.histogram import equalized, histograms


def test_counts_are_those_of_each_image_and_channel():
    levels = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3)).astype("int32")
    levels[0] = 0
    levels[1] = 255
    truth = np.array(
        [[np.bincount(image[..., c].ravel(), minlength=256) for c in range(3)] for image in levels]
    )
    for function in (histograms, compiled(histograms)):
        np.testing.assert_array_equal(to_numpy(function(ops.convert_to_tensor(levels))), truth)


def test_as_many_of_each_level_are_spread_evenly():
    levels = np.arange(32 * 32).reshape(1, 32, 32, 1).astype("int32") // 16  # 0..63, 16 of each
    found = np.unique(to_numpy(equalized(ops.convert_to_tensor(levels))))
    assert found[0] == 0 and found[-1] == 255 and np.ptp(np.diff(found)) <= 3
