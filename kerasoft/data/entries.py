"""CIFAR in the cache, by content: the same images from two sources are kept once.

<cache>/cifar100/<fingerprint, 16 digits>/         the arrays, in canonical order
<cache>/cifar100/sources/<signature>.json          which fingerprint a source turned out to have
"""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerasoft.data import cache
from kerasoft.data.cifar import Spec
from kerasoft.data.errors import DataError
from kerasoft.files import write_json


@dataclass(frozen=True, eq=False)
class Content:
    """A whole data set in canonical order.

    Attributes:
        arrays: read-only, as `canonical.arrange` gives them.
        fingerprint: SHA-256 of the arrays.
        source: where they were read from, for people.
    """

    arrays: dict[str, np.ndarray]
    fingerprint: str
    source: str


def recall(signature: str, spec: Spec) -> Content | None:
    """What a source held when it was read before; `None` where it was not, or is not kept.

    Raises:
        DataError: the entry is damaged.
    """
    return _follow(_pointers(spec) / f"{signature}.json", spec)


def newest(spec: Spec) -> Content | None:
    """What was last read, from wherever; `None` where nothing is kept.

    Raises:
        DataError: the entry is damaged.
    """
    pointers = sorted(_pointers(spec).glob("*.json"), key=_written, reverse=True)
    found = (_follow(pointer, spec) for pointer in pointers)
    return next((content for content in found if content), None)


def keep(signature: str, source: str, arrays: dict[str, np.ndarray], spec: Spec) -> Content:
    """Write what was read from a source to the cache, and give it as the cache holds it.

    Where the cache cannot be written, a warning says so and the arrays are given as they are.
    """
    fingerprint = cache.fingerprint(arrays)
    pointer = _pointers(spec) / f"{signature}.json"
    try:
        cache.store(_entry(fingerprint, spec), arrays, {"name": spec.name})
        pointer.parent.mkdir(parents=True, exist_ok=True)
        write_json(pointer, {"fingerprint": fingerprint, "source": source})
        if content := _follow(pointer, spec):
            return content
    except OSError as error:
        warnings.warn(
            f"{spec.title} cannot be kept in {cache.cache_dir()} ({error.strerror or error}); "
            "it will be read from its source each time. $KERASOFT_CACHE_DIR names another place.",
            stacklevel=2,
        )
    for array in arrays.values():
        array.setflags(write=False)  # as those of the cache are
    return Content(arrays, fingerprint, source)


def _folder(spec: Spec) -> Path:
    return cache.cache_dir() / spec.name


def _entry(fingerprint: str, spec: Spec) -> Path:
    return _folder(spec) / fingerprint[:16]


def _pointers(spec: Spec) -> Path:
    return _folder(spec) / "sources"


def _written(pointer: Path) -> int:
    try:
        return pointer.stat().st_mtime_ns
    except OSError:
        return 0  # removed meanwhile


def _follow(pointer: Path, spec: Spec) -> Content | None:
    note = _read_note(pointer)
    if note is None:
        return None
    entry = _entry(note["fingerprint"], spec)
    found = cache.fetch(entry)
    if found is None:
        return None
    arrays, facts = found
    if facts["fingerprint"] != note["fingerprint"]:
        raise DataError(
            f"{entry} holds other data than {pointer} says. Delete both; they are made again "
            "from the source.",
            cache=str(entry),
        )
    return Content(arrays, facts["fingerprint"], f"{note['source']}, kept in {entry}")


def _read_note(pointer: Path) -> dict[str, Any] | None:
    """A pointer that is absent or damaged is as good as none: the source is read again."""
    try:
        note = json.loads(pointer.read_text(encoding="utf-8"))
        intact = all(type(note[key]) is str for key in ("fingerprint", "source"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return note if intact else None
