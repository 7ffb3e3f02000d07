"""Softmax over a linear layer's classes by chunks: what it is all at once."""

import numpy as np
import pytest
import reference
from backend import NAME, compiled, gradient, quick, random_scores, to_numpy
from keras import ops

from kerasoft.ops.chunked_softmax import chunked_cross_entropy, chunked_top_k
from kerasoft.ops.linear_scores import linear_scores

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


IDS = np.array([[0, 22], [6, 7], [21, 3], [9, 9], [16, 1]], "int32")


@pytest.mark.parametrize("scale", [1.0, 1e5])
def test_chunks_that_do_not_divide_the_classes(scale):
    arrays = layer(scale)
    log_p = truth(*arrays)

    def every_size(*layer):
        return [
            (chunked_cross_entropy(*layer, IDS, size), chunked_top_k(*layer, 3, size))
            for size in (1, 7, 22, 23, 1000)
        ]

    order = np.argsort(-log_p, axis=-1)[:, :3]
    for loss, (values, ids) in compiled(every_size)(*tensors(arrays)):
        tolerance = {"rtol": 1e-6, "atol": 2e-6 * scale}
        expected = -np.take_along_axis(log_p, IDS, -1).mean(-1)
        np.testing.assert_allclose(to_numpy(loss), expected, **tolerance)
        np.testing.assert_array_equal(to_numpy(ids), order)
        expected = np.take_along_axis(log_p, order, -1)
        np.testing.assert_allclose(to_numpy(values), expected, **tolerance)


def test_ties_go_to_the_smaller_id():
    features, embeddings, _ = layer()
    zeros = np.zeros_like(embeddings)
    top = quick(lambda *layer: chunked_top_k(*layer, 4, 1)[1])
    found = to_numpy(top(*tensors((features, zeros, np.zeros(CLASSES)))))
    if NAME == "torch":  # whose top_k promises no order
        assert all(len(set(row)) == 4 for row in found)
    else:
        np.testing.assert_array_equal(found, np.tile(np.arange(4), (5, 1)))


def test_ids_that_are_no_class_are_finite():
    found = chunked_cross_entropy(*tensors(layer()), np.full((5, 1), -1), 7)
    assert np.isfinite(to_numpy(found)).all()


@pytest.mark.parametrize("size", [7, 23])
def test_gradients(size):
    arrays = layer()
    p = np.exp(truth(*arrays))
    targets = reference.one_hot(IDS[:, 0], CLASSES) / 2 + reference.one_hot(IDS[:, 1], CLASSES) / 2
    slope = p - targets
    expected = [slope @ arrays[1], slope.T @ arrays[0], slope.sum(0)]
    for i in range(3):

        def total(x, i=i):
            layer = tensors(arrays)
            layer[i] = x
            return ops.sum(chunked_cross_entropy(*layer, IDS, size))

        np.testing.assert_allclose(gradient(total, arrays[i]), expected[i], atol=1e-5)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_agrees_with_all_scores(dtype):
    arrays = tensors(layer())
    log_p = ops.log_softmax(linear_scores(*arrays, dtype))
    picked = np.take_along_axis(to_numpy(log_p), IDS, -1).mean(-1)
    found = to_numpy(chunked_cross_entropy(*arrays, IDS, 7, dtype))
    np.testing.assert_allclose(found, -picked, atol=0.03)  # XLA leaves out some roundings
