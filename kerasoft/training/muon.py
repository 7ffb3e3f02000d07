"""Momentum, orthogonalised: the optimizer of the CIFAR speed records."""

import keras
from keras import ops

from kerasoft.arguments import check_positive
from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.precision import Tensor, widen

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of a quintic that lifts small singular values fastest


@keras.saving.register_keras_serializable(package="kerasoft")
class Muon(keras.optimizers.Optimizer):
    """Steps of equal size in every direction of a kernel, for networks that normalise after it.

    A convolution's kernel is a matrix from all that its window sees to its filters. Its momentum is
    replaced by a matrix with about the same singular vectors and singular values near 1, found by
    Newton-Schulz iterations, and the kernel itself is kept at the norm of a matrix with unit
    columns. So `learning_rate` is the size of a step relative to the kernel, whatever the scale of
    the gradient, which takes a batch normalisation behind the convolution: it undoes the scale.
    `keras.optimizers.Muon` leaves kernels of convolutions to Adam.

    All other weights (vectors, embeddings, dense kernels) take steps of SGD with Nesterov's
    momentum, of `learning_rate` times `other_rate`.

    Args:
        learning_rate: a number or a schedule.
        momentum: of both kinds, in [0, 1).
        other_rate: learning rate of the other weights, as a multiple.
        newton_schulz_steps: iterations; three suffice for training.
        weight_decay, clipnorm, ...: as in every Keras optimizer. The decay of kernels changes
            nothing, as their norm is kept.

    Raises:
        InvalidArgumentError: if `momentum` is not in [0, 1), or another number not positive.

    References:
        Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024;
        Jordan, "94 % on CIFAR-10 in 3.29 seconds on a single GPU", 2024 (the norm of the kernels).
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.2,
        momentum: float = 0.6,
        other_rate: float = 2.0,
        newton_schulz_steps: int = 3,
        name: str = "muon",
        **kwargs,
    ):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        if not 0 <= momentum < 1:
            raise InvalidArgumentError("`momentum` must be in [0, 1).", momentum=momentum)
        if not other_rate > 0:
            raise InvalidArgumentError("`other_rate` must be positive.", other_rate=other_rate)
        check_positive(newton_schulz_steps=newton_schulz_steps)
        self.momentum = momentum
        self.other_rate = other_rate
        self.newton_schulz_steps = newton_schulz_steps

    def build(self, variables: list[keras.Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._momentums = [
            self.add_variable_from_reference(variable, name="momentum") for variable in variables
        ]

    def update_step(
        self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor
    ) -> None:
        # As Keras's own optimizers do: TensorFlow hands over its variables, not Keras's.
        average = self._momentums[self._get_variable_index(variable)]
        gradient = ops.cast(gradient, average.dtype)
        self.assign(average, self.momentum * average + gradient)
        direction = gradient + self.momentum * average
        rate = ops.cast(learning_rate, average.dtype)
        if len(variable.shape) < 4:
            self.assign_sub(variable, ops.cast(self.other_rate * rate * direction, variable.dtype))
            return
        matrix = ops.reshape(direction, (-1, variable.shape[-1]))
        step = ops.reshape(orthogonalised(matrix, self.newton_schulz_steps), variable.shape)
        kernel = _with_unit_columns(ops.convert_to_tensor(variable))
        self.assign(variable, ops.cast(kernel - rate * step, variable.dtype))

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "other_rate": self.other_rate,
            "newton_schulz_steps": self.newton_schulz_steps,
        }


def orthogonalised(matrix: Tensor, steps: int = 5) -> Tensor:
    """The matrix with its singular values brought near 1, roughly to between 0.7 and 1.2.

    Args:
        matrix: float tensor (M, N); all zeros stay zeros.
        steps: iterations of a quintic in the matrix.

    Returns:
        Tensor (M, N) in float32 or wider. O(steps min(M, N) M N) time.
    """
    a, b, c = _COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = widen(matrix)
    x = ops.transpose(x) if tall else x
    x = x / (ops.norm(x) + 1e-7)
    for _ in range(steps):
        squares = ops.matmul(x, ops.transpose(x))
        x = a * x + ops.matmul(b * squares + c * ops.matmul(squares, squares), x)
    return ops.transpose(x) if tall else x


def _with_unit_columns(kernel: Tensor) -> Tensor:
    """At the norm that it would have if each filter had norm 1."""
    return kernel * (kernel.shape[-1] ** 0.5 / (ops.norm(ops.reshape(kernel, (-1,))) + 1e-7))
