"""What a reader gives, before anything is believed about it, and the checks that all must pass."""

from dataclasses import dataclass

import numpy as np

from kerasoft.data.cifar import IMAGE_SHAPE, Spec
from kerasoft.data.errors import BadFile


@dataclass(frozen=True, eq=False)
class RawPart:
    """The published train or test part as one source holds it, in the order of that source.

    Attributes:
        images: uint8, shape `(N, 32, 32, 3)`.
        fine: integers, shape `(N,)`.
        coarse: integers, shape `(N,)`; `None` for a data set without superclasses.
        origin: the file to name when something is wrong with the part.
    """

    images: np.ndarray
    fine: np.ndarray
    coarse: np.ndarray | None
    origin: str


RawParts = dict[str, RawPart]  # "train" and "test"


def check(parts: RawParts, spec: Spec) -> None:
    """Compare structure and labels with what the data set must be.

    Raises:
        BadFile: shape, dtype, number of images, a label out of range, a superclass that does not
            belong to the class, or the number of images of a class is wrong.
    """
    for part, raw in parts.items():
        _check_images(raw, spec.count(part))
        _check_range(raw, "fine", raw.fine, spec.num_classes)
        if spec.superclass_names:
            _check_range(raw, "coarse", raw.coarse, len(spec.superclass_names))
            _check_superclasses(raw, spec)
        _check_balance(raw, spec, spec.per_class(part))


def check_names(origin: object, found: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """Other names, or another order of them, mean that the labels mean something else.

    Raises:
        BadFile: the names differ.
    """
    if len(found) != len(expected):
        raise BadFile(origin, f"holds {len(found)} label names instead of {len(expected)}")
    for label, (name, true_name) in enumerate(zip(found, expected, strict=True)):
        if name != true_name:
            raise BadFile(origin, f"calls label {label} {name[:40]!r} instead of {true_name!r}")


def _check_images(raw: RawPart, count: int) -> None:
    expected = (count, *IMAGE_SHAPE)
    if raw.images.dtype != np.uint8 or raw.images.shape != expected:
        found = f"{raw.images.dtype} images of shape {raw.images.shape}"
        raise BadFile(raw.origin, f"holds {found} instead of uint8 of shape {expected}")


def _check_range(raw: RawPart, kind: str, labels: np.ndarray | None, bound: int) -> None:
    count = len(raw.images)
    if labels is None or labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise BadFile(raw.origin, f"does not hold {count} integer {kind} labels")
    wrong = np.flatnonzero((labels < 0) | (labels >= bound))
    if len(wrong):
        label, row = labels[wrong[0]], wrong[0]
        raise BadFile(
            raw.origin, f"has {kind} label {label} in row {row}, which is not in [0, {bound})"
        )


def _check_superclasses(raw: RawPart, spec: Spec) -> None:
    expected = np.asarray(spec.class_to_superclass)[raw.fine]
    wrong = np.flatnonzero(raw.coarse != expected)
    if len(wrong):
        row = wrong[0]
        name, found = spec.class_names[raw.fine[row]], spec.superclass_names[raw.coarse[row]]
        true = spec.superclass_names[expected[row]]
        raise BadFile(
            raw.origin,
            f"has contradicting labels in row {row}: class {name!r} with superclass {found!r}, "
            f"and it belongs to {true!r}",
        )


def _check_balance(raw: RawPart, spec: Spec, per_class: int) -> None:
    counts = np.bincount(raw.fine, minlength=spec.num_classes)
    wrong = np.flatnonzero(counts != per_class)
    if len(wrong):
        name, count = spec.class_names[wrong[0]], counts[wrong[0]]
        raise BadFile(raw.origin, f"has {count} images of class {name!r} instead of {per_class}")
