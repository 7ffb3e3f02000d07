import json
import os

import pytest

from kerasoft.data import cifar, sources
from kerasoft.data.errors import BadFile

SPEC = cifar.CIFAR100


def prepared(folder, name="cifar100"):
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text(json.dumps({"name": name}))
    return folder


def found(path, spec=SPEC):
    source = sources.find(path, spec)
    return source and source.path


def test_prepared_tfds_folder_at_each_level(tmp_path):
    version = prepared(tmp_path / "cifar100" / "3.0.2")
    assert found(tmp_path) == found(tmp_path / "cifar100") == found(version) == version
    assert found(tmp_path, cifar.CIFAR10) is None and found(version, cifar.CIFAR10) is None


def test_highest_prepared_version(tmp_path):
    for version in ("3.0.2", "3.0.10", "incomplete.A_3.9.9", "latest"):
        prepared(tmp_path / "cifar100" / version)
    (tmp_path / "cifar100" / "4.0.0").mkdir()  # of an interrupted preparation
    assert found(tmp_path) == tmp_path / "cifar100" / "3.0.10"


def test_damaged_tfds_info(tmp_path):
    prepared(tmp_path / "cifar100" / "3.0.2").joinpath("dataset_info.json").write_text("{")
    with pytest.raises(BadFile, match=r"dataset_info\.json"):
        sources.find(tmp_path, SPEC)


def test_order_of_forms(tmp_path, forms):
    (tmp_path / "cifar100.npz").write_bytes(b"PK")
    assert found(tmp_path).name == "cifar100.npz"
    forms.tar(tmp_path / "cifar-100-python.tar.gz", {})
    assert found(tmp_path).name == "cifar-100-python.tar.gz"
    forms.folder(tmp_path, {})
    assert found(tmp_path).name == "cifar-100-python"
    prepared(tmp_path / "cifar100" / "3.0.2")
    assert found(tmp_path).name == "3.0.2"


def test_extracted_archive_under_another_name(tmp_path, forms):
    folder = forms.folder(tmp_path, {"train": b"", "test": b"", "meta": b""})
    renamed = folder.rename(tmp_path / "renamed")
    assert found(renamed) == renamed
    (renamed / "meta").unlink()
    assert found(renamed) is None


def test_npz_by_content_or_name(tmp_path, forms, arrays):
    forms.npz(tmp_path / "weights.npz", {"w": arrays["test_fine"]})
    assert found(tmp_path) is None
    (tmp_path / "broken.npz").write_bytes(b"PK")
    assert found(tmp_path) is None
    forms.npz(tmp_path / "mine.npz", arrays)
    assert found(tmp_path).name == "mine.npz"
    forms.npz(tmp_path / "yours.npz", arrays)
    with pytest.raises(BadFile, match=r"several .*mine\.npz, yours\.npz"):
        sources.find(tmp_path, SPEC)
    (tmp_path / "cifar100.npz").write_bytes(b"PK")
    assert found(tmp_path).name == "cifar100.npz"


def test_names_of_keras(tmp_path, forms):
    assert sources.find_for_keras(tmp_path, SPEC) is None
    forms.folder(tmp_path / "cifar-100-python-target", {"train": b"", "meta": b""})
    assert sources.find_for_keras(tmp_path, SPEC) is None  # half extracted
    archive = forms.tar(tmp_path / "cifar-100-python-target_archive", {})
    assert sources.find_for_keras(tmp_path, SPEC).path == archive
    (tmp_path / "cifar-100-python-target" / "cifar-100-python" / "test").write_bytes(b"")
    assert sources.find_for_keras(tmp_path, SPEC).path.name == "cifar-100-python"


def test_signature_follows_every_file(tmp_path, forms):
    folder = forms.folder(tmp_path, {"train": b"a", "test": b"b", "meta": b"c"})
    seen = {sources.find(folder, SPEC).signature(SPEC)}
    os.utime(folder / "train", ns=(5, 5))
    seen.add(sources.find(folder, SPEC).signature(SPEC))
    (folder / "test").write_bytes(b"longer")
    seen.add(sources.find(folder, SPEC).signature(SPEC))
    (folder / "meta").unlink()
    seen.add(sources.find(folder, SPEC).signature(SPEC))
    assert len(seen) == 4


def test_signature_does_not_depend_on_how_the_path_is_written(tmp_path, forms, monkeypatch):
    folder = forms.folder(tmp_path, {"train": b"a", "test": b"b", "meta": b"c"})
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    paths = [folder, tmp_path, tmp_path / "link", tmp_path / "x" / ".." / "cifar-100-python"]
    (tmp_path / "x").mkdir()
    relative = type(folder)("cifar-100-python")
    signatures = {sources.find(path, SPEC).signature(SPEC) for path in [*paths, relative]}
    assert len(signatures) == 1
