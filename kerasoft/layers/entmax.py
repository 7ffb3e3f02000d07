"""alpha-entmax as a layer, alpha given or learned."""

import math

import keras
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.layers.complexity import Complexity
from kerasoft.layers.sparse_layer import SparseLayer
from kerasoft.losses.entmax_loss import EntmaxLoss
from kerasoft.ops.entmax import check_alpha
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class Entmax(SparseLayer):
    """Scores to alpha-entmax: softmax at alpha = 1, sparsemax at 2, sparse above 1.

    O(C) memory an example, and time of a few passes over the classes: `kerasoft.ops.entmax`. Shapes
    and mask: `ScoreLayer`.

    Train it with `matching_loss()` or in a `SoftmaxHead`: the logarithm of a zero trains nothing.

    Args:
        alpha: a finite number of at least 1.
        learn_alpha: whether alpha is a weight that starts there, and stays between 1 and 2 (alpha =
            1 + sigmoid of the weight).
        axis: the class axis.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if `alpha` is not allowed, or is to be learned from 1 or 2 and above.

    References:
        Peters et al., "Sparse sequence-to-sequence models", ACL 2019;
        Correia et al., "Adaptively sparse transformers", EMNLP 2019 (alpha learned).
    """

    complexity = Complexity(forward_time="O(C) a pass, about 6 (alpha above 2: about 40)")

    def __init__(self, alpha: float = 1.5, learn_alpha: bool = False, axis: int = -1, **kwargs):
        super().__init__(axis=axis, **kwargs)
        self._alpha = check_alpha(alpha)
        self.learn_alpha = learn_alpha
        if learn_alpha:
            self._add_weight()

    def _add_weight(self) -> None:
        if not 1 < self._alpha < 2:
            raise InvalidArgumentError(
                "`alpha` must start strictly between 1 and 2 to be learned.", alpha=self._alpha
            )
        start = math.log((self._alpha - 1) / (2 - self._alpha))  # the sigmoid's inverse
        self.alpha_logit = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(start),
            dtype="float32",
            autocast=False,
            name="alpha_logit",
        )

    @property
    def alpha(self) -> float | Tensor:
        """The number, or the scalar tensor that is learned."""
        if not self.learn_alpha:
            return self._alpha
        return 1.0 + ops.sigmoid(ops.convert_to_tensor(self.alpha_logit))

    def matching_loss(self, **options) -> keras.losses.Loss:
        """As every score layer's; it follows an alpha that is learned."""
        return EntmaxLoss(self._alpha, from_probs=True, **{"axis": self.axis, **options})

    def get_config(self) -> dict:
        return {**super().get_config(), "alpha": self._alpha, "learn_alpha": self.learn_alpha}
