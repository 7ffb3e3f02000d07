"""The one way to data: `load(name)`."""

import os
import warnings
from typing import Any

import numpy as np

from kerasoft.data import search
from kerasoft.data.cifar import SPECS, Spec
from kerasoft.data.entries import Content
from kerasoft.data.splits import Split, Splits
from kerasoft.errors import InvalidArgumentError


def names() -> tuple[str, ...]:
    """The data sets that `load` knows."""
    return (*SPECS, "glyphs")


def load(
    name: str,
    *,
    labels: str = "fine",
    validation: bool = True,
    data_dir: str | os.PathLike[str] | None = None,
    download: bool = True,
    **options: Any,
) -> Splits:
    """Load a data set, split for training, choosing and testing.

    The split of CIFAR is 35,000 / 15,000 / 10,000, the same 350 / 150 / 100 images of each
    CIFAR-100 class whatever the data was read from; see `kerasoft.data.canonical` for the rule.
    What was read once is kept in a cache, is verified on every start, and is mapped, not loaded.

    Args:
        name: `"cifar100"`, `"cifar10"` or `"glyphs"`.
        labels: `"fine"`, or `"coarse"` for the superclasses; `"cifar10"` has only fine ones.
        validation: `False` leaves the validation images in `train`, and `validation` empty.
        data_dir: CIFAR only: a folder or file to read, and nothing else. A TFDS folder, the
            published archive, extracted or not, or an `.npz`; see `kerasoft.data.sources`.
            `None` searches; see `kerasoft.data.search`.
        download: whether CIFAR may be downloaded where it is not found.
        **options: for `"glyphs"`; see `kerasoft.data.glyphs.load_glyphs`.

    Returns:
        `Splits` of read-only arrays: images uint8 `(N, 32, 32, 3)`, labels int32 `(N,)`.

    Raises:
        InvalidArgumentError: an argument is not one of those above.
        DataNotFoundError: the data set is nowhere, and cannot be downloaded.
        DataError: it is there, and it is damaged or not what it should be.
    """
    if name not in names():
        raise InvalidArgumentError(f"`name` must be one of {', '.join(names())}.", name=name)
    _check_labels(labels, SPECS.get(name))
    if name == "glyphs":
        return _load_glyphs(labels, validation, data_dir, options)
    if options:
        raise InvalidArgumentError(f"{name!r} takes no further options.", **options)
    if data_dir is not None and (data_dir == "" or not isinstance(data_dir, str | os.PathLike)):
        raise InvalidArgumentError("`data_dir` must be a path or None.", data_dir=data_dir)
    content = search.obtain(SPECS[name], data_dir, download)
    return _splits(content, SPECS[name], labels, validation)


def _check_labels(labels: str, spec: Spec | None) -> None:
    if labels not in ("fine", "coarse"):
        raise InvalidArgumentError("`labels` must be 'fine' or 'coarse'.", labels=labels)
    if labels == "coarse" and spec is not None and not spec.superclass_names:
        raise InvalidArgumentError(f"`labels` of {spec.name!r} must be 'fine'.", labels=labels)


def _load_glyphs(
    labels: str, validation: bool, data_dir: object, options: dict[str, Any]
) -> Splits:
    if data_dir is not None:
        message = "'glyphs' are drawn, not read: `data_dir` must be None."
        raise InvalidArgumentError(message, data_dir=str(data_dir))
    from kerasoft.data.glyphs import load_glyphs  # drawing needs Matplotlib, reading does not

    return load_glyphs(labels=labels, validation=validation, **options)


def _splits(content: Content, spec: Spec, labels: str, validation: bool) -> Splits:
    train, test = (_part(part, content, spec, labels) for part in ("train", "test"))
    kept = spec.chosen if validation else len(train)
    fine = labels == "fine"
    return Splits(
        train=Split(train.images[:kept], train.labels[:kept]),
        validation=Split(train.images[kept:], train.labels[kept:]),
        test=test,
        class_names=spec.class_names if fine else spec.superclass_names,
        superclass_names=spec.superclass_names if fine else (),
        class_to_superclass=spec.class_to_superclass if fine else (),
        name=spec.name,
        label_kind=labels,
        source=content.source,
        fingerprint=content.fingerprint,
        reference=_is_reference(content, spec),
    )


def _part(part: str, content: Content, spec: Spec, kind: str) -> Split:
    labels = np.asarray(content.arrays[f"{part}_labels"])
    if kind == "coarse":
        labels = np.array(spec.class_to_superclass, np.int32)[labels]
        labels.setflags(write=False)
    return Split(np.asarray(content.arrays[f"{part}_images"]), labels)


def _is_reference(content: Content, spec: Spec) -> bool | None:
    if spec.fingerprint is None:
        return None
    if content.fingerprint != spec.fingerprint:
        warnings.warn(
            f"The {spec.title} of {content.source} is well formed, and yet some of its images or "
            f"labels are not the published ones: its fingerprint is {content.fingerprint}.",
            stacklevel=4,
        )
    return content.fingerprint == spec.fingerprint
