"""The files that a document becomes."""

from importlib.resources import files
from pathlib import Path

import pytest
from document_samples import png, sample

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.document import Document, Heading, write_document


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files(tmp_path):
    write_document(sample(), tmp_path / "new", "study")
    found = contents(tmp_path / "new")
    assert set(found) == {"study.md", "study.html", "curves.png", "matrix.png"}
    assert found["curves.png"] == png(grey=250)
    assert b"(curves.png)" in found["study.md"]


def test_the_same_document_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_document(sample(), tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_failure_midway_leaves_the_old_files(tmp_path, monkeypatch):
    write_document(sample(), tmp_path)
    before, written = contents(tmp_path), Path.write_bytes

    def disk_full(self, data):
        if "matrix" in self.name:
            raise OSError(28, "No space left on device")
        return written(self, data)

    monkeypatch.setattr(Path, "write_bytes", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_document(Document("new", sample().blocks), tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["", "../report", "a/b", ".html"])
def test_name(tmp_path, name):
    with pytest.raises(InvalidArgumentError, match="`name`.*Received: name="):
        write_document(Document("t", [Heading("a")]), tmp_path / "new", name)
    assert not list(tmp_path.iterdir())


def test_what_the_page_needs_is_in_the_package():
    package = files("kerasoft.evaluation.document")
    for name in ("light.css", "dark.css", "page.js"):
        text = package.joinpath(name).read_text(encoding="utf-8")
        assert text.isascii() and "\r" not in text and "</" not in text
