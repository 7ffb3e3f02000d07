"""Initial values in blocks: the same distribution as in one go."""

import keras
import numpy as np
import pytest
from backend import to_numpy

from kerasoft.heads.rows import draw_rows as function
from kerasoft.heads.rows.draw_rows import draw_rows


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setitem(draw_rows.__globals__, "_NUMBERS_AT_A_TIME", 4096)


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["uniform", "truncated_normal"])
def test_same_distribution(small_blocks, mode, distribution):
    assert function is draw_rows
    initializer = keras.initializers.VarianceScaling(2.0, mode, distribution, seed=1)
    shape = (3001, 16)
    blocks = to_numpy(draw_rows(initializer, shape, "float32"))
    whole = to_numpy(initializer(shape, dtype="float32"))
    assert blocks.shape == shape
    np.testing.assert_allclose(blocks.std(), whole.std(), rtol=0.02)
    np.testing.assert_allclose(np.abs(blocks).max(), np.abs(whole).max(), rtol=0.02)
    assert abs(blocks.mean()) < 4 * whole.std() / np.sqrt(whole.size)
    assert len(np.unique(blocks)) > 0.99 * len(np.unique(whole))  # no block repeats another
    np.testing.assert_array_equal(blocks, to_numpy(draw_rows(initializer, shape, "float32")))


def test_small_tables_and_other_initializers_as_they_are(small_blocks):
    glorot = keras.initializers.GlorotUniform(seed=1)
    normal = keras.initializers.RandomNormal(seed=1)
    for initializer, shape in ((glorot, (20, 16)), (normal, (3001, 16))):
        found = to_numpy(draw_rows(initializer, shape, "float32"))
        np.testing.assert_array_equal(found, to_numpy(initializer(shape, dtype="float32")))
