"""What the heads share that look at the label first."""

from keras import ops

from kerasoft.heads.head import Head
from kerasoft.ops import labels as label_forms
from kerasoft.ops.precision import Tensor


class LabelHead(Head):
    """Base class of the heads whose loss computes only what an example's label needs.

    A subclass gives `label_loss` besides what every head gives. Labels that are one weight a class
    have no such shortcut: their loss goes through `log_prob`.
    """

    holds_all_scores = False

    def label_loss(self, features: Tensor, ids: Tensor, training: bool | None) -> Tensor:
        """The loss of each example.

        Args:
            features: (N, D).
            ids: int32 class ids (N,). Some may be -1, for no class: what comes out for them is
                thrown away and gets no gradient, but must be finite.
            training: whether this is the loss to train with.

        Returns:
            float32 (N,).
        """
        raise NotImplementedError

    def values(self, features: Tensor, labels: Tensor, training: bool | None = False) -> Tensor:
        if not self.built:
            self.build(features.shape)
        if not self.are_ids(features, labels):
            return super().values(features, labels, training)
        known, ids = self.flat_ids(labels)
        values = self.label_loss(flat(features), ids, training)
        return ops.where(known, ops.reshape(values, ops.shape(known)), float("nan"))

    def are_ids(self, features: Tensor, labels: Tensor) -> bool:
        """Whether standardized labels are class ids."""
        return label_forms.are_ids(labels, features)

    def flat_ids(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Which examples have a class (...), and int32 ids (N,) with -1 for the others."""
        known, ids = label_forms.known_ids(labels, self.num_classes)
        return known, ops.reshape(ops.where(known, ids, -1), (-1,))


def flat(features: Tensor) -> Tensor:
    """Features (..., D) as (N, D)."""
    return ops.reshape(features, (-1, features.shape[-1]))
