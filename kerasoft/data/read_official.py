"""Read the published Python archive of CIFAR, extracted or not."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from kerasoft.data import safe_pickle
from kerasoft.data.cifar import Spec
from kerasoft.data.errors import BadFile
from kerasoft.data.raw import RawPart, RawParts, check_names

# The largest genuine pickle has 155 MB and the largest genuine archive unpacks to 186 MB.
_MOST_BYTES = 256 * 2**20
_MOST_MEMBERS = 64  # the genuine archives hold fewer than ten


def read_folder(folder: Path, spec: Spec) -> RawParts:
    """Read the extracted folder, such as `cifar-100-python`.

    Raises:
        BadFile: a file is missing, too large, damaged, hostile or not of this data set.
        OSError: a file cannot be read.
    """
    contents = {}
    for name in (*spec.archive.files, spec.archive.meta_file):
        path = folder / name
        if path.is_file():
            contents[name] = _read_limited(path)
    return _read_pickles(contents, f"{folder}/", spec)


def read_archive(path: Path, spec: Spec) -> RawParts:
    """Read the `.tar.gz` in memory; nothing is extracted, so no path in it can lead astray.

    Raises:
        BadFile: the archive is damaged, unpacks to too much, or lacks a file that it must hold.
        OSError: the archive cannot be read.
    """
    with open(path, "rb") as file:
        try:
            contents = _members(_unzip(file, path), spec)
        except BadFile:
            raise
        except Exception as error:  # what a damaged tar raises is not limited to any list
            raise BadFile(path, f"is not an intact .tar.gz ({error})") from None
    return _read_pickles(contents, f"{path}:{spec.archive.folder}/", spec)


def _read_limited(path: Path) -> bytes:
    with open(path, "rb") as file:
        return _limited(file, path)


def _unzip(file: IO[bytes], path: Path) -> bytes:
    """The whole tar at once: the check sum at the end is checked before anything is believed."""
    with gzip.GzipFile(fileobj=file) as content:
        return _limited(content, path)


def _limited(file: IO[bytes] | gzip.GzipFile, path: Path) -> bytes:
    content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise BadFile(path, f"holds more than {_MOST_BYTES:,} bytes, which CIFAR does not")
    return content


def _members(content: bytes, spec: Spec) -> dict[str, bytes]:
    wanted = {*spec.archive.files, spec.archive.meta_file}
    contents: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        for count, member in enumerate(archive):
            if count == _MOST_MEMBERS or member.size > len(content):  # endless, or sparse
                raise ValueError("it claims to hold more than it can")
            folder, _, name = member.name.removeprefix("./").rpartition("/")
            if folder == spec.archive.folder and name in wanted and member.isreg():
                contents[name] = archive.extractfile(member).read()
    return contents


def _read_pickles(contents: Mapping[str, bytes], prefix: str, spec: Spec) -> RawParts:
    archive = spec.archive
    for name in archive.files:
        if name not in contents:
            raise BadFile(f"{prefix}{name}", "is missing")
    if archive.meta_file in contents:
        _check_meta(contents[archive.meta_file], f"{prefix}{archive.meta_file}", spec)
    return {
        "train": _read_part(archive.train_files, contents, prefix, spec),
        "test": _read_part(archive.test_files, contents, prefix, spec),
    }


def _check_meta(content: bytes, origin: str, spec: Spec) -> None:
    record = _dictionary(content, origin)
    names = {
        spec.archive.fine_names_key: spec.class_names,
        spec.archive.coarse_names_key: spec.superclass_names,
    }
    for key, expected in names.items():
        if key is not None:
            found = _list_of(bytes, record, key, origin)
            check_names(origin, tuple(name.decode("latin1") for name in found), expected)


def _read_part(
    files: tuple[str, ...], contents: Mapping[str, bytes], prefix: str, spec: Spec
) -> RawPart:
    batches = [_read_batch(contents[name], f"{prefix}{name}", spec) for name in files]
    if len(batches) == 1:
        return batches[0]
    return RawPart(
        images=np.concatenate([batch.images for batch in batches]),
        fine=np.concatenate([batch.fine for batch in batches]),
        coarse=None,  # the one data set that comes in batches has no superclasses
        origin=f"{prefix}{{{','.join(files)}}}",
    )


def _read_batch(content: bytes, origin: str, spec: Spec) -> RawPart:
    record = _dictionary(content, origin)
    planes = safe_pickle.to_numpy(record.get("data"))
    if planes is None or planes.ndim != 2 or planes.shape[1] != 3 * 32 * 32:
        raise BadFile(origin, "holds no `data` of 3,072 bytes an image")
    coarse_key = spec.archive.coarse_key
    return RawPart(
        images=planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1),
        fine=_labels(record, spec.archive.fine_key, origin),
        coarse=None if coarse_key is None else _labels(record, coarse_key, origin),
        origin=origin,
    )


def _dictionary(content: bytes, origin: str) -> dict[str, Any]:
    record = safe_pickle.loads(content, origin)
    if type(record) is not dict or not all(type(key) is bytes for key in record):
        raise BadFile(origin, "does not hold a dictionary")
    return {key.decode("latin1"): value for key, value in record.items()}


def _labels(record: Mapping[str, Any], key: str, origin: str) -> np.ndarray:
    return np.array(_list_of(int, record, key, origin), np.int64)


def _list_of(kind: type, record: Mapping[str, Any], key: str, origin: str) -> list[Any]:
    values = record.get(key)
    if type(values) is not list or not all(type(value) is kind for value in values):
        raise BadFile(origin, f"holds no list `{key}` of {kind.__name__}")
    return values
