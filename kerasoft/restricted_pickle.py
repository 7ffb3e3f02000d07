"""Unpickle without trust: plain data and what the reader of a format provides, and nothing else.

A pickle is a program. What one can do here is bounded in three layers:

1. Before anything runs, the instructions are read through: only those that plain data needs, few
   that nest, no table entry far out (an entry makes the interpreter allocate all those before it).
2. Names are looked up in a table of the reader's stand-ins; no real function or class can be
   reached, NumPy's own included, so neither object arrays nor calls are possible.
3. The stand-ins check what they are given, and the caller checks what comes out.
"""

import io
import pickle
import pickletools
from collections.abc import Callable, Mapping
from typing import Any

_PLAIN = frozenset(
    """
    NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 SHORT_BINSTRING BINSTRING SHORT_BINBYTES BINBYTES
    BINBYTES8 SHORT_BINUNICODE BINUNICODE BINGET LONG_BINGET GLOBAL STACK_GLOBAL
    PROTO FRAME STOP MARK APPEND APPENDS SETITEM SETITEMS REDUCE BUILD
    """.split()
)
_MEMO = frozenset("BINPUT LONG_BINPUT MEMOIZE".split())
_NESTS = frozenset("EMPTY_DICT EMPTY_LIST EMPTY_TUPLE DICT LIST TUPLE TUPLE1 TUPLE2 TUPLE3".split())
_MOST_MEMO = 1_000_000  # genuine files need up to 200,000 entries


class StandIn:
    """What a name in a pickle gives; no attributes to set and no state, unless a subclass says how.

    One that is callable must not keep a pair of arguments: the count of what nests relies on it.
    """

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError("refused: state for something that has none")


class RestrictedUnpickler(pickle.Unpickler):
    """Loads one pickle from a stream in memory, and leaves the stream behind it.

    Python 2 strings come out as bytes. A subclass says what its format needs:

    stand_ins: by (module, name), what makes a stand-in each time that the name is looked up; an
        instance, since a pickle can set attributes of what it is given.
    instructions: instructions beyond those of plain data.
    most_nested: how many containers a file may make; C code recurses as deep as tuples nest.
    """

    stand_ins: Mapping[tuple[str, str], Callable[[], StandIn]] = {}
    instructions: frozenset[str] = frozenset()
    most_nested = 200

    def __init__(self, stream: io.BytesIO):
        super().__init__(stream, encoding="bytes")
        self._stream = stream

    def load(self) -> Any:
        """The content of the pickle.

        Raises:
            pickle.UnpicklingError: the pickle asks for more than it may have.
            Exception: of any kind, where the pickle is damaged.
        """
        start = self._stream.tell()
        self._inspect()
        self._stream.seek(start)
        return super().load()

    def _inspect(self) -> None:
        nested, previous = 0, ""
        for opcode, argument, _ in pickletools.genops(self._stream):
            name = opcode.name
            if name in _MEMO:
                if argument is not None and argument > _MOST_MEMO:
                    raise pickle.UnpicklingError(f"refused: table entry {argument}")
                continue
            if name not in _PLAIN and name not in _NESTS and name not in self.instructions:
                raise pickle.UnpicklingError(f"refused: instruction {name}")
            nested += name in _NESTS
            # Python 3 writes bytes for Python 2 as a call on a pair each; stand-ins keep no pairs.
            nested -= name == "REDUCE" and previous == "TUPLE2"
            if nested > self.most_nested:
                raise pickle.UnpicklingError("refused: too deeply nested")
            previous = name

    def find_class(self, module: str, name: str) -> StandIn:
        make = self.stand_ins.get((module, name))
        if make is None:
            raise pickle.UnpicklingError(f"refused: it asks for {module}.{name}")
        return make()
