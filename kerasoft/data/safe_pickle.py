"""Read the pickles of the CIFAR archives without trusting them.

They can build dictionaries, lists, tuples, strings, numbers and uint8 arrays, and nothing else.
"""

import io
import math
import pickle
from typing import Any

import numpy as np

from kerasoft.data.errors import BadFile
from kerasoft.restricted_pickle import RestrictedUnpickler, StandIn


def loads(content: bytes, origin: object) -> Any:
    """Unpickle plain data; Python 2 strings come out as bytes.

    Args:
        content: the whole pickle.
        origin: the file to name in errors.

    Raises:
        BadFile: the pickle is truncated, damaged, or asks for more than plain data.
    """
    try:
        return _Unpickler(io.BytesIO(content)).load()
    except Exception as error:  # what a damaged pickle raises is not limited to any list
        reason = str(error) or type(error).__name__
        raise BadFile(origin, f"cannot be unpickled ({reason[:200]})") from None


class _ArrayType(StandIn):
    """Stands for `numpy.ndarray`, which is only ever an argument of `_reconstruct`."""

    __slots__ = ()


class _ByteType(StandIn):
    """Stands for `numpy.dtype("u1")`; its state, which tells the byte order, means nothing here."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        pass


class _MakeByteType(StandIn):
    """Stands for `numpy.dtype`: any other type than bytes is refused."""

    __slots__ = ()

    def __call__(self, code: object, *flags: object) -> _ByteType:
        plain = all(type(flag) in (bool, int) for flag in flags)
        if not plain or code not in ("u1", b"u1", "|u1", b"|u1"):
            raise pickle.UnpicklingError("refused: an array of something other than bytes")
        return _ByteType()


class _Array(StandIn):
    """Stands for an array, which its state fills."""

    __slots__ = ("pixels",)

    def __init__(self) -> None:
        self.pixels: np.ndarray | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, content = state
        if type(dtype) is not _ByteType or type(content) is not bytes:
            raise pickle.UnpicklingError("refused: an array of something other than bytes")
        if math.prod(shape) != len(content):
            raise pickle.UnpicklingError("an array does not fit its shape")
        pixels = np.frombuffer(content, np.uint8)
        self.pixels = pixels.reshape(shape, order="F" if fortran else "C")


class _MakeArray(StandIn):
    """Stands for NumPy's `_reconstruct`, which makes an empty array to be filled by its state."""

    __slots__ = ()

    def __call__(self, kind: object, shape: object, code: object) -> _Array:
        if type(kind) is not _ArrayType or shape != (0,) or code not in ("b", b"b"):
            raise pickle.UnpicklingError("refused: an array that is not a plain one")
        return _Array()


class _Encode(StandIn):
    """Stands for `_codecs.encode`, by which Python 3 writes bytes for Python 2."""

    __slots__ = ()

    def __call__(self, text: object, encoding: object) -> bytes:
        if type(text) is not str or encoding not in ("latin1", b"latin1"):
            raise pickle.UnpicklingError("refused: an encoding other than latin1")
        return text.encode("latin1")


class _Unpickler(RestrictedUnpickler):
    stand_ins = {
        ("numpy.core.multiarray", "_reconstruct"): _MakeArray,
        ("numpy._core.multiarray", "_reconstruct"): _MakeArray,
        ("numpy", "ndarray"): _ArrayType,
        ("numpy", "dtype"): _MakeByteType,
        ("_codecs", "encode"): _Encode,
    }


def to_numpy(value: object) -> np.ndarray | None:
    """The array behind what `loads` gives for one; `None` where it gave something else."""
    return value.pixels if type(value) is _Array else None
