"""The least that a training on JAX takes: one compiled loop an epoch, and nothing beside it."""

from collections.abc import Callable, Iterator
from itertools import count

import jax
import jax.numpy as jnp
import keras
import numpy as np

import kerasoft
from kerasoft.training.batches import ShuffledRows


def raw_scan(
    classifier: kerasoft.Classifier, images: np.ndarray, labels: np.ndarray, batch_size: int
) -> Callable[[], float]:
    """Trains without metrics, callbacks, augmentation or regularizers, by hand.

    Args:
        classifier: built and compiled. What its variables hold is used up.
        images: uint8 (N, 32, 32, 3), copied to the device once.
        labels: int (N,), likewise.
        batch_size: examples a step; the last, smaller batch of an epoch is left out.

    Returns:
        A function that trains an epoch more, waits for the device and gives the mean loss.
    """
    data = jnp.asarray(images), jnp.asarray(labels)
    order = ShuffledRows(len(labels), batch_size, 0)
    epochs = _epochs(classifier, data, map(order.epoch, count()))
    return lambda: float(next(epochs))


def _epochs(
    classifier: kerasoft.Classifier, data: tuple[jax.Array, ...], orders: Iterator[np.ndarray]
) -> Iterator[jax.Array]:
    """Mean losses; each is ready when it comes, and so are the weights."""
    train = jax.jit(_epoch(classifier), donate_argnums=0)
    kinds = (*_weights(classifier), classifier.optimizer.variables)
    state = [[variable.value for variable in variables] for variables in kinds]
    for rows in orders:
        state, loss = jax.block_until_ready(train(state, *data, rows))
        yield loss


def _epoch(classifier: kerasoft.Classifier) -> Callable:
    gradient = jax.value_and_grad(_loss(classifier), has_aux=True)

    def epoch(state, images, labels, orders):
        def step(state, rows):
            weights, others, moments = state
            (loss, others), upstream = gradient(weights, others, images[rows], labels[rows])
            weights, moments = classifier.optimizer.stateless_apply(moments, upstream, weights)
            return [weights, others, moments], loss

        state, losses = jax.lax.scan(step, state, orders)
        return state, losses.mean()

    return epoch


def _loss(classifier: kerasoft.Classifier) -> Callable:
    """The mean loss of a batch and new values of what is not trained: Keras's `stateless_call`,
    but for the head's loss instead of its output."""
    variables = _weights(classifier)

    def loss(weights, others, images, labels):
        mapping = zip((*variables[0], *variables[1]), (*weights, *others), strict=True)
        with keras.StatelessScope(state_mapping=list(mapping)) as scope:
            features = classifier.backbone(images, training=True)
            values = classifier.head.loss(features, labels, training=True)
        new = [scope.get_current_value(variable) for variable in variables[1]]
        return values.mean(), [
            value if changed is None else changed
            for changed, value in zip(new, others, strict=True)
        ]

    return loss


def _weights(classifier: kerasoft.Classifier) -> tuple[list, list]:
    return classifier.trainable_variables, classifier.non_trainable_variables
