"""Cross-entropy over true and sampled classes, from their scores."""

import keras
import numpy as np
from backend import gradient, quick, random_scores, to_numpy
from keras import ops

from kerasoft.ops.sampled_cross_entropy import sampled_cross_entropy


def reference(true, sampled, removed):
    sampled = np.where(removed, -np.inf, sampled)
    every = np.concatenate([true, sampled], axis=-1)
    highest = every.max(-1, keepdims=True)
    total = highest[:, 0] + np.log(np.exp(every - highest).sum(-1))
    return total - true.mean(-1)


def test_value_and_gradient():
    removed = np.random.default_rng(2).random((6, 9)) < 0.3
    removed[0] = True
    for scale in (1.0, 1e5):
        true, sampled = random_scores((6, 2), scale), random_scores((6, 9), scale, 1)
        found = quick(lambda t, s: sampled_cross_entropy(t, s, removed))(
            ops.convert_to_tensor(true, "float32"), ops.convert_to_tensor(sampled, "float32")
        )
        assert keras.backend.standardize_dtype(found.dtype) == "float32"
        truth = reference(true, sampled, removed)
        np.testing.assert_allclose(to_numpy(found), truth, rtol=1e-5, atol=1e-6 * scale)
        both = np.concatenate([true, sampled], axis=-1)
        found = gradient(
            lambda x: ops.sum(sampled_cross_entropy(x[:, :2], x[:, 2:], removed)), both
        )
        every = np.concatenate([true, np.where(removed, -np.inf, sampled)], axis=-1)
        p = np.exp(every - every.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        p[:, :2] -= 0.5
        np.testing.assert_allclose(found, p, atol=1e-5)
