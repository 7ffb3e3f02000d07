"""Arrays on disk that prove, on every start, that they are what was written.

A cache entry is a folder: one `.npy` file an array, and `facts.json`, which holds the SHA-256 of
each of them, free facts, and a seal over both. Entries appear whole or not at all: they are written
under another name and renamed. They are never changed afterwards.
"""

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerasoft.data.errors import DataError

JSON = dict[str, Any] | list[Any] | str | int | float | bool | None

_FACTS = "facts.json"
_PARTIAL = ".partial"
_ABANDONED_AFTER = 24 * 3600.0  # seconds; no honest writer takes this long


def cache_dir() -> Path:
    """`$KERASOFT_CACHE_DIR`, else `$XDG_CACHE_HOME/kerasoft`, else `~/.cache/kerasoft`."""
    if own := os.environ.get("KERASOFT_CACHE_DIR"):
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared).expanduser() if shared else Path.home() / ".cache") / "kerasoft"


def fingerprint(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256, in hex, of names, shapes, dtypes and contents, whatever the order of the mapping."""
    return _combine({_file_name(name): _digest(array) for name, array in arrays.items()})


def store(folder: Path, arrays: Mapping[str, np.ndarray], facts: Mapping[str, JSON]) -> None:
    """Write a cache entry; where another process has written it meanwhile, keep the other's.

    Args:
        folder: the entry; its parents are created.
        arrays: name -> array of any shape and any dtype but object; the name is a plain word.
        facts: anything that JSON can hold, given back by `fetch`.

    Raises:
        OSError: the folder cannot be written (read-only, disk full); nothing is left behind.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder.parent)
    draft = _draft_in(folder.parent)
    draft.mkdir()
    try:
        _write_entry(draft, arrays, facts)
        _publish(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def fetch(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """Read a cache entry and verify every byte of it.

    Returns:
        `None` where there is no such folder, else the arrays, read-only and memory-mapped, and the
        facts that were stored, with `"fingerprint"` (as `fingerprint(arrays)` gives it) added.

    Raises:
        DataError: a file is missing, truncated or altered; the message names it.
    """
    if not folder.is_dir():
        return None
    record = _read_facts(folder)
    arrays = {}
    for file_name, expected in record["files"].items():
        arrays[file_name.removesuffix(".npy")] = _read_array(folder / file_name, expected)
    return arrays, {**record["facts"], "fingerprint": _combine(record["files"])}


def _draft_in(parent: Path) -> Path:
    return parent / f".{uuid.uuid4().hex}{_PARTIAL}"


def _file_name(array_name: str) -> str:
    return f"{array_name}.npy"


def _contiguous(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")


def _header(array: np.ndarray) -> bytes:
    """The header of NumPy's format 1.0, by hand: fingerprints must not follow NumPy's padding."""
    text = f"{{'descr': {array.dtype.str!r}, 'fortran_order': False, 'shape': {array.shape!r}, }}"
    padded = text.ljust(-(-(len(text) + 11) // 64) * 64 - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode("latin1")


def _bytes_of(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1).view(np.uint8)


def _digest(array: np.ndarray) -> str:
    """SHA-256 of the file that `_write_entry` makes of the array."""
    array = _contiguous(array)
    digest = hashlib.sha256(_header(array))
    digest.update(_bytes_of(array))
    return digest.hexdigest()


def _combine(files: Mapping[str, str]) -> str:
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _seal(record: Mapping[str, Any]) -> str:
    content = {"files": record["files"], "facts": record["facts"]}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _write_entry(draft: Path, arrays: Mapping[str, np.ndarray], facts: Mapping[str, JSON]) -> None:
    files = {}
    for name, array in arrays.items():
        array = _contiguous(array)
        with open(draft / _file_name(name), "wb") as file:
            file.write(_header(array))
            file.write(_bytes_of(array))
        files[_file_name(name)] = _digest(array)
    record = {"files": files, "facts": dict(facts)}
    text = json.dumps({**record, "seal": _seal(record)}, indent=2, sort_keys=True)
    (draft / _FACTS).write_text(text + "\n", encoding="utf-8")


def _publish(draft: Path, folder: Path) -> None:
    try:
        os.rename(draft, folder)
    except OSError:
        if not folder.is_dir():
            raise


def _read_facts(folder: Path) -> dict[str, Any]:
    path = folder / _FACTS
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        intact = record["seal"] == _seal(record)
    except FileNotFoundError:
        raise _broken(path, "is missing") from None
    except OSError as error:
        raise _broken(path, f"cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise _broken(path, "is truncated or altered") from None
    if not intact:
        raise _broken(path, "is altered: its seal does not fit")
    return record


def _read_array(path: Path, expected: str) -> np.ndarray:
    try:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise _broken(path, "is truncated or altered: its SHA-256 does not fit")
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise _broken(path, "is missing") from None
    except OSError as error:
        raise _broken(path, f"cannot be read ({error.strerror})") from None


def _broken(path: Path, reason: str) -> DataError:
    message = f"{path} {reason}. Delete the folder {path.parent}; it is made again from the source."
    return DataError(message, cache=str(path.parent))


def _remove_abandoned(parent: Path) -> None:
    """Killed writers leave drafts; nobody reads them, but they take space."""
    for draft in parent.glob(f".*{_PARTIAL}"):
        try:
            if time.time() - draft.stat().st_mtime < _ABANDONED_AFTER:
                continue
            if draft.is_dir():
                shutil.rmtree(draft)
            else:
                draft.unlink()
        except OSError:
            continue  # gone meanwhile, or another user's: neither is ours to mend
