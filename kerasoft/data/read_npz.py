"""Read CIFAR from one `.npz`: arrays `{train,test}_{images,fine,coarse}`.

Shapes and dtypes are checked in the header of each array, before its content is unpacked, so a file
that would unpack to more than CIFAR holds is refused in time. Nothing is unpickled.
"""

import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from kerasoft.data.cifar import IMAGE_SHAPE, Spec
from kerasoft.data.errors import BadFile
from kerasoft.data.raw import RawPart, RawParts


def keys(spec: Spec) -> tuple[str, ...]:
    """The arrays that an `.npz` of this data set must hold."""
    kinds = ("images", "fine", "coarse") if spec.superclass_names else ("images", "fine")
    return tuple(f"{part}_{kind}" for part in ("train", "test") for kind in kinds)


def fits(path: Path, spec: Spec) -> bool:
    """Whether the file is an `.npz` with all the keys of this data set."""
    try:
        with zipfile.ZipFile(path) as archive:
            return not _missing(archive, spec)
    except Exception:  # a damaged .npz does not fit, in whichever way it is damaged
        return False


def read(path: Path, spec: Spec) -> RawParts:
    """Read all parts.

    Raises:
        BadFile: the file is damaged or lacks keys, or an array has another shape or dtype.
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        try:
            arrays = _read_arrays(file, path, spec)
        except BadFile:
            raise
        except Exception as error:  # what a damaged zip raises is not limited to any list
            raise BadFile(path, f"is not an intact .npz ({error})") from None
    return {part: _part(part, arrays, path) for part in ("train", "test")}


def _read_arrays(file: IO[bytes], path: Path, spec: Spec) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(file) as archive:
        if missing := _missing(archive, spec):
            raise BadFile(path, f"lacks the keys {', '.join(missing)}")
        return {key: _read_array(archive, key, path, spec) for key in keys(spec)}


def _missing(archive: zipfile.ZipFile, spec: Spec) -> list[str]:
    members = set(archive.namelist())
    return [key for key in keys(spec) if f"{key}.npy" not in members]


def _part(part: str, arrays: dict[str, np.ndarray], path: Path) -> RawPart:
    return RawPart(
        images=arrays[f"{part}_images"],
        fine=arrays[f"{part}_fine"],
        coarse=arrays.get(f"{part}_coarse"),
        origin=f"{path} ({part})",
    )


def _read_array(archive: zipfile.ZipFile, key: str, path: Path, spec: Spec) -> np.ndarray:
    part, kind = key.split("_")
    with archive.open(f"{key}.npy") as file:
        shape, fortran, dtype = _read_header(file)
        _check_header(f"{path} ({key})", shape, dtype, spec.count(part), kind)
        size = int(np.prod(shape)) * dtype.itemsize
        content = file.read(size)
        if len(content) != size or file.read(1):  # at the end, the check sum is checked too
            raise BadFile(f"{path} ({key})", "does not hold as many bytes as its header says")
    array = np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")
    return array if kind == "images" else array.reshape(-1).astype(np.int64)


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(file)
    if version != (1, 0):  # later ones are for long headers, which could unpack to gigabytes
        raise ValueError(f"array format {version}")
    return np.lib.format.read_array_header_1_0(file)


def _check_header(
    origin: str, shape: tuple[int, ...], dtype: np.dtype, count: int, kind: str
) -> None:
    if kind == "images":
        right = shape == (count, *IMAGE_SHAPE) and dtype == np.uint8
        expected = f"uint8 of shape {(count, *IMAGE_SHAPE)}"
    else:
        right = shape in ((count,), (count, 1)) and dtype.kind in "iu"
        expected = f"integers of shape {(count,)}"
    if not right:
        raise BadFile(origin, f"is {dtype} of shape {shape} instead of {expected}")
