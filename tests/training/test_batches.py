"""The order of training examples."""

import numpy as np
import pytest

from kerasoft.training.batches import ShuffledRows


def test_order_is_a_function_of_seed_and_epoch():
    orders = {
        (seed, epoch): ShuffledRows(50, 7, seed).epoch(epoch)
        for seed in range(3)
        for epoch in range(3)
    }
    again = ShuffledRows(50, 7, 1)
    for epoch in (2, 0, 1):  # in whatever order one asks
        np.testing.assert_array_equal(again.epoch(epoch), orders[1, epoch])
    assert len({rows.tobytes() for rows in orders.values()}) == 9


@pytest.mark.parametrize("count, size", [(50, 7), (48, 8), (1, 1), (5, 5)])
def test_every_epoch_is_a_permutation_without_its_remainder(count, size):
    rows = ShuffledRows(count, size, seed=0)
    for epoch in range(3):
        seen = rows.epoch(epoch)
        assert seen.shape == (len(rows), size) and seen.dtype == np.int32
        assert len(rows) == count // size
        assert len(np.unique(seen)) == seen.size
        assert set(seen.ravel()) <= set(range(count))


def test_other_rows_are_left_over_in_other_epochs():
    rows = ShuffledRows(50, 7, seed=0)
    left = [set(range(50)) - set(rows.epoch(epoch).ravel()) for epoch in range(5)]
    assert len(set.union(*left)) > 1


def test_a_batch_larger_than_the_data_is_the_data():
    rows = ShuffledRows(5, 1000, seed=0)
    assert sorted(rows.epoch(0)[0]) == [0, 1, 2, 3, 4]
    assert len(rows) == 1


def test_large_seeds():
    assert len(ShuffledRows(9, 4, seed=2**70)) == 2
