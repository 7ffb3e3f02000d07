"""Sums by segment equal a loop's, and what belongs to none is left out."""

import keras
import numpy as np
import pytest
from backend import compiled, to_numpy
from keras import ops

from kerasoft.ops.segment_sum import segment_sum

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize("shape", [(50,), (50, 3), (50, 2, 3), (0, 3)])
def test_it_sums(shape, dtype):
    values = RNG.integers(-9, 9, shape).astype(dtype)
    segments = RNG.integers(-1, 7, shape[:1]).astype("int32")
    expected = np.zeros((7, *shape[1:]), dtype)
    for segment, value in zip(segments, values, strict=True):
        if segment >= 0:
            expected[segment] += value
    tensors = ops.convert_to_tensor(values), ops.convert_to_tensor(segments)
    for run in (lambda *both: segment_sum(*both, 7), compiled(lambda *both: segment_sum(*both, 7))):
        found = run(*tensors)
        assert keras.backend.standardize_dtype(found.dtype) == dtype
        np.testing.assert_array_equal(to_numpy(found), expected)
