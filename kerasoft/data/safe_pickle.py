"""Read the pickles of the CIFAR archives without trusting them.

A pickle is a program. Here it can build dictionaries, lists, tuples, strings, numbers and uint8
arrays, and nothing else, in three layers:

1. Before anything runs, the instructions are read through: only those that such files need, few
   that nest, no table entry far out (an entry makes the interpreter allocate all those before it).
2. Names are looked up in a table of stand-ins of ours; no real function or class can be reached,
   NumPy's own included, so neither object arrays nor calls are possible.
3. The stand-ins check what they are given, and the caller checks what comes out.
"""

import io
import math
import pickle
import pickletools
from typing import Any

import numpy as np

from kerasoft.data.errors import BadFile

_PLAIN = frozenset(
    """
    NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 SHORT_BINSTRING BINSTRING SHORT_BINBYTES BINBYTES
    BINBYTES8 SHORT_BINUNICODE BINUNICODE BINGET LONG_BINGET GLOBAL STACK_GLOBAL
    PROTO FRAME STOP MARK APPEND APPENDS SETITEM SETITEMS REDUCE BUILD
    """.split()
)
_MEMO = frozenset("BINPUT LONG_BINPUT MEMOIZE".split())
_NESTS = frozenset("EMPTY_DICT EMPTY_LIST EMPTY_TUPLE DICT LIST TUPLE TUPLE1 TUPLE2 TUPLE3".split())
_MOST_NESTED = 200  # genuine files need about ten; C code recurses as deep as a tuple nests
_MOST_MEMO = 1_000_000  # genuine files need up to 200,000 entries, four a file name


def loads(content: bytes, origin: object) -> Any:
    """Unpickle plain data; Python 2 strings come out as bytes.

    Args:
        content: the whole pickle.
        origin: the file to name in errors.

    Raises:
        BadFile: the pickle is truncated, damaged, or asks for more than plain data.
    """
    try:
        _inspect(content)
        return _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # what a damaged pickle raises is not limited to any list
        reason = str(error) or type(error).__name__
        raise BadFile(origin, f"cannot be unpickled ({reason[:200]})") from None


def _inspect(content: bytes) -> None:
    nested, previous = 0, ""
    for opcode, argument, _ in pickletools.genops(io.BytesIO(content)):
        name = opcode.name
        if name in _MEMO:
            if argument is not None and argument > _MOST_MEMO:
                raise pickle.UnpicklingError(f"refused: table entry {argument}")
            continue
        if name not in _PLAIN and name not in _NESTS:
            raise pickle.UnpicklingError(f"refused: instruction {name}")
        nested += name in _NESTS
        # Python 3 writes bytes for Python 2 as a call on a pair each; stand-ins keep no pairs.
        nested -= name == "REDUCE" and previous == "TUPLE2"
        if nested > _MOST_NESTED:
            raise pickle.UnpicklingError("refused: too deeply nested for CIFAR")
        previous = name


class _Unpickler(pickle.Unpickler):
    """Knows stand-ins only; instances, since a pickle can set attributes of what it is given."""

    def find_class(self, module: str, name: str) -> Any:
        stand_in = _STAND_INS.get((module, name))
        if stand_in is None:
            raise pickle.UnpicklingError(f"refused: it asks for {module}.{name}")
        return stand_in()


class _Inert:
    """Has no attributes to set and no state to restore, unless a subclass says how."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError("refused: state for something that has none")


class _ArrayType(_Inert):
    """Stands for `numpy.ndarray`, which is only ever an argument of `_reconstruct`."""

    __slots__ = ()


class _ByteType(_Inert):
    """Stands for `numpy.dtype("u1")`; its state, which tells the byte order, means nothing here."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        pass


class _MakeByteType(_Inert):
    """Stands for `numpy.dtype`: any other type than bytes is refused."""

    __slots__ = ()

    def __call__(self, code: object, *flags: object) -> _ByteType:
        plain = all(type(flag) in (bool, int) for flag in flags)
        if not plain or code not in ("u1", b"u1", "|u1", b"|u1"):
            raise pickle.UnpicklingError("refused: an array of something other than bytes")
        return _ByteType()


class _Array(_Inert):
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


class _MakeArray(_Inert):
    """Stands for NumPy's `_reconstruct`, which makes an empty array to be filled by its state."""

    __slots__ = ()

    def __call__(self, kind: object, shape: object, code: object) -> _Array:
        if type(kind) is not _ArrayType or shape != (0,) or code not in ("b", b"b"):
            raise pickle.UnpicklingError("refused: an array that is not a plain one")
        return _Array()


class _Encode(_Inert):
    """Stands for `_codecs.encode`, by which Python 3 writes bytes for Python 2."""

    __slots__ = ()

    def __call__(self, text: object, encoding: object) -> bytes:
        if type(text) is not str or encoding not in ("latin1", b"latin1"):
            raise pickle.UnpicklingError("refused: an encoding other than latin1")
        return text.encode("latin1")


_STAND_INS: dict[tuple[str, str], type[_Inert]] = {
    ("numpy.core.multiarray", "_reconstruct"): _MakeArray,
    ("numpy._core.multiarray", "_reconstruct"): _MakeArray,
    ("numpy", "ndarray"): _ArrayType,
    ("numpy", "dtype"): _MakeByteType,
    ("_codecs", "encode"): _Encode,
}


def to_numpy(value: object) -> np.ndarray | None:
    """The array behind what `loads` gives for one; `None` where it gave something else."""
    return value.pixels if type(value) is _Array else None
