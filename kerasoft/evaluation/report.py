"""The result of one evaluation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.calibration import ReliabilityBin
from kerasoft.evaluation.checks import check_class_count, check_names
from kerasoft.evaluation.confusion import ConfusedPair, merge_classes, most_confused
from kerasoft.evaluation.metrics import Scores
from kerasoft.evaluation.summary import text_table

CONFUSED_PAIRS = 10


@dataclass(frozen=True, eq=False)
class Report(Scores):
    """`Scores` with the names of the classes, and what follows from the confusion matrix.

    Attributes:
        class_names: C names, in class order.
        superclass_names: S names, or none.
        class_to_superclass: The superclass number of each class, or none.

    Raises:
        InvalidArgumentError: When names do not fit the classes or each other.
    """

    class_names: tuple[str, ...]
    superclass_names: tuple[str, ...] = ()
    class_to_superclass: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_class_count(self.class_names, self.class_to_superclass, len(self.confusion))
        check_names(self.class_names, self.superclass_names, self.class_to_superclass)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Report) and self.to_dict() == other.to_dict()

    @property
    def n_classes(self) -> int:
        """C."""
        return len(self.confusion)

    @property
    def class_accuracy(self) -> tuple[float, ...]:
        """Share of each class's examples that is predicted right; the same as its recall."""
        return self.class_recall

    @property
    def superclass_confusion(self) -> np.ndarray | None:
        """Counts by superclass, int64 (S, S), row = true; None without superclasses."""
        if not self.superclass_names:
            return None
        return merge_classes(self.confusion, self.class_to_superclass, len(self.superclass_names))

    @property
    def superclass_accuracy(self) -> float | None:
        """Share of examples predicted into the right superclass; None without superclasses."""
        confusion = self.superclass_confusion
        return None if confusion is None else float(np.trace(confusion) / self.n_examples)

    @property
    def most_confused(self) -> tuple[ConfusedPair, ...]:
        """The ten most frequent mistakes, the most frequent first."""
        return most_confused(self.confusion, CONFUSED_PAIRS)

    def table(self) -> str:
        """The metrics as a short aligned text table, for a terminal."""
        return text_table(self)

    def to_dict(self) -> dict[str, object]:
        """Everything as plain values that strict JSON can hold.

        An infinite negative log-likelihood becomes None; `infinite_log_likelihoods` says why.
        """
        superclasses = self.superclass_confusion
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        infinite = np.isinf(self.negative_log_likelihood)
        return values | {
            "negative_log_likelihood": None if infinite else self.negative_log_likelihood,
            "confusion": self.confusion.tolist(),
            "reliability": [asdict(b) for b in self.reliability],
            "class_accuracy": self.class_accuracy,
            "superclass_accuracy": self.superclass_accuracy,
            "superclass_confusion": None if superclasses is None else superclasses.tolist(),
            "most_confused": [asdict(pair) for pair in self.most_confused],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "Report":
        """The inverse of `to_dict`, also after JSON; what else `values` holds is left alone."""
        names = [field.name for field in fields(cls)]
        missing = [name for name in names if name not in values]
        if missing:
            raise InvalidArgumentError(
                "`values` must hold every field of a report.", missing=missing
            )
        known = {name: _frozen(values[name]) for name in names}
        likelihood = known["negative_log_likelihood"]
        return cls(
            **known
            | {
                "negative_log_likelihood": float("inf") if likelihood is None else likelihood,
                "confusion": np.array(values["confusion"], dtype=np.int64),
                "reliability": tuple(ReliabilityBin(**b) for b in values["reliability"]),
            }
        )


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
