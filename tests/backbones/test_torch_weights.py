import os
import pickle
import zipfile

import numpy as np
import pytest
import state_dict_files as files
from backend import NAME

from kerasoft.backbones import torch_weights
from kerasoft.errors import InvalidArgumentError

_DRAW = np.random.default_rng(0)
ARRAYS = {
    "conv.weight": _DRAW.normal(size=(4, 3, 2, 5)).astype("float32"),
    "transposed": _DRAW.normal(size=(5, 2, 3, 4)).astype("float32").transpose(3, 2, 0, 1),
    "half": _DRAW.normal(size=(3,)).astype("float16"),
    "double": _DRAW.normal(size=(2, 2)),
    "counter": np.array(7, "int64"),
    "int": np.arange(3, dtype="int32"),
    "empty": np.zeros((0, 3), "float32"),
}
WRITERS = {"old": files.old, "new": files.new}


@pytest.fixture
def read(tmp_path):
    def read(content):
        (tmp_path / "x.pth").write_bytes(content)
        return torch_weights.read(tmp_path / "x.pth")

    return read


def refused(read, content, match=None):
    with pytest.raises(InvalidArgumentError, match=match) as raised:
        read(content)
    message = str(raised.value)
    assert message.startswith("`weights` cannot be read as a PyTorch state dict (")
    assert "\n" not in message and message.endswith("x.pth'")


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_every_array_as_stored(write, read):
    found = read(write(ARRAYS))
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("form", WRITERS)
def test_tensors_that_share_a_storage(form, read):
    array, key = np.arange(12, dtype="float32"), {"old": "1000", "new": "0"}[form]
    views = {
        "even": files.tensor(array, key, form == "old", 0, (6,), (2,)),
        "corner": files.tensor(array, key, form == "old", 5, (2, 2), (4, 1)),
    }
    found = read(WRITERS[form]({"all": array}, files.state_dict(views)))
    np.testing.assert_array_equal(found["even"], array[::2])
    np.testing.assert_array_equal(found["corner"], [[5, 6], [9, 10]])


@pytest.mark.skipif(NAME != "torch", reason="PyTorch after TensorFlow can crash the process")
@pytest.mark.parametrize("zipped", [False, True])
def test_what_pytorch_writes(zipped, tmp_path):
    import torch

    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 2), torch.nn.BatchNorm2d(4))
    module[0].to(memory_format=torch.channels_last)
    path = tmp_path / "x.pth"
    torch.save(module.state_dict(), path, _use_new_zipfile_serialization=zipped)
    found = torch_weights.read(path)
    assert list(found) == list(module.state_dict())
    for name, expected in module.state_dict().items():
        np.testing.assert_array_equal(found[name], expected.numpy())


def test_plain_dictionary(read):
    array = np.arange(3, dtype="float32")
    described = b"\x80\x02}" + files.text("a") + files.tensor(array, "0", False) + b"s."
    np.testing.assert_array_equal(read(files.new({"a": array}, described))["a"], array)


