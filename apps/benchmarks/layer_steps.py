"""A layer's forward pass and its training step, compiled as `predict` and `fit` compile them.

Keras is imported only inside: whoever imports this may still choose the backend.
"""

from collections.abc import Callable
from functools import partial

from benchmarks import gradients

FORWARD, TRAINING = "forward", "training"
PASSES = (FORWARD, TRAINING)


def steps(
    layer: object, inputs: object, upstream: object, arity: int = 1
) -> dict[str, Callable[[], tuple]]:
    """What to time, for each of PASSES.

    Args:
        layer: a built Keras layer.
        inputs: a tensor of the backend, in the layer's compute dtype.
        upstream: a tensor of the shape and dtype of the output.
        arity: how many times the layer takes the inputs: attention does as queries and as values.

    Returns:
        Functions that return when their result is ready: FORWARD the output alone; TRAINING the
        output, and of sum(upstream * output) the gradient for the inputs and a list of those for
        the trainable weights.
    """
    import keras

    backend = keras.config.backend()
    build = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[backend]
    forward, training, tensors = build(layer, arity)
    make = partial(gradients.compiled, mode=mode())
    return {
        FORWARD: partial(make(forward), *tensors, inputs),
        TRAINING: partial(make(training), *tensors, inputs, upstream),
    }


def mode() -> str:
    """The one of `gradients.MODES` that `fit` takes: on TensorFlow XLA, but not for a CPU."""
    import keras

    from kerasoft.training import accelerator

    modes = gradients.MODES[keras.config.backend()]
    return modes[-1] if accelerator() else modes[0]


def _jax(layer, arity) -> tuple[Callable, Callable, tuple]:
    import jax
    import keras

    # The states of random generators come in as arguments: else XLA could draw beforehand.
    kinds = (layer.trainable_variables, layer.non_trainable_variables)
    weights, states = ([variable.value for variable in variables] for variables in kinds)

    def call(training, weights, states, inputs):
        mapping = zip((*kinds[0], *kinds[1]), (*weights, *states), strict=True)
        with keras.StatelessScope(state_mapping=list(mapping)):
            return layer(*[inputs] * arity, training=training)

    def forward(weights, states, inputs):
        return (call(False, weights, states, inputs),)

    def training(weights, states, inputs, upstream):
        def output_of(inputs, weights):
            return call(True, weights, states, inputs)

        output, pull_back = jax.vjp(output_of, inputs, weights)
        return output, *pull_back(upstream)

    return forward, training, (weights, states)


def _tensorflow(layer, arity) -> tuple[Callable, Callable, tuple]:
    import tensorflow as tf

    weights = [variable.value for variable in layer.trainable_variables]

    def forward(inputs):
        return (layer(*[inputs] * arity, training=False),)

    def training(inputs, upstream):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            output = layer(*[inputs] * arity, training=True)
        return output, *tape.gradient(output, (inputs, weights), output_gradients=upstream)

    return forward, training, ()


def _torch(layer, arity) -> tuple[Callable, Callable, tuple]:
    import torch

    weights = [variable.value for variable in layer.trainable_variables]

    def forward(inputs):
        with torch.no_grad():
            return (layer(*[inputs] * arity, training=False),)

    def training(inputs, upstream):
        inputs = inputs.detach().requires_grad_()
        output = layer(*[inputs] * arity, training=True)
        of_inputs, *of_weights = torch.autograd.grad(output, [inputs, *weights], upstream)
        return output, of_inputs, of_weights

    return forward, training, ()
