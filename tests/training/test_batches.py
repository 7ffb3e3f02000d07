"""The order of training images."""

import numpy as np
import pytest

from kerasoft.data import Split
from kerasoft.training.batches import ShuffledBatches


def split(rows):
    images = np.arange(rows, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    return Split(images, np.arange(rows, dtype=np.int32))


def labels(batches):
    return np.concatenate([batches[index][1] for index in range(len(batches))])


def test_order_is_a_function_of_seed_and_epoch():
    straight, resumed = ShuffledBatches(split(50), 7, seed=3), ShuffledBatches(split(50), 7, seed=3)
    for epoch in range(4):
        straight.start_epoch(epoch)
    resumed.start_epoch(3)
    np.testing.assert_array_equal(straight.order, resumed.order)
    orders = []
    for seed in range(3):
        batches = ShuffledBatches(split(50), 7, seed)
        for epoch in range(3):
            batches.start_epoch(epoch)
            orders.append(tuple(batches.order))
    assert len(set(orders)) == 9


@pytest.mark.parametrize("rows, size", [(50, 7), (48, 8), (1, 1), (5, 5)])
def test_every_epoch_is_a_permutation_without_its_remainder(rows, size):
    batches = ShuffledBatches(split(rows), size, seed=0)
    for epoch in range(3):
        batches.start_epoch(epoch)
        assert sorted(batches.order) == list(range(rows))
        seen = labels(batches)
        assert len(seen) == rows // size * size
        assert len(set(seen)) == len(seen)


def test_images_and_labels_belong_together():
    batches = ShuffledBatches(split(20), 6, seed=1)
    for index in range(len(batches)):
        images, numbers = batches[index]
        assert images.shape == (6, 2, 2, 3)
        assert images.dtype == np.uint8 and numbers.dtype == np.int32
        np.testing.assert_array_equal(images[:, 0, 0, 0], numbers)


def test_a_batch_larger_than_the_split_is_the_split():
    batches = ShuffledBatches(split(5), 1000, seed=0)
    assert len(batches) == 1
    assert sorted(batches[0][1]) == [0, 1, 2, 3, 4]


def test_the_callback_follows_fit():
    batches = ShuffledBatches(split(50), 7, seed=3)
    other = ShuffledBatches(split(50), 7, seed=3)
    callback = batches.follow_epochs()
    callback.on_epoch_begin(5, None)
    other.start_epoch(5)
    np.testing.assert_array_equal(batches.order, other.order)


def test_large_seeds():
    assert len(ShuffledBatches(split(9), 4, seed=2**70)) == 2
