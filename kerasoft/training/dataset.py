"""The data of a run, with the one fallback that there is."""

import dataclasses
import os
import re
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

from kerasoft import data
from kerasoft.errors import InvalidArgumentError

NAMES = ("auto", *data.names())
_IMAGES, _IMAGES_A_CLASS = 60_000, 50
READING = "reading data (where they are new, this takes up to half a minute)"


def load_dataset(
    name: str,
    labels: str = "fine",
    data_dir: str | Path | None = None,
    validation: bool = True,
) -> data.Splits:
    """Loads a data set; "auto" is CIFAR-100 where it can be had, else glyphs, with a warning.

    "glyphs-N" are glyphs of N classes, with at least 50 images each, and "NAME:N" is any of these
    with N images to train on (`kerasoft.data.subset`); they go by that name after.

    Data that are there but damaged are an error in any case: only absence leads to the fallback,
    and a folder that was named must hold what it was named for. Without `validation` its images are
    among those to train on.

    Raises:
        InvalidArgumentError: if the name is unknown, or there are not so many images.
        DataError: if the data are damaged.
        DataNotFoundError: if they are absent and `name` is not "auto".
    """
    load = partial(data.load, labels=labels, validation=validation, data_dir=data_dir)
    if isinstance(name, str) and (parts := re.fullmatch("(.+):([0-9]+)", name)):
        whole = load_dataset(parts[1], labels, data_dir, validation)
        return data.subset(whole, int(parts[2]))
    if isinstance(name, str) and re.fullmatch("glyphs-[0-9]+", name):
        return _glyphs_of(int(name.removeprefix("glyphs-")), load)
    if name not in NAMES:
        raise InvalidArgumentError(
            f"`dataset` must be one of {', '.join(NAMES)}, or glyphs-N for N classes; "
            "followed by :N for N training images.",
            dataset=name,
        )
    if name != "auto":
        return load(name)
    try:
        return load("cifar100")
    except data.DataNotFoundError as reason:
        if data_dir is not None or os.environ.get("KERASOFT_DATA_DIR"):
            raise
        warnings.warn(f"Using the embedded glyphs instead of CIFAR-100. {reason}", stacklevel=2)
        return load("glyphs")


def _glyphs_of(classes: int, load: Callable[..., data.Splits]) -> data.Splits:
    size = max(_IMAGES, _IMAGES_A_CLASS * classes)
    splits = load("glyphs", num_classes=classes, size=size)
    return dataclasses.replace(splits, name=f"glyphs-{classes}")
