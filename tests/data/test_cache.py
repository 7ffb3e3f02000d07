import os
import subprocess
import sys
import time

import numpy as np
import pytest

from kerasoft.data import DataError, cache

ARRAYS = {
    "images": np.arange(2 * 3072, dtype=np.uint8).reshape(2, 32, 32, 3),
    "labels": np.array([3, 1], np.int32),
    "names": np.array(["a", "bcd"]),
    "none": np.zeros((0, 32, 32, 3), np.uint8),
    "scalar": np.array(2.5),
}


@pytest.fixture
def entry(tmp_path):
    folder = tmp_path / "deep" / "entry"
    cache.store(folder, ARRAYS, {"seed": 7, "names": ["x", "y"]})
    return folder


def test_round_trip(entry):
    arrays, facts = cache.fetch(entry)
    assert set(arrays) == set(ARRAYS)
    for name, expected in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], expected)
        assert arrays[name].dtype == expected.dtype and arrays[name].shape == expected.shape
        assert not arrays[name].flags.writeable
    assert isinstance(arrays["images"], np.memmap)
    assert facts == {
        "seed": 7,
        "names": ["x", "y"],
        "fingerprint": cache.fingerprint(ARRAYS),
    }


def test_absent_folder_is_none(tmp_path):
    assert cache.fetch(tmp_path / "nothing") is None


def test_files_are_what_numpy_writes(entry, tmp_path):
    np.save(tmp_path / "labels.npy", ARRAYS["labels"])
    assert (entry / "labels.npy").read_bytes() == (tmp_path / "labels.npy").read_bytes()


def test_non_contiguous_and_big_endian_arrays(tmp_path):
    array = np.arange(24, dtype=">i4").reshape(4, 6)[::2, ::3]
    cache.store(tmp_path / "e", {"a": array}, {})
    np.testing.assert_array_equal(cache.fetch(tmp_path / "e")[0]["a"], array)


def test_fingerprint_sees_order_of_axes_and_dtype_but_not_of_names():
    flat = np.arange(6, dtype=np.int32)
    prints = {
        cache.fingerprint({"a": flat}),
        cache.fingerprint({"b": flat}),
        cache.fingerprint({"a": flat.reshape(2, 3)}),
        cache.fingerprint({"a": flat.view(np.uint32)}),
        cache.fingerprint({"a": flat[::-1]}),
    }
    assert len(prints) == 5
    one, two = {"a": flat, "b": flat[::2]}, {"b": flat[::2], "a": flat}
    assert cache.fingerprint(one) == cache.fingerprint(two)


@pytest.mark.parametrize("name", ["images.npy", "none.npy", "facts.json"])
def test_any_altered_byte_is_found(entry, name):
    path = entry / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"{name} .*altered.*Delete the folder"):
        cache.fetch(entry)


@pytest.mark.parametrize("name", ["labels.npy", "facts.json"])
def test_truncated_file_is_named(entry, name):
    os.truncate(entry / name, (entry / name).stat().st_size // 2)
    with pytest.raises(DataError, match=rf"{name} is truncated"):
        cache.fetch(entry)


@pytest.mark.parametrize("name", ["labels.npy", "facts.json"])
def test_missing_file_is_named(entry, name):
    (entry / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing"):
        cache.fetch(entry)


@pytest.mark.parametrize("facts", ["[]", "{}", "null", '{"files": 1, "facts": 2, "seal": 3}'])
def test_facts_of_another_shape(entry, facts):
    (entry / "facts.json").write_text(facts)
    with pytest.raises(DataError, match=r"facts\.json is"):
        cache.fetch(entry)


def test_message_is_one_line(entry):
    (entry / "labels.npy").unlink()
    with pytest.raises(DataError) as raised:
        cache.fetch(entry)
    assert "\n" not in str(raised.value) and "Received: " in str(raised.value)


def test_first_writer_wins(entry):
    cache.store(entry, {"other": np.zeros(3)}, {})
    assert set(cache.fetch(entry)[0]) == set(ARRAYS)
    assert os.listdir(entry.parent) == [entry.name]


def test_processes_that_store_at_once(tmp_path):
    script = (
        "import sys, pathlib, numpy as np\n"
        "import types; package = types.ModuleType('kerasoft')\n"  # without Keras: starts faster
        "package.__path__ = [sys.argv[1]]; sys.modules['kerasoft'] = package\n"
        "from kerasoft.data import cache\n"
        "for i in range(20):\n"
        "    folder = pathlib.Path(sys.argv[2]) / str(i)\n"
        "    cache.store(folder, {'a': np.full(100_000, i)}, {})\n"
        "    assert (cache.fetch(folder)[0]['a'] == i).all()\n"
    )
    package = os.path.dirname(os.path.dirname(cache.__file__))
    command = [sys.executable, "-c", script, package, str(tmp_path)]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    errors = [writer.communicate()[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0], errors
    assert sorted(os.listdir(tmp_path), key=int) == [str(i) for i in range(20)]


def test_failed_store_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        cache.store(tmp_path / "entry", {"a": np.zeros(3)}, {"not JSON": object()})
    assert os.listdir(tmp_path) == []


def test_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError):
        cache.store(tmp_path / "file" / "entry", ARRAYS, {})
    with pytest.raises(OSError):
        cache.store(tmp_path / "file", ARRAYS, {})
    assert os.listdir(tmp_path) == ["file"]


def test_drafts_of_killed_writers_go_when_old(tmp_path):
    old, new = tmp_path / ".1.partial", tmp_path / ".2.partial"
    long_ago = time.time() - 2 * 24 * 3600
    for draft in (old, new):
        draft.mkdir()
        (draft / "a.npy").write_bytes(b"half")
    os.utime(old, (long_ago, long_ago))
    cache.store(tmp_path / "entry", ARRAYS, {})
    assert sorted(os.listdir(tmp_path)) == [".2.partial", "entry"]


def test_cache_dir(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERASOFT_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache.cache_dir() == tmp_path / ".cache" / "kerasoft"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.cache_dir() == tmp_path / "xdg" / "kerasoft"
    monkeypatch.setenv("KERASOFT_CACHE_DIR", "~/own")
    assert cache.cache_dir() == tmp_path / "own"