class Call:
    """Pickles as a call of anything."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("function", [os.system, eval, print, __import__])
def test_hostile_pickles_run_nothing(function, protocol, form, read, tmp_path, capsys):
    marker = tmp_path / "marker"
    argument = f"touch {marker}" if function is os.system else f"open({str(marker)!r}, 'w')"
    hostile = pickle.dumps({"weight": Call(function, argument)}, protocol=protocol)
    refused(read, WRITERS[form]({}, hostile), "refused")
    assert not marker.exists() and capsys.readouterr().out == ""


@pytest.mark.parametrize("part", ["system", "keys"])
def test_hostile_pickles_beside_the_tensors(part, read, tmp_path):
    hostile = Call(os.system, f"touch {tmp_path / 'marker'}")
    refused(read, files.old({}, **{part: hostile}), "refused")
    assert not (tmp_path / "marker").exists()


ARRAY = np.arange(6, dtype="float32")
TENSOR = files.tensor(ARRAY, "0", False)


def of_tensor(**view):
    return files.state_dict({"a": files.tensor(ARRAY, "0", False, **view)})


@pytest.mark.parametrize(
    ("described", "match"),
    [
        (of_tensor(shape=(7,), strides=(1,)), "does not fit"),
        (of_tensor(shape=(6,), strides=(2,)), "strides"),
        (of_tensor(shape=(2,), strides=(1,), offset=5), None),
        (of_tensor(shape=(1,), strides=(1,), offset=6), None),
        (of_tensor(shape=(10**9, 10**9), strides=(0, 0)), "does not fit"),
        (of_tensor(shape=(2,), strides=(-1,), offset=1), "strange shape"),
        (of_tensor(shape=(2,), strides=(1,), offset=-1), "strange shape"),
        (of_tensor(shape=(2, 1), strides=(1,)), "not a view"),
        (files.state_dict({"a": TENSOR.replace(b"FloatStorage", b"ShortStorage")}), "refused"),
        (files.state_dict({"a": TENSOR.replace(b"FloatStorage", b"DoubleStorage")}), "fit"),
        (files.state_dict({"a": TENSOR.replace(b"_rebuild_tensor_v2", b"_rebuild_x")}), "refused"),
        (files.state_dict({"a": TENSOR.replace(b"storage", b"strange")}), "refused"),
        (files.state_dict({"a": TENSOR.replace(files.text("0"), files.text("1"))}), "data/1"),
        (files.state_dict({"a": b"K\x01"}), "'a' is no tensor"),
        (files.state_dict({"a": files.ORDERED_DICT}), "'a' is no tensor"),
        (b"\x80\x02" + TENSOR + b".", "no dictionary"),
        (b"\x80\x02]q\x01.", "no dictionary"),
        (b"\x80\x02}K\x01" + TENSOR + b"s.", "without a name"),
        (b"\x80\x02" + files.ORDERED_DICT + b"K\x01" + TENSOR + b"s.", "without a name"),
        (b"\x80\x02" + b"K\x01" + b"\x85" * 100_000 + b".", "too deeply nested"),
        (b"\x80\x02}" + b"K\x01" + b"\x85" * 9_000 + b"K\x01s.", "without a name"),
        (b"\x80\x02Nr\xff\xff\xff\x7f.", "table entry"),
        (b"", None),
    ],
)
def test_descriptions_of_no_state_dict(described, match, read):
    refused(read, files.new({"a": ARRAY}, described), match)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "neither"),
        (b"garbage", "neither"),
        (files.new({"a": ARRAY}, byte_order=b"big"), "big-endian"),
        (files.old({"a": ARRAY}, system={"little_endian": False}), "big-endian"),
        (files.old({"a": ARRAY}, system=[]), None),
        (files.old({"a": ARRAY}, keys=["x"]), "not those of its tensors"),
        (files.old({"a": ARRAY}, keys=[]), "not those of its tensors"),
        (files.old({"a": ARRAY}).replace(bytes([6, *[0] * 7]), bytes([7, *[0] * 7])), "not where"),
        (files.new({"a": np.zeros(10**6)}, compression=zipfile.ZIP_DEFLATED), "larger"),
        (files.new({"a": ARRAY}).replace(b"data.pkl", b"data.pkx"), "no single data.pkl"),
    ],
)
def test_files_of_no_state_dict(content, match, read):
    refused(read, content, match)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_truncated_anywhere(write, read):
    content = write({"a": ARRAY, "b": ARRAY[:1]})
    for end in range(0, len(content), 3):
        refused(read, content[:end])


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.filterwarnings("ignore:invalid escape")
def test_changed_anywhere(write, read):
    content = write({"a": ARRAY, "b": ARRAY[:1]})
    draw = np.random.default_rng(0)
    for _ in range(300):
        changed = bytearray(content)
        changed[draw.integers(len(content))] = draw.integers(256)
        try:
            read(bytes(changed))
        except InvalidArgumentError:
            continue


def test_no_file(tmp_path):
    with pytest.raises(InvalidArgumentError, match="No such file.*Received: weights="):
        torch_weights.read(tmp_path / "x.pth")
    with pytest.raises(InvalidArgumentError, match="directory"):
        torch_weights.read(tmp_path)
