"""The data of a run, with the one fallback that there is."""

import os
import warnings
from pathlib import Path

from kerasoft import data
from kerasoft.errors import InvalidArgumentError

NAMES = ("auto", *data.names())
READING = "reading data (where they are new, this takes up to half a minute)"


def load_dataset(
    name: str, labels: str = "fine", data_dir: str | Path | None = None
) -> data.Splits:
    """Loads a data set; "auto" is CIFAR-100 where it can be had, else glyphs, with a warning.

    Data that are there but damaged are an error in any case: only absence leads to the fallback,
    and a folder that was named must hold what it was named for.

    Raises:
        InvalidArgumentError: if the name is unknown.
        DataError: if the data are damaged.
        DataNotFoundError: if they are absent and `name` is not "auto".
    """
    if name not in NAMES:
        raise InvalidArgumentError(f"`dataset` must be one of {', '.join(NAMES)}.", dataset=name)
    if name != "auto":
        return data.load(name, labels=labels, data_dir=data_dir)
    try:
        return data.load("cifar100", labels=labels, data_dir=data_dir)
    except data.DataNotFoundError as reason:
        if data_dir is not None or os.environ.get("KERASOFT_DATA_DIR"):
            raise
        warnings.warn(f"Using the embedded glyphs instead of CIFAR-100. {reason}", stacklevel=2)
        return data.load("glyphs", labels=labels)
