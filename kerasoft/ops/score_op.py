"""What every op over scores shares: any input in, the dtype of the scores out."""

import functools
from collections.abc import Callable

import keras

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.precision import Tensor, is_wide, narrow, widen

_OPS: dict[str, Callable] = {}


def score_op(function: Callable) -> Callable:
    """Makes an op of a function from float32 (or wider) scores to a tensor of their shape.

    The op takes lists, integers and half precision, and answers in the dtype of the scores where
    that is a float dtype. A `keras.KerasTensor` becomes a node of its functional model, which saves
    and loads like any other.
    """

    @functools.wraps(function)
    def op(scores: Tensor, *arguments, **options) -> Tensor:
        if is_wide(scores):
            return function(scores, *arguments, **options)
        if isinstance(scores, keras.KerasTensor):
            return ScoreOperation(function.__name__, arguments, options)(scores)
        return narrow(function(widen(scores), *arguments, **options), scores)

    _OPS[function.__name__] = op
    return op


@keras.saving.register_keras_serializable(package="kerasoft")
class ScoreOperation(keras.Operation):
    """An op as a node of a functional model.

    Args:
        function: name of the op.
        arguments, options: what follows the scores, by position and by name.
        name: the node's name.
    """

    def __init__(
        self, function: str, arguments: tuple = (), options: dict | None = None, name=None
    ):
        super().__init__(name=name)
        for value in (*arguments, *(options or {}).values()):
            if not isinstance(value, (int, float, str, type(None))):
                raise InvalidArgumentError(
                    f"Within a functional model, {function} takes plain numbers only: for what is "
                    "learned, drawn or computed use the score layers.",
                    **{function: value},
                )
        self.function = function
        self.arguments = tuple(arguments)
        self.options = dict(options or {})

    def call(self, scores: Tensor) -> Tensor:
        return _OPS[self.function](scores, *self.arguments, **self.options)

    def compute_output_spec(self, scores: keras.KerasTensor) -> keras.KerasTensor:
        floating = keras.backend.is_float_dtype(scores.dtype)
        return keras.KerasTensor(scores.shape, scores.dtype if floating else "float32")

    def get_config(self) -> dict:
        config = {"function": self.function, "arguments": self.arguments, "options": self.options}
        return {**config, "name": self.name}
