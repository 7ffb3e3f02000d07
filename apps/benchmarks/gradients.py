"""Forward plus backward of an op, compiled as each backend's users compile it.

Keras is imported only inside: whoever imports this may still choose the backend.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

Op = Callable[[object], object]
Step = Callable[[], tuple[object, object]]  # gives output and gradient, when both are ready

MODES = {
    "tensorflow": ("tf.function", "tf.function, XLA"),
    "jax": ("jax.jit",),
    "torch": ("eager",),
}


def steps(op: Op, scores: object, weights: object, generator: object) -> dict[str, Step]:
    """What to time, for each mode of the current backend.

    Args:
        op: a function of `scores`.
        scores, weights: tensors of the backend, of the shape of the output; the gradient is that of
            sum(weights * op(scores)) for the scores.
        generator: a `keras.random.SeedGenerator`, the only one that `op` may use.
    """
    import keras

    backend = keras.config.backend()
    build = {"tensorflow": _tensorflow_step, "jax": _jax_step, "torch": _torch_step}[backend]
    return {mode: build(op, scores, weights, generator, mode) for mode in MODES[backend]}


def torch_step(op: Op, scores: object, weights: object) -> Step:
    """The same of a PyTorch op, whatever the backend of Keras is."""
    import torch

    scores = scores.detach().requires_grad_()

    def step(scores, weights):
        output = op(scores)
        return output, *torch.autograd.grad(output, scores, weights)

    return partial(compiled(step, "eager"), scores, weights)


def compiled(function: Callable[..., tuple], mode: str) -> Callable[..., tuple]:
    """The function compiled, and such that it returns when its result is ready.

    Args:
        function: from tensors of the backend, alone or in lists, to a tuple that begins with one.
        mode: one of MODES.
    """
    if mode == "jax.jit":
        import jax

        jitted = jax.jit(function)
        return lambda *tensors: jax.block_until_ready(jitted(*tensors))
    return _eager(function) if mode == "eager" else _tf_function(function, mode.endswith("XLA"))


def compile_afresh() -> None:
    """Without what JAX may have kept of earlier runs, where compiling is measured too."""
    import keras

    if keras.config.backend() == "jax":
        import jax

        jax.config.update("jax_enable_compilation_cache", False)


def to_numpy(tensor: object) -> np.ndarray:
    """A tensor of any of the three libraries as float32."""
    if hasattr(tensor, "detach"):
        return tensor.detach().float().cpu().numpy()
    return np.asarray(tensor).astype("float32")


def _eager(function: Callable[..., tuple]) -> Callable[..., tuple]:
    import torch

    def call(*tensors):
        result = function(*tensors)
        if result[0].is_cuda:
            torch.cuda.synchronize()
        return result

    return call


def _tf_function(function: Callable[..., tuple], jit_compile: bool) -> Callable[..., tuple]:
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # else it takes one function for each op for retracing
    graph = tf.function(function, jit_compile=jit_compile, autograph=False)

    def call(*tensors):
        result = graph(*tensors)
        tf.test.experimental.sync_devices()  # does nothing on a CPU, where calls wait anyway
        return result

    return call


def _torch_step(op, scores, weights, generator, mode) -> Step:
    return torch_step(op, scores, weights)


def _jax_step(op, scores, weights, generator, mode) -> Step:
    import jax
    import keras

    def step(state, scores, weights):
        # The generator's state comes in as an argument: else XLA could draw the noise beforehand.
        with keras.StatelessScope(state_mapping=[(generator.state, state)]):
            output, pull_back = jax.vjp(op, scores)
            return output, *pull_back(weights)

    return partial(compiled(step, mode), generator.state.value, scores, weights)


def _tensorflow_step(op, scores, weights, generator, mode) -> Step:
    import tensorflow as tf

    def step(scores, weights):
        with tf.GradientTape() as tape:
            tape.watch(scores)
            output = op(scores)
        return output, tape.gradient(output, scores, output_gradients=weights)

    return partial(compiled(step, mode), scores, weights)
