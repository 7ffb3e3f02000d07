"""Random integers: range, evenness, and values that may never change."""

import numpy as np

from kerasoft.data.glyph_draws import Draws


def test_values_never_change():
    assert Draws(0, 1).integers(0, 999, 4).tolist() == [677, 242, 611, 423]
    assert Draws(0, 1).octets(8).tolist() == [181, 66, 124, 169, 241, 197, 92, 173]
    assert Draws(2**63 - 1, 1, 2).order(6).tolist() == [5, 4, 3, 2, 0, 1]


def test_both_ends_come_and_all_are_alike():
    drawn = Draws(1, 0).integers(-3, 4, 80_000)
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == list(range(-3, 5))
    assert abs(counts - 10_000).max() < 500


def test_index_stays_below_each_count():
    counts = np.arange(1, 1_001)
    drawn = Draws(2, 0).index(counts)
    assert (drawn >= 0).all() and (drawn < counts).all()
    assert drawn[-500:].max() > 400


def test_octets_are_even():
    drawn = Draws(3, 0).octets(10, 8_000)
    assert drawn.dtype == np.uint8 and drawn.shape == (10, 8_000)
    assert abs(drawn.mean() - 127.5) < 1.5


def test_order_is_a_permutation():
    assert sorted(Draws(4, 0).order(100).tolist()) == list(range(100))


def test_streams_differ():
    streams = [Draws(5, *stream).integers(0, 2**30, 4).tolist() for stream in [(0,), (1,), (0, 0)]]
    assert len({tuple(values) for values in streams}) == 3
