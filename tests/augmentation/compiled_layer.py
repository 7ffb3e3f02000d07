"""A layer's method as its backend compiles it, with the state of its generator."""

import keras
from backend import NAME


def compiled_method(method, seed_generator):
    """The method, compiled once; each call draws afresh, as uncompiled calls do."""
    if NAME == "tensorflow":
        import tensorflow as tf

        return tf.function(method)
    if NAME == "jax":
        return _jax(method, seed_generator.state)
    return method


def _jax(method, state):
    import jax

    @jax.jit
    def pure(value, images):
        with keras.StatelessScope(state_mapping=[(state, value)]) as scope:
            result = method(images)
        return result, scope.get_current_value(state)

    def call(images):
        result, value = pure(state.value, images)
        state.assign(value)
        return result

    return call
