"""Find CIFAR on disk, in any of the forms that it comes in, without reading more than names.

Below a folder, the first of these counts:

1. a prepared TFDS folder: `cifar100/<version>/dataset_info.json` (of several versions the highest),
   or the folder is `cifar100` or the version folder itself;
2. the extracted archive: `cifar-100-python/`, or the folder is that one itself;
3. the archive: `cifar-100-python.tar.gz`;
4. an `.npz`: `cifar100.npz`, else the only one, else the only one with the keys of the data set.

A path may also name an archive or an `.npz` itself.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kerasoft.data import read_npz, read_official, read_tfds
from kerasoft.data.cifar import Spec
from kerasoft.data.errors import BadFile
from kerasoft.data.raw import RawParts

_RULE = 1  # to be raised when order or split change, so that older cache entries are not found


@dataclass(frozen=True)
class Source:
    """Data on disk that has been found and not yet read.

    Attributes:
        form: what it is, for people.
        path: the file or folder.
        files: all the files that its content depends on.
        reader: reads `path`.
    """

    form: str
    path: Path
    files: tuple[Path, ...]
    reader: Callable[[Path, Spec], RawParts]

    def __str__(self) -> str:
        return f"{self.form} {self.path}"

    def read(self, spec: Spec) -> RawParts:
        """Read all of it; raises `BadFile` and `OSError` as the reader of its form does."""
        return self.reader(self.path, spec)

    def signature(self, spec: Spec) -> str:
        """Changes when the place, or name, size or time of any file changes; opens no file."""
        path = os.path.realpath(self.path)
        lines = [f"{_RULE} {spec.name} {path}"]
        for file in sorted(self.files):
            facts = file.stat()
            lines.append(f"{os.path.relpath(file, self.path)} {facts.st_size} {facts.st_mtime_ns}")
        return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def find(path: Path, spec: Spec) -> Source | None:
    """Look at one folder or file; `None` where it holds no form of the data set.

    Raises:
        BadFile: it is a file of no known form, or a folder with several `.npz` that fit.
        OSError: the folder cannot be listed.
    """
    if path.is_file():
        return _file(path, spec)
    if not path.is_dir():
        return None
    return _tfds(path, spec) or _folder(path, spec) or _archive_in(path, spec) or _npz(path, spec)


def find_for_keras(datasets: Path, spec: Spec) -> Source | None:
    """Look where `keras.datasets` keeps its downloads, by the names of Keras 3 and of Keras 2."""
    extracted = datasets / spec.archive.keras_name / spec.archive.folder
    if all((extracted / name).is_file() for name in spec.archive.files):
        return _official(extracted, spec)
    archive = datasets / f"{spec.archive.keras_name}_archive"  # by this name, though a .tar.gz
    if archive.is_file():
        return _archive(archive)
    return _folder(datasets, spec) or _archive_in(datasets, spec)


def accepted(spec: Spec) -> str:
    """The forms, for a message."""
    return (
        f"a prepared TFDS folder ({spec.name}/<version>), {spec.archive.folder}/, "
        f"{spec.archive.tar_name} or an .npz with {', '.join(read_npz.keys(spec))}"
    )


def _file(path: Path, spec: Spec) -> Source:
    if path.suffix == ".npz" or _starts_with(path, b"PK"):
        return Source(".npz", path, (path,), read_npz.read)
    if path.name.endswith((".tar.gz", ".tgz")) or _starts_with(path, b"\x1f\x8b"):
        return _archive(path)
    mend = f"Accepted are {accepted(spec)}."
    raise BadFile(path, "is neither a .tar.gz nor an .npz", mend)


def _starts_with(path: Path, magic: bytes) -> bool:
    with open(path, "rb") as file:
        return file.read(len(magic)) == magic


def _tfds(path: Path, spec: Spec) -> Source | None:
    for folder in (path / spec.name, path):
        versions = [child for child in folder.glob("*.*.*") if _is_version(child.name)]
        for version in (*sorted(versions, key=_version, reverse=True), folder):
            if _is_prepared(version, spec):
                files = tuple(file for file in version.iterdir() if file.is_file())
                return Source("prepared TFDS folder", version, files, read_tfds.read)
    return None


def _is_version(name: str) -> bool:
    return re.fullmatch(r"\d+\.\d+\.\d+", name) is not None


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in folder.name.split("."))


def _is_prepared(folder: Path, spec: Spec) -> bool:
    info = folder / "dataset_info.json"
    if not info.is_file():
        return False
    try:
        return json.loads(info.read_text(encoding="utf-8")).get("name") == spec.name
    except (ValueError, AttributeError):
        raise BadFile(info, "is damaged") from None


def _folder(path: Path, spec: Spec) -> Source | None:
    if (path / spec.archive.folder).is_dir():
        return _official(path / spec.archive.folder, spec)
    if path.name == spec.archive.folder or all(
        (path / name).is_file() for name in (*spec.archive.files, spec.archive.meta_file)
    ):
        return _official(path, spec)
    return None


def _official(folder: Path, spec: Spec) -> Source:
    names = (*spec.archive.files, spec.archive.meta_file)
    files = tuple(folder / name for name in names if (folder / name).is_file())
    return Source("extracted archive", folder, files, read_official.read_folder)


def _archive_in(path: Path, spec: Spec) -> Source | None:
    file = path / spec.archive.tar_name
    return _archive(file) if file.is_file() else None


def _archive(path: Path) -> Source:
    return Source("archive", path, (path,), read_official.read_archive)


def _npz(path: Path, spec: Spec) -> Source | None:
    found = sorted(file for file in path.glob("*.npz") if file.is_file())
    named = [file for file in found if file.stem == spec.name]  # damaged or not
    found = named or [file for file in found if read_npz.fits(file, spec)]
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise BadFile(path, f"holds several .npz that fit ({names})", "Name one of them.")
    return _file(found[0], spec) if found else None
