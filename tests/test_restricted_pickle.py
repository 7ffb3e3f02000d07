"""What is common to all that read pickles; tests/data and tests/backbones attack two readers."""

import io
import pickle

import pytest

from kerasoft.restricted_pickle import RestrictedUnpickler, StandIn


class _Answer(StandIn):
    __slots__ = ()

    def __call__(self):
        return 42


class _Reader(RestrictedUnpickler):
    stand_ins = {("some", "name"): _Answer}
    instructions = frozenset({"BINFLOAT"})
    most_nested = 3


def load(content, reader=_Reader):
    return reader(io.BytesIO(content)).load()


def test_plain_data_by_default():
    assert load(pickle.dumps([1, None, True, "a", (b"b",)]), RestrictedUnpickler) == [
        *(1, None, True, "a", (b"b",))
    ]


def test_each_reader_has_its_names_and_instructions():
    assert load(b"\x80\x02csome\nname\n)R.") == 42
    assert load(pickle.dumps(1.5)) == 1.5
    with pytest.raises(pickle.UnpicklingError, match="some.name"):
        load(b"\x80\x02csome\nname\n)R.", RestrictedUnpickler)
    with pytest.raises(pickle.UnpicklingError, match="BINFLOAT"):
        load(pickle.dumps(1.5), RestrictedUnpickler)
    with pytest.raises(pickle.UnpicklingError, match="state"):
        load(b"\x80\x02csome\nname\n}b.")


def test_each_reader_has_its_depth():
    assert load(pickle.dumps([[[]]])) == [[[]]]
    with pytest.raises(pickle.UnpicklingError, match="nested"):
        load(pickle.dumps([[[[]]]]))


def test_pickles_one_after_the_other():
    stream = io.BytesIO(pickle.dumps("a") + pickle.dumps("b") + b"rest")
    assert [_Reader(stream).load() for _ in range(2)] == ["a", "b"]
    assert stream.read() == b"rest"
