"""Labels that name several true classes an example."""

from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.label_head import LabelHead
from kerasoft.ops import labels as label_forms
from kerasoft.ops.precision import Tensor


class SeveralLabels(LabelHead):
    """Lets each example have `num_true` labels, (..., T), where that is above 1.

    An example is ignored if all its labels are `ignore_class`, and has no class if one of them is
    none. Flat ids are then (N T,), those of an example one after the other. Labels that are one
    weight a class stay for T = 1.
    """

    def standardized(self, features: Tensor, labels: Tensor) -> Tensor:
        if self.num_true == 1:
            return super().standardized(features, labels)
        labels = ops.convert_to_tensor(labels)
        expected = (*features.shape[:-1], self.num_true)
        same_rank = len(labels.shape) == len(expected)
        sizes = zip(labels.shape, expected, strict=True) if same_rank else [(0, 1)]
        if any(one != other for one, other in sizes if None not in (one, other)):
            raise InvalidArgumentError(
                f"`labels` must be {self.num_true} class ids an example.",
                labels_shape=tuple(labels.shape),
                features_shape=tuple(features.shape),
            )
        return labels

    def are_ids(self, features: Tensor, labels: Tensor) -> bool:
        return self.num_true > 1 or super().are_ids(features, labels)

    def kept(self, features: Tensor, labels: Tensor) -> Tensor | None:
        if self.num_true == 1 or self.ignore_class is None:
            return super().kept(features, labels)
        return ops.any(label_forms.comparable(labels) != self.ignore_class, axis=-1)

    def without_ignored(self, labels: Tensor, kept: Tensor) -> Tensor:
        if self.num_true == 1:
            return super().without_ignored(labels, kept)
        return ops.where(kept[..., None], label_forms.comparable(labels), -1)

    def flat_ids(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        if self.num_true == 1:
            return super().flat_ids(labels)
        known, ids = label_forms.known_ids(labels, self.num_classes)
        known = ops.all(known, axis=-1)
        return known, ops.reshape(ops.where(known[..., None], ids, -1), (-1,))
