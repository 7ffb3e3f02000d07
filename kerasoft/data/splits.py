"""What every data set gives: labelled images in three parts, and where they came from."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Split:
    """Images and their labels, row for row.

    Attributes:
        images: uint8, shape `(N, 32, 32, 3)`: height, width, then red, green, blue.
        labels: int32, shape `(N,)`, each in `[0, num_classes)`.

    The arrays may be read-only views of a file on disk.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Splits:
    """A data set: fit on `train`, choose on `validation`, score once on `test`.

    Attributes:
        train, validation, test: the three parts; `validation` has no rows where none was asked for.
        class_names: one name a label, in label order.
        superclass_names: one name a superclass; empty where the labels have no superclasses.
        class_to_superclass: the superclass of each label; empty likewise.
        name: name of the data set, as `load` takes it.
        label_kind: `"fine"` or `"coarse"`.
        source: one phrase that says where the data was read from.
        fingerprint: SHA-256, in hex, of the content of the whole data set, whatever part was asked.
        reference: whether the content is the published data set, bit for bit; `None` where there
            is nothing to compare with.
    """

    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    superclass_names: tuple[str, ...]
    class_to_superclass: tuple[int, ...]
    name: str
    label_kind: str
    source: str
    fingerprint: str
    reference: bool | None = None

    @property
    def num_classes(self) -> int:
        """How many labels there are."""
        return len(self.class_names)

    def describe(self) -> str:
        """One line for people: name, label kind, sizes, number of classes, source."""
        sizes = " / ".join(f"{len(part):,}" for part in (self.train, self.validation, self.test))
        altered = ", not the published data" if self.reference is False else ""
        return (
            f"{self.name} ({self.label_kind} labels): {sizes} images of {self.num_classes} "
            f"classes, from {self.source}{altered}"
        )
