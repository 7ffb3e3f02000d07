"""The best classes by chunks: what they are all at once."""

import numpy as np
import pytest
from backend import NAME, compiled, quick, random_scores, to_numpy
from keras import ops

from kerasoft.ops.chunked_top_k import chunked_top_k
from kerasoft.ops.linear_scores import classes_at_a_time, linear_scores

CLASSES = 23


def layer(scale=1.0):
    features, embeddings = random_scores((5, 4), scale), random_scores((CLASSES, 4), 1.0, 1)
    return features, embeddings, random_scores((CLASSES,), 1.0, 2)


def tensors(arrays, dtype="float32"):
    return [ops.convert_to_tensor(array, dtype=dtype) for array in arrays]


def truth(features, embeddings, biases):
    scores = features @ embeddings.T + biases
    highest = scores.max(-1, keepdims=True)
    return scores - highest - np.log(np.exp(scores - highest).sum(-1, keepdims=True))


@pytest.mark.parametrize("scale", [1.0, 1e5])
def test_chunks_that_do_not_divide_the_classes(scale):
    arrays = layer(scale)
    log_p = truth(*arrays)

    def every_size(*layer):
        return [chunked_top_k(*layer, 3, size) for size in (1, 7, 22, 23, 1000)]

    order = np.argsort(-log_p, axis=-1)[:, :3]
    for values, ids in compiled(every_size)(*tensors(arrays)):
        np.testing.assert_array_equal(to_numpy(ids), order)
        expected = np.take_along_axis(log_p, order, -1)
        np.testing.assert_allclose(to_numpy(values), expected, rtol=1e-6, atol=2e-6 * scale)


def test_features_of_any_rank_without_biases():
    features, embeddings, biases = layer()
    log_p = truth(features, embeddings, 0 * biases)
    features = features.reshape(1, 5, 1, 4)
    values, ids = chunked_top_k(*tensors((features, embeddings)), None, 2, 7)
    order = np.argsort(-log_p, axis=-1)[:, :2]
    np.testing.assert_array_equal(to_numpy(ids), order.reshape(1, 5, 1, 2))
    expected = np.take_along_axis(log_p, order, -1).reshape(1, 5, 1, 2)
    np.testing.assert_allclose(to_numpy(values), expected, rtol=1e-5, atol=1e-6)


def test_ties_go_to_the_smaller_id():
    features, embeddings, _ = layer()
    zeros = np.zeros_like(embeddings)
    top = quick(lambda *layer: chunked_top_k(*layer, 4, 1)[1])
    found = to_numpy(top(*tensors((features, zeros, np.zeros(CLASSES)))))
    if NAME == "torch":  # whose top_k promises no order
        assert all(len(set(row)) == 4 for row in found)
    else:
        np.testing.assert_array_equal(found, np.tile(np.arange(4), (5, 1)))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_agrees_with_all_scores(dtype):
    arrays = tensors(layer())
    expected = ops.top_k(ops.log_softmax(linear_scores(*arrays, dtype)), k=3)[0]
    found = chunked_top_k(*arrays, 3, 7, dtype)[0]
    # XLA leaves out some roundings.
    np.testing.assert_allclose(to_numpy(found), to_numpy(expected), atol=0.03)


@pytest.mark.parametrize(
    "outer, scores, classes",
    [((), 10, 10), ((5,), 10, 2), ((2, 2), 10, 2), ((20,), 10, 1), ((None,), 512, 2), ((0,), 7, 7)],
)
def test_how_many_classes_are_taken_at_a_time(outer, scores, classes):
    assert classes_at_a_time(outer, scores) == classes
