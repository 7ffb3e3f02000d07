"""Who is timed in the suite of linear cross-entropy: kerasoft, the plain formula, other libraries.

A contestant is a function of features (N, D), class embeddings (C, D) and int32 labels (N,) to the
mean loss. Keras is imported only inside: whoever imports this may still choose the backend.
"""

import argparse
import importlib.util
from collections.abc import Callable
from functools import partial

from benchmarks import extra_memory, gradients

Loss = Callable[[object, object, object], object]
KERASOFT, PLAIN, FLOOR = "kerasoft", "plain", "three products"


def contestants(chunk_sizes: list[int]) -> dict[str, Loss]:
    """All that there are on this backend, device and installation."""
    import keras

    found = {KERASOFT: _kerasoft()}
    found |= {f"{KERASOFT}, chunk_size={size}": _kerasoft(size) for size in chunk_sizes}
    rivals = {"torch": _on_torch, "jax": _on_jax, "tensorflow": _on_tensorflow}
    return found | rivals[keras.config.backend()]()


def step(loss: Loss, mode: str, *tensors: object) -> Callable[[], tuple]:
    """A call that gives the loss and both gradients, when they are ready."""
    return partial(gradients.compiled(_with_gradients(loss), mode), *tensors)


def extra_bytes(loss: Loss, call: Callable[[], tuple], *tensors: object) -> int | None:
    """Memory beyond inputs and results, of a `step`."""
    import keras

    if keras.config.backend() == "jax":
        return extra_memory.planned_bytes(_with_gradients(loss), *tensors)
    return extra_memory.extra_bytes(call)


def floor(mode: str, *tensors: object) -> Callable[[], tuple]:
    """A call that makes the three products that no exact formula can leave out."""
    from keras import ops

    def products(features, embeddings, labels):
        scores = ops.matmul(features, ops.transpose(embeddings))
        return ops.matmul(scores, embeddings), ops.matmul(ops.transpose(scores), features)

    return partial(gradients.compiled(products, mode), *tensors)


def problem(options: argparse.Namespace) -> tuple:
    """Features, class embeddings and labels; scores are about standard normal."""
    import numpy as np
    from keras import ops

    random = np.random.default_rng(0)
    features = random.standard_normal((options.rows, options.dimensions), "float32")
    embeddings = random.standard_normal((options.classes, options.dimensions), "float32")
    embeddings /= options.dimensions**0.5
    labels = random.integers(0, options.classes, options.rows).astype("int32")
    dtype = options.dtype
    return *(ops.cast(ops.convert_to_tensor(one), dtype) for one in (features, embeddings)), (
        ops.convert_to_tensor(labels)
    )


def _kerasoft(chunk_size: int | str = "auto") -> Loss:
    from kerasoft.ops import linear_cross_entropy

    return partial(linear_cross_entropy, chunk_size=chunk_size)


def _on_torch() -> dict[str, Loss]:
    import torch
    from torch.nn import functional

    def plain(features, embeddings, labels):
        return functional.cross_entropy(features @ embeddings.T, labels.long())

    found = {PLAIN: plain}
    if torch.cuda.is_available():  # on a CPU it wants a C++ compiler, and gains little
        found["torch.compile"] = torch.compile(plain)
    if hasattr(torch.nn, "LinearCrossEntropyOptions"):
        found["torch, chunked"] = _torchs_own
    if torch.cuda.is_available() and importlib.util.find_spec("cut_cross_entropy"):
        found["cut-cross-entropy"] = partial(_cut_cross_entropy, filter_eps="high")  # its default
        found["cut-cross-entropy, exact"] = partial(_cut_cross_entropy, filter_eps=None)
    if torch.cuda.is_available() and importlib.util.find_spec("liger_kernel"):
        found["Liger"] = _liger
    return found


def _torchs_own(features, embeddings, labels):
    from torch import nn

    return nn.functional.linear_cross_entropy(
        features, embeddings, labels.long(), options=nn.LinearCrossEntropyOptions()
    )


def _cut_cross_entropy(features, embeddings, labels, filter_eps):
    from cut_cross_entropy import linear_cross_entropy

    return linear_cross_entropy(features, embeddings, labels.long(), filter_eps=filter_eps)


def _liger(features, embeddings, labels):
    from liger_kernel.transformers import LigerFusedLinearCrossEntropyLoss

    return LigerFusedLinearCrossEntropyLoss()(embeddings, features, labels.long())


def _on_jax() -> dict[str, Loss]:
    import jax
    import jax.numpy as jnp

    def plain(features, embeddings, labels):
        scores = jnp.matmul(features, embeddings.T, preferred_element_type=jnp.float32)
        picked = jnp.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(scores, axis=-1) - picked)

    found = {PLAIN: plain}
    if importlib.util.find_spec("tokamax"):
        found["tokamax"] = _tokamax
    return found


def _tokamax(features, embeddings, labels):
    import tokamax

    total = tokamax.linear_softmax_cross_entropy_loss(features, labels, embeddings.T)
    return total / len(labels)


def _on_tensorflow() -> dict[str, Loss]:
    import tensorflow as tf

    def plain(features, embeddings, labels):
        scores = tf.cast(tf.matmul(features, embeddings, transpose_b=True), "float32")
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))

    return {PLAIN: plain}


def _with_gradients(loss: Loss) -> Callable[..., tuple]:
    import keras

    make = {"torch": _torch_gradients, "jax": _jax_gradients, "tensorflow": _tensorflow_gradients}
    return make[keras.config.backend()](loss)


def _torch_gradients(loss: Loss) -> Callable[..., tuple]:
    import torch

    def both(features, embeddings, labels):
        layer = [one.detach().requires_grad_() for one in (features, embeddings)]
        value = loss(*layer, labels)
        return value.detach(), *torch.autograd.grad(value, layer)

    return both


def _jax_gradients(loss: Loss) -> Callable[..., tuple]:
    import jax

    def both(*tensors):
        value, slopes = jax.value_and_grad(loss, (0, 1))(*tensors)
        return value, *slopes

    return both


def _tensorflow_gradients(loss: Loss) -> Callable[..., tuple]:
    import tensorflow as tf

    def both(features, embeddings, labels):
        with tf.GradientTape() as tape:
            tape.watch([features, embeddings])
            value = loss(features, embeddings, labels)
        return value, *tape.gradient(value, [features, embeddings])

    return both
