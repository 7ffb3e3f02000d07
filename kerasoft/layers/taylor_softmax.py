"""Taylor softmax as a layer."""

import keras

from kerasoft import ops
from kerasoft.layers.complexity import Complexity
from kerasoft.layers.score_layer import ScoreLayer
from kerasoft.ops.precision import Tensor
from kerasoft.ops.taylor_softmax import check_order


@keras.saving.register_keras_serializable(package="kerasoft")
class TaylorSoftmax(ScoreLayer):
    """Scores to probabilities by Taylor polynomials: p_i = T(s_i) / sum_j T(s_j).

    O(C order) time and O(C) memory an example. Shapes and mask: `ScoreLayer`; the formula and what
    sets it apart from a softmax: `kerasoft.ops.taylor_softmax`.

    Args:
        order: an even number from 2 to 170, the last term of the exponential's series.
        axis: the class axis.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if `order` is not an even number from 2 to 170.

    Reference:
        de Brébisson and Vincent, "An exploration of softmax alternatives belonging to the spherical
        loss family", ICLR 2016.
    """

    complexity = Complexity(forward_time="O(C order)", backward_time="O(C order)")

    def __init__(self, order: int = 2, axis: int = -1, **kwargs):
        super().__init__(axis=axis, **kwargs)
        self.order = check_order(order)

    def distribution(self, logits: Tensor, training: bool | None = False) -> Tensor:
        return ops.taylor_softmax(logits, self.order, self.axis)

    def log_distribution(self, logits: Tensor) -> Tensor:
        return ops.log_taylor_softmax(logits, self.order, self.axis)

    def get_config(self) -> dict:
        return {**super().get_config(), "order": self.order}
