"""Files that are either whole or not there."""

import json
import os

import pytest

from kerasoft.files import replacing, write_json


def test_a_file_appears_at_the_end(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        assert temporary.parent == path.parent  # the same file system
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    path, seen = tmp_path / "note.txt", []
    sync = os.fsync

    def look(file):
        assert not path.exists()
        seen.append(os.fstat(file).st_size)
        sync(file)

    monkeypatch.setattr("kerasoft.files.os.fsync", look)
    with replacing(path) as temporary:
        temporary.write_text("new")
    assert seen == [3] and path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "note.txt"
    path.write_text("old")
    with pytest.raises(error), replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_before_anything_is_written(tmp_path):
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "note.txt"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_nothing_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "note.txt"):
        pass


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True, "ü"]}, [], "text", {"": {}}])
def test_json_comes_back(tmp_path, value):
    path = tmp_path / "value.json"
    write_json(path, value)
    assert json.loads(path.read_text(encoding="utf-8")) == value
    assert path.read_bytes().endswith(b"\n")


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": object()}])
def test_what_is_no_json_leaves_the_old_file(tmp_path, value):
    path = tmp_path / "value.json"
    write_json(path, 1)
    with pytest.raises((ValueError, TypeError)):
        write_json(path, value)
    assert path.read_text() == "1\n"
    assert list(tmp_path.iterdir()) == [path]
