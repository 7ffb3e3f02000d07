"""Fewer images, so that a training takes less time."""

import dataclasses
from numbers import Integral

import numpy as np

from kerasoft.data.splits import Split, Splits
from kerasoft.errors import InvalidArgumentError


def subset(splits: Splits, images: int) -> Splits:
    """The same data with fewer images to train on; the test part stays whole.

    Of each class the first images are kept, in their order and in its share, at least one; of
    `validation` as large a part as of `train`.

    Args:
        splits: The whole data.
        images: How many images `train` keeps: from one a class to all of them. What does not
            divide by the classes is left out.

    Returns:
        `Splits` named "NAME:IMAGES", with the fingerprint of the whole data.

    Raises:
        InvalidArgumentError: If `images` is not allowed.
    """
    whole = len(splits.train)
    number = isinstance(images, Integral) and not isinstance(images, bool)
    if not (number and splits.num_classes <= images <= whole):
        raise InvalidArgumentError(
            f"`images` must be an integer from {splits.num_classes}, one a class, to {whole:,}.",
            images=images,
        )
    return dataclasses.replace(
        splits,
        train=_first(splits.train, images, whole),
        validation=_first(splits.validation, images, whole),
        name=f"{splits.name}:{images}",
    )


def _first(split: Split, part: int, whole: int) -> Split:
    """The first `part` of `whole` rows of each class."""
    counts = np.bincount(split.labels)
    by_class = np.argsort(split.labels, kind="stable")
    rank = np.empty(len(split), "int64")  # of each row among those of its class
    rank[by_class] = np.arange(len(split)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = rank < np.maximum(1, counts * part // whole)[split.labels]
    images, labels = split.images[kept], split.labels[kept]
    for array in (images, labels):
        array.setflags(write=False)
    return Split(images, labels)
