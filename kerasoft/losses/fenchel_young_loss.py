"""What the losses of the alpha-entmax family share."""

from collections.abc import Sequence

from kerasoft.errors import InvalidArgumentError
from kerasoft.losses.classification_loss import ClassificationLoss
from kerasoft.losses.fenchel_young import fenchel_young
from kerasoft.losses.origin import Origin, only_shapes_are_asked
from kerasoft.ops.precision import Tensor


class FenchelYoungLoss(ClassificationLoss):
    """Base class: max_q (<q, s> + H(q)) - <y, s> - H(y), with the Tsallis alpha-entropy H.

    Its gradient in the scores is p - y with p = entmax(s, alpha), however wrong the example, and it
    is zero where p = y: from some lead of the label on, exactly. Soft labels are distributions.
    O(C) memory a row, and the time of `kerasoft.ops.entmax`.

    The loss needs scores: where p is zero, no gradient leads back. With `from_probs` it takes the
    outputs of a kerasoft score layer all the same, because those lead back to their scores; copies
    and casts of them do not, and are refused.

    Args:
        from_probs: whether predictions are such outputs instead of scores.
        label_smoothing, class_weight, ...: as in `ClassificationLoss`.

    Attributes:
        alpha: a finite number of at least 1; with `from_probs` it must be the layer's, unless that
            is the layer's to choose (`EntmaxLoss`).
        default_name: the loss's name if none is given.
    """

    alpha: float
    alpha_is_the_layers = False
    default_name: str

    def __init__(
        self,
        from_probs: bool = False,
        label_smoothing: float = 0.0,
        class_weight: Sequence[float] | None = None,
        ignore_class: int | None = None,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ):
        name = name or self.default_name
        super().__init__(label_smoothing, class_weight, ignore_class, axis, reduction, name, dtype)
        self.from_probs = from_probs

    def inputs(self, y_pred: Tensor, origin: Origin | None) -> Tensor:
        if not self.from_probs:
            return super().inputs(y_pred, origin)
        if origin is None and only_shapes_are_asked():
            return y_pred
        alpha = getattr(origin.layer, "alpha", None) if origin else None
        own = isinstance(alpha, float) and alpha == self.alpha
        if alpha is None or not (own or self.alpha_is_the_layers):
            raise InvalidArgumentError(
                f"{type(self).__name__} with `from_probs` takes the outputs of its own score "
                "layer as they come: not scores, not another layer's outputs, no copy and no cast "
                '(for float32 outputs make the layer with dtype="float32").',
                predictions_made_by=type(origin.layer).__name__ if origin else None,
            )
        return origin.logits

    def values(self, inputs: Tensor, labels: Tensor, origin: Origin | None) -> Tensor:
        alpha = origin.layer.alpha if self.from_probs and origin else self.alpha
        return fenchel_young(inputs, labels, alpha, self.axis)

    def get_config(self) -> dict:
        return {**super().get_config(), "from_probs": self.from_probs}
