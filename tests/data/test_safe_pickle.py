import os
import pickle
import subprocess

import numpy as np
import pytest

from kerasoft.data import safe_pickle
from kerasoft.data.errors import BadFile

PIXELS = np.arange(12, dtype=np.uint8).reshape(2, 6)

# As Python 2 wrote it: {'data': array(...), 'labels': [7, 1]}
PYTHON_2 = (
    b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\n"
    b"q\x04K\x00\x85q\x05U\x01b\x87q\x06Rq\x07(K\x01K\x02K\x06\x86cnumpy\ndtype\nq\x08U\x02u1q\t"
    b"K\x00K\x01\x87q\nRq\x0b(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
    b"T\x0c\x00\x00\x00" + PIXELS.tobytes() + b"tbU\x06labels]q\x0c(K\x07K\x01eu."
)

# Each call keeps its pair of arguments in the table, and the next pair holds that.
NESTED_BY_CALLS = (
    b"\x80\x02Nq\x01cnumpy\ndtype\nq\x02"
    + b"h\x02U\x02u1h\x01\x86q\x01R" * 300_000
    + b"}h\x01K\x01s."
)


class Call:
    """Pickles as a call of anything."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_python_2():
    record = safe_pickle.loads(PYTHON_2, "x")
    np.testing.assert_array_equal(safe_pickle.to_numpy(record[b"data"]), PIXELS)
    assert record[b"labels"] == [7, 1]


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("order", ["C", "F"])
def test_python_3(protocol, order):
    made = {b"data": np.asarray(PIXELS, order=order), b"labels": [1, 2, 300], b"name": b"\xff"}
    record = safe_pickle.loads(pickle.dumps(made, protocol=protocol), "x")
    np.testing.assert_array_equal(safe_pickle.to_numpy(record.pop(b"data")), PIXELS)
    assert record == {b"labels": [1, 2, 300], b"name": b"\xff"}


def test_to_numpy_of_anything_else():
    assert safe_pickle.to_numpy([1]) is None
    function, kind = b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy\nndarray\n"
    unfilled = b"\x80\x02" + function + kind + b"K\x00\x85U\x01b\x87R."
    assert safe_pickle.to_numpy(safe_pickle.loads(unfilled, "x")) is None


def hostile(marker):
    touch = f"open({str(marker)!r}, 'w')"
    array = np.empty(1, object)
    array[0] = Call(os.system, f"touch {marker}")
    return {
        "os.system": Call(os.system, f"touch {marker}"),
        "eval": Call(eval, touch),
        "exec": Call(exec, touch),
        "open": Call(open, str(marker), "w"),
        "popen": Call(subprocess.Popen, ["touch", str(marker)]),
        "getattr": Call(getattr, "x", "join"),
        "nested": {b"data": [({b"x": Call(os.system, f"touch {marker}")},)]},
        "as key": {Call(os.system, f"touch {marker}"): 1},
        "object array": {b"data": array},
        "numpy function": Call(np.load, str(marker)),
        "numpy file": Call(np.memmap, str(marker), "u1", "w+", 0, (4,)),
        "other dtype": {b"data": np.zeros(3, np.int64)},
        "structured dtype": {b"data": np.zeros(3, [("a", "u1")])},
        "codec": Call(__import__("_codecs").encode, "x", "zip"),
        "class": pickle.Unpickler,
        "set": {1, 2},
        "float": 1.5,
        "big integer": 10**4000,
    }


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
@pytest.mark.parametrize("kind", hostile("marker"))
def test_hostile_pickles_run_nothing(kind, protocol, tmp_path):
    marker = tmp_path / "marker"
    content = pickle.dumps(hostile(marker)[kind], protocol=protocol)
    with pytest.raises(BadFile, match="^x: cannot be unpickled") as raised:
        safe_pickle.loads(content, "x")
    assert not marker.exists() and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b".",
        b"garbage",
        b"\x80\x04" + b"\x00" * 100,
        PYTHON_2[:-1],
        PYTHON_2[: len(PYTHON_2) // 2],
        b"\x80\x02cos\nsystem\n(U\x02lstR.",
        b"\x80\x02(U\x02lsios\nsystem\n.",  # INST
        b"\x80\x02Pos.system\n.",  # persistent name
        b"\x80\x02\x82\x01.",  # extension registry
        b"\x80\x04\x8e" + (2**62).to_bytes(8, "little") + b"x.",  # bytes of 4 exbibytes
        b"\x80\x04\x95" + (2**62).to_bytes(8, "little") + b"N.",  # frame of the same size
        b"\x80\x02Nr\xff\xff\xff\x7f.",  # table of 2**31 entries
        b"\x80\x02" + b"K\x01" + b"\x85" * 1_000_000 + b".",  # nested a million deep
        b"\x80\x02}" + b"K\x01" + b"\x85" * 1_000_000 + b"K\x01s.",  # the same, to be hashed
        NESTED_BY_CALLS,
        b"\x80\x02]q\x01(" + b"h\x01" * 10 + b"e}h\x01K\x01s.",  # a list as a key
        b"\x80\x02cnumpy\ndtype\n}U\x01aK\x01sb.",  # attributes for a stand-in
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\ndtype\nK\x00\x85U\x01b\x87R.",
    ],
)
def test_damaged_and_malicious_bytes(content):
    with pytest.raises(BadFile, match="^x: cannot be unpickled"):
        safe_pickle.loads(content, "x")


@pytest.mark.filterwarnings("ignore:invalid escape")
def test_every_truncation_and_many_changes():
    draw = np.random.default_rng(0)
    changed = [PYTHON_2[:end] for end in range(len(PYTHON_2))]
    for _ in range(2000):
        content = bytearray(PYTHON_2)
        content[draw.integers(len(content))] = draw.integers(256)
        changed.append(bytes(content))
    for content in changed:
        try:
            safe_pickle.loads(content, "x")
        except BadFile:
            continue


def test_stand_ins_hold_no_state_between_files():
    attack = b"\x80\x02cnumpy\nndarray\nN}U\x07__doc__U\x01xs\x86b."
    with pytest.raises(BadFile):
        safe_pickle.loads(attack, "x")
    assert safe_pickle.loads(PYTHON_2, "x")[b"labels"] == [7, 1]
