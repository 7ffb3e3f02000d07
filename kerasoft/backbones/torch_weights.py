"""Read the tensors of a PyTorch state dict (.pth) with NumPy alone, and without trusting the file.

Both formats are read: the zip archive of PyTorch 1.6 and later, and the older one, a few pickles
and then the storages one after the other. Either has a pickle that describes the tensors as views
of storages that it names; see `kerasoft.restricted_pickle` for what such a pickle may do here.
"""

import io
import math
import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasoft.errors import InvalidArgumentError
from kerasoft.restricted_pickle import RestrictedUnpickler, StandIn

# How a file of the older format starts: PyTorch's magic number and the version of the format.
_OLD_HEADER = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
_ZIP_HEADER = b"PK\x03\x04"


def read(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays of a state dict by name, as views, with their shapes and dtypes as stored.

    Args:
        path: a file that `torch.save(module.state_dict(), path)` wrote on a little-endian machine,
            of float16, float32, float64, int32 and int64 tensors.

    Raises:
        InvalidArgumentError: the file cannot be read, is damaged or truncated, or asks for more
            than tensors.
    """
    try:
        return _read(Path(path).read_bytes())
    except Exception as error:  # what a damaged pickle raises is not limited to any list
        reason = " ".join((str(error) or type(error).__name__).split())
        raise InvalidArgumentError(
            f"`weights` cannot be read as a PyTorch state dict ({reason[:200]}).", weights=str(path)
        ) from None


def _read(content: bytes) -> dict[str, np.ndarray]:
    if content.startswith(_ZIP_HEADER):
        return _read_zip(content)
    if content.startswith(_OLD_HEADER):
        return _read_old(content)
    raise ValueError("it is in neither of PyTorch's formats")


def _read_zip(content: bytes) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > len(content):
            raise ValueError("its entries are larger than the file")
        indices = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(indices) != 1:
            raise ValueError("it holds no single data.pkl")
        folder = indices[0].removesuffix("data.pkl")
        if f"{folder}byteorder" in archive.namelist():
            _check_byte_order(archive.read(f"{folder}byteorder") == b"little")
        tensors = _tensors(_Unpickler(io.BytesIO(archive.read(indices[0]))).load())
        storages = {
            key: np.frombuffer(archive.read(f"{folder}data/{key}"), storage.dtype)
            for key, storage in _storages(tensors).items()
        }
    return _arrays(tensors, storages)


def _read_old(content: bytes) -> dict[str, np.ndarray]:
    stream = io.BytesIO(content)
    stream.seek(len(_OLD_HEADER))
    system, record, keys = (_Unpickler(stream).load() for _ in range(3))
    _check_byte_order(system["little_endian"] is True)
    tensors = _tensors(record)
    described = _storages(tensors)
    if set(keys) != set(described):
        raise ValueError("its storages are not those of its tensors")
    storages, position = {}, stream.tell()
    for key in keys:
        _, dtype, elements = described[key]
        if content[position : position + 8] != elements.to_bytes(8, "little"):
            raise ValueError("a storage is not where it should be")
        storages[key] = np.frombuffer(content, dtype, elements, position + 8)
        position += 8 + storages[key].nbytes
    return _arrays(tensors, storages)


def _check_byte_order(little: bool) -> None:
    if not little:
        raise ValueError("it was written on a big-endian machine")


class _Storage(NamedTuple):
    """What the pickle says of a stretch of memory."""

    key: str
    dtype: np.dtype
    elements: int


class _Tensor(NamedTuple):
    """What the pickle says of a tensor: a view of a storage, counted in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensors(record: Any) -> dict[str, _Tensor]:
    tensors = record.content if type(record) is _OrderedDict else record
    if type(tensors) is not dict:
        raise ValueError("it holds no dictionary")
    for name, tensor in tensors.items():
        if type(name) is not str:
            raise ValueError("it holds an entry without a name")
        if type(tensor) is not _Tensor:
            raise ValueError(f"its entry {name!r} is no tensor")
    return tensors


def _storages(tensors: Mapping[str, _Tensor]) -> dict[str, _Storage]:
    return {tensor.storage.key: tensor.storage for tensor in tensors.values()}


def _arrays(
    tensors: Mapping[str, _Tensor], storages: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    return {name: _view(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()}


def _view(tensor: _Tensor, storage: np.ndarray) -> np.ndarray:
    if len(storage) != tensor.storage.elements or math.prod(tensor.shape) > len(storage):
        raise ValueError("a tensor does not fit its storage")
    size = storage.itemsize
    strides = [stride * size for stride in tensor.strides]
    # NumPy refuses a view that leaves its buffer.
    return np.ndarray(tensor.shape, storage.dtype, storage, tensor.offset * size, strides)


class _OrderedDict(StandIn):
    """Stands for a filled `collections.OrderedDict`."""

    __slots__ = ("content",)

    def __init__(self) -> None:
        self.content: dict[str, Any] = {}

    def __setitem__(self, key: object, value: Any) -> None:
        if type(key) is not str:
            raise pickle.UnpicklingError("refused: an entry without a name")
        self.content[key] = value

    def __setstate__(self, state: object) -> None:
        """The state tells the versions of the modules; nothing here depends on them."""


class _MakeOrderedDict(StandIn):
    """Stands for the class `collections.OrderedDict`."""

    __slots__ = ()

    def __call__(self) -> _OrderedDict:
        return _OrderedDict()


class _StorageType(StandIn):
    """Stands for `torch.FloatStorage` and its like, which are only ever part of a reference."""

    __slots__ = ("dtype",)

    def __init__(self, dtype: str):
        self.dtype = np.dtype(dtype)


class _MakeTensor(StandIn):
    """Stands for PyTorch's `_rebuild_tensor_v2`."""

    __slots__ = ()

    def __call__(
        self,
        storage: object,
        offset: object,
        shape: object,
        strides: object,
        requires_grad: object,
        hooks: object,
    ) -> _Tensor:
        if type(storage) is not _Storage or len(shape) != len(strides):
            raise pickle.UnpicklingError("refused: a tensor that is not a view of a storage")
        if not all(type(number) is int and number >= 0 for number in (offset, *shape, *strides)):
            raise pickle.UnpicklingError("refused: a tensor with a strange shape")
        return _Tensor(storage, offset, tuple(shape), tuple(strides))


class _Unpickler(RestrictedUnpickler):
    stand_ins: Mapping[tuple[str, str], Callable[[], StandIn]] = {
        ("collections", "OrderedDict"): _MakeOrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _MakeTensor,
        ("torch", "HalfStorage"): partial(_StorageType, "<f2"),
        ("torch", "FloatStorage"): partial(_StorageType, "<f4"),
        ("torch", "DoubleStorage"): partial(_StorageType, "<f8"),
        ("torch", "IntStorage"): partial(_StorageType, "<i4"),
        ("torch", "LongStorage"): partial(_StorageType, "<i8"),
    }
    instructions = frozenset({"BINPERSID"})
    most_nested = 10_000  # about six a tensor

    def persistent_load(self, reference: Any) -> _Storage:
        """The storage that ("storage", type, key, device, elements[, None]) refers to."""
        kind, storage_type, key, _, elements, *view = reference
        plain = kind == "storage" and type(key) is str and type(elements) is int
        if not plain or type(storage_type) is not _StorageType or view not in ([], [None]):
            raise pickle.UnpicklingError("refused: a reference to something other than a storage")
        return _Storage(key, storage_type.dtype, elements)
