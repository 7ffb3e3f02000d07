"""The cross-entropy of a linear layer on some rows of a batch, against float64 NumPy."""

import functools

import keras
import numpy as np
import pytest
from backend import NAME, compiled, quick, to_numpy
from keras import ops

from kerasoft.ops import masked_linear_cross_entropy_portable, row_blocks
from kerasoft.ops.masked_linear_cross_entropy import _backend, masked_linear_cross_entropy
from kerasoft.ops.vjp import vjp


def problem(rows, classes, size, share, seed=0):
    """Features, embeddings, ids and upstream; `share` of the rows belong."""
    rng = np.random.default_rng(seed)
    ids = np.where(rng.random(rows) < share, rng.integers(0, classes, rows), -1)
    return (
        rng.normal(size=(rows, size)).astype("float32"),
        rng.normal(size=(classes, size)).astype("float32"),
        ids.astype("int32"),
        rng.normal(size=rows).astype("float32"),
    )


def truth(features, embeddings, ids, upstream):
    """Values and both gradients in float64."""
    features, embeddings = features.astype("float64"), embeddings.astype("float64")
    scores = features @ embeddings.T
    scores -= scores.max(-1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    rows, belongs = np.arange(len(ids)), ids >= 0
    labels = np.maximum(ids, 0)
    slopes = np.exp(log_p)
    slopes[rows, labels] -= 1
    slopes *= (upstream * belongs)[:, None]
    return -log_p[rows, labels] * belongs, slopes @ embeddings, slopes.T @ features


def all_of_it(features, embeddings, ids, upstream):
    values = masked_linear_cross_entropy(features, embeddings, ids)
    gradients = vjp(
        lambda *tensors: masked_linear_cross_entropy(*tensors, ids),
        (features, embeddings),
        upstream,
    )
    return values, *gradients


@functools.cache
def ways():
    return {"quick": quick(all_of_it), "compiled": compiled(all_of_it)}


def check(way, features, embeddings, ids, upstream):
    found = ways()[way](*map(ops.convert_to_tensor, (features, embeddings, ids, upstream)))
    for one, right in zip(found, truth(features, embeddings, ids, upstream), strict=True):
        np.testing.assert_allclose(to_numpy(one), right, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("way", ["quick"] if NAME == "jax" else ["quick", "compiled"])
def test_values_and_gradients(way):
    for rows in (0, 1, 131):  # 131 is no multiple of a block
        for share in (0.0, 0.3, 1.0):
            check(way, *problem(rows, 50, 3, share))
    for classes in (30_000, 2**15, 70_001):  # less than a chunk of classes, one, two and a rest
        check(way, *problem(300, classes, 2, 0.2))


def test_a_single_class():
    values, *gradients = ways()["quick"](*map(ops.convert_to_tensor, problem(4, 1, 3, 1.0)))
    for zero in (values, *gradients):
        np.testing.assert_allclose(to_numpy(zero), 0.0, atol=1e-6)


def test_rows_that_do_not_belong_have_no_effect_whatever_they_hold():
    features, embeddings, ids, upstream = problem(40, 50, 3, 0.5)
    right = ways()["quick"](*map(ops.convert_to_tensor, (features, embeddings, ids, upstream)))
    features[ids < 0], upstream[ids < 0] = np.nan, np.nan
    found = ways()["quick"](*map(ops.convert_to_tensor, (features, embeddings, ids, upstream)))
    for one, other in zip(found, right, strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))


def test_large_scores():
    embeddings, ids = np.array([[1.0], [-1.0]], "float32"), np.array([0, 1], "int32")
    features, upstream = np.array([[1e5], [1e5]], "float32"), np.ones(2, "float32")
    found = ways()["quick"](*map(ops.convert_to_tensor, (features, embeddings, ids, upstream)))
    np.testing.assert_allclose(to_numpy(found[0]), [0.0, 2e5])
    np.testing.assert_allclose(to_numpy(found[1]), [[0.0], [2.0]])
    np.testing.assert_allclose(to_numpy(found[2]), [[1e5], [-1e5]])


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_for_products_only(dtype):
    features, embeddings, ids, upstream = problem(64, 200, 8, 0.5)
    half = ops.cast(features, dtype)
    found = ways()["quick"](half, *map(ops.convert_to_tensor, (embeddings, ids, upstream)))
    dtypes = [keras.backend.standardize_dtype(one.dtype) for one in found]
    assert dtypes == ["float32", dtype, "float32"]
    for one, right in zip(found, truth(features, embeddings, ids, upstream), strict=True):
        np.testing.assert_allclose(to_numpy(one), right, rtol=0.05, atol=0.1)


def test_only_blocks_with_a_row_are_computed():
    ids = np.full(100, -1)
    for members, trips in ((0, 0), (1, 1), (8, 1), (9, 2), (100, 13)):
        ids[:members] = 0
        blocks = row_blocks.RowBlocks(ops.convert_to_tensor(ids >= 0), 8)
        (found,) = blocks.loop(lambda _, count: (count + 1,), ops.zeros((), "int32"))
        assert int(found) == trips


def test_gathered_rows_go_back_to_their_places():
    present = np.array([False, True, False, True, True])
    x = ops.convert_to_tensor(np.arange(10.0, dtype="float32").reshape(5, 2))
    blocks = row_blocks.RowBlocks(ops.convert_to_tensor(present), 2)
    gathered = blocks.gather(x)
    assert tuple(gathered.shape) == (6, 2)
    np.testing.assert_array_equal(to_numpy(gathered)[3:], 0.0)
    np.testing.assert_array_equal(to_numpy(blocks.spread(gathered)), to_numpy(x) * present[:, None])


@pytest.mark.skipif(NAME != "torch", reason="PyTorch has a version of its own")
def test_own_version_equals_the_portable_one():
    features, embeddings, ids, upstream = map(
        ops.convert_to_tensor, problem(131, 70_001, 3, 0.4)
    )  # several blocks here, several chunks there
    portable = masked_linear_cross_entropy_portable.masked_linear_cross_entropy
    values = portable(features, embeddings, ids)
    gradients = vjp(lambda *tensors: portable(*tensors, ids), (features, embeddings), upstream)
    found = all_of_it(features, embeddings, ids, upstream)
    for one, other in zip(found, (values, *gradients), strict=True):
        np.testing.assert_allclose(to_numpy(one), to_numpy(other), rtol=1e-4, atol=1e-4)


def test_chunks_of_an_accelerator(monkeypatch):
    """A chunk and a rest of the larger sizes, three blocks of rows, of which one is not full.

    Where they run here, on a CPU, PyTorch's products lose digits in sums over so many classes.
    """
    monkeypatch.setattr(_backend, "on_accelerator", lambda _: True)
    sizes = (150, 2**18 + 7) if NAME == "torch" else (80, 2**20 + 7)  # its chunks are smaller
    args = problem(*sizes, 2, 0.9)
    tolerance = 2e-3 if NAME == "torch" else 2e-5
    found = quick(all_of_it)(*map(ops.convert_to_tensor, args))
    for one, right in zip(found, truth(*args), strict=True):
        np.testing.assert_allclose(to_numpy(one), right, rtol=1e-5, atol=tolerance)
