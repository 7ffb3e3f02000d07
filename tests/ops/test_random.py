"""Draws, by Keras and where a step is written down."""

import keras
import numpy as np
import pytest
from backend import NAME, to_numpy

from kerasoft.ops import random
from kerasoft.ops.tracing import is_written_down, written_down

COUNT = 20_000


def test_as_keras_draws():
    ours, theirs = keras.random.SeedGenerator(3), keras.random.SeedGenerator(3)
    np.testing.assert_array_equal(
        to_numpy(random.uniform((5,), ours)), to_numpy(keras.random.uniform((5,), seed=theirs))
    )
    np.testing.assert_array_equal(
        to_numpy(random.normal((5,), ours)), to_numpy(keras.random.normal((5,), seed=theirs))
    )
    np.testing.assert_array_equal(
        to_numpy(random.randint((5,), -2, 9, ours)),
        to_numpy(keras.random.randint((5,), -2, 9, seed=theirs)),
    )


def test_written_down_ends():
    with pytest.raises(ZeroDivisionError), written_down(), written_down():
        assert is_written_down()
        raise ZeroDivisionError
    assert not is_written_down()


@pytest.mark.skipif(NAME != "torch", reason="PyTorch alone writes steps down")
def test_where_a_step_is_written_down():
    import torch

    torch.manual_seed(0)
    seed = keras.random.SeedGenerator(3)
    before = to_numpy(seed.state.value)
    with written_down():
        uniform = to_numpy(random.uniform((COUNT,), seed))
        normal = to_numpy(random.normal((COUNT,), seed))
        whole = random.randint((COUNT,), -2, 9, seed)
    np.testing.assert_array_equal(to_numpy(seed.state.value), before)
    assert 0 <= uniform.min() < 0.01 and 0.99 < uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.01
    assert abs(normal.mean()) < 0.03 and abs(normal.std() - 1) < 0.03
    assert keras.backend.standardize_dtype(whole.dtype) == "int32"
    values, counts = np.unique(to_numpy(whole), return_counts=True)
    assert values.tolist() == list(range(-2, 9))
    assert abs(counts - COUNT / 11).max() < 5 * np.sqrt(COUNT / 11)
