"""Initial values in blocks: the same distribution as in one go."""

import keras
import numpy as np
import pytest
from backend import to_numpy

from kerasoft import heads
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


class OneHot(keras.initializers.HeNormal):
    """A subclass that draws nothing."""

    def __call__(self, shape, dtype=None):
        return keras.ops.eye(*shape, dtype=dtype)


def test_small_tables_and_other_initializers_as_they_are(small_blocks):
    glorot = keras.initializers.GlorotUniform(seed=1)
    others = [
        keras.initializers.RandomNormal(seed=1),
        OneHot(seed=1),
        keras.initializers.VarianceScaling(seed=1, input_axes=(1,), output_axes=(0,)),
    ]
    for initializer, shape in ((glorot, (20, 16)), *((one, (3001, 16)) for one in others)):
        found = to_numpy(draw_rows(initializer, shape, "float32"))
        np.testing.assert_array_equal(found, to_numpy(initializer(shape, dtype="float32")))


@pytest.mark.parametrize("name", ["softmax", "adaptive", "sampled", "hierarchical"])
def test_every_head_draws_its_tables_so(small_blocks, monkeypatch, name):
    drawn, join = [], draw_rows.__globals__["joined"]

    def joined(blocks, shape):
        drawn.append(shape)
        return join(blocks, shape)

    monkeypatch.setitem(draw_rows.__globals__, "joined", joined)
    head = heads.get(name, 3001, **{"cutoffs": [1000]} if name == "adaptive" else {})
    head.build((None, 16))
    tables = [tuple(one.shape) for one in head.weights if len(one.shape) == 2]
    assert drawn == [shape for shape in tables if shape[0] * shape[1] > 4096]
