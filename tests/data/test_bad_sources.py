"""Everything that can be wrong with what `data_dir` names; each is one line that names the file."""

import io
import os
import pickle
import tarfile
import zipfile

import numpy as np
import pytest

from kerasoft import data
from kerasoft.data import read_official

pytestmark = pytest.mark.usefixtures("isolated")


def error_of(path, name="cifar100"):
    with pytest.raises(data.DataError) as raised:
        data.load(name, data_dir=path)
    message = str(raised.value)
    assert "\n" not in message and message.endswith(f"Received: data_dir={str(path)!r}")
    return message


@pytest.fixture
def changed(arrays):
    """A copy of the arrays, to be spoiled."""
    return {name: array.copy() for name, array in arrays.items()}


@pytest.fixture
def files(forms, arrays):
    return forms.pickles(arrays)


def test_folder_without_data(tmp_path):
    message = error_of(tmp_path)
    for form in ("TFDS", "cifar-100-python/", "cifar-100-python.tar.gz", ".npz", "train_fine"):
        assert form in message
    with pytest.raises(data.DataNotFoundError):
        data.load("cifar100", data_dir=tmp_path)


@pytest.mark.parametrize("content", [b"", b"text", b"\x00" * 1000])
def test_file_of_no_known_form(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert f"{path} is neither" in error_of(path)


@pytest.mark.parametrize("kept", [0, 10, 1000, 500_000, -30])
def test_truncated_npz(tmp_path, forms, arrays, kept):
    path = forms.npz(tmp_path / "x.npz", arrays)
    path.write_bytes(path.read_bytes()[:kept])
    assert f"{path} is not an intact .npz" in error_of(path)


@pytest.mark.parametrize("compress", [False, True])
def test_altered_npz(tmp_path, forms, arrays, compress):
    path = forms.npz(tmp_path / "x.npz", arrays, compress)
    content = bytearray(path.read_bytes())
    content[700_000] ^= 255
    path.write_bytes(content)
    assert f"{path} is not an intact .npz" in error_of(path)


def test_npz_without_keys(tmp_path, forms, arrays):
    kept = {key: arrays[key] for key in arrays if key not in ("train_fine", "test_images")}
    path = forms.npz(tmp_path / "x.npz", kept)
    assert f"{path} lacks the keys train_fine, test_images" in error_of(path)


@pytest.mark.parametrize(
    ("key", "array"),
    [
        ("train_images", np.zeros((1000, 32, 32, 3), np.float32)),
        ("train_images", np.zeros((1000, 3, 32, 32), np.uint8)),
        ("train_images", np.zeros((999, 32, 32, 3), np.uint8)),
        ("test_fine", np.zeros(200, np.float64)),
        ("test_fine", np.zeros((200, 2), np.uint8)),
        ("test_coarse", np.array("text")),
        ("test_coarse", np.zeros(200, bool)),
    ],
)
def test_npz_of_other_shapes_and_types(tmp_path, forms, changed, key, array):
    path = forms.npz(tmp_path / "x.npz", {**changed, key: array})
    assert f"{path} ({key}) is " in error_of(path)


def test_npz_with_objects_runs_nothing(tmp_path, forms, changed):
    marker = tmp_path / "marker"

    class Attack:
        def __reduce__(self):
            return os.system, (f"touch {marker}",)

    labels = np.empty(200, object)
    labels[:] = [Attack()] * 200
    path = forms.npz(tmp_path / "x.npz", {**changed, "test_fine": labels})
    assert "(test_fine) is object" in error_of(path)
    assert not marker.exists()


def test_npz_bomb_is_refused_by_its_header(tmp_path, forms, changed):
    path = forms.npz(tmp_path / "x.npz", {**changed, "test_fine": np.zeros(200, np.uint8)})
    header = io.BytesIO()
    huge = {"descr": "|u1", "fortran_order": False, "shape": (10**15,)}
    np.lib.format.write_array_header_1_0(header, huge)
    with zipfile.ZipFile(path, "w") as archive:
        for key, array in changed.items():
            content = io.BytesIO()
            np.save(content, array)
            content = header if key == "train_fine" else content
            archive.writestr(f"{key}.npy", content.getvalue())
    assert "(train_fine) is uint8 of shape (1000000000000000,)" in error_of(path)


def test_array_that_ends_early_in_a_good_zip(tmp_path, changed):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for key, array in changed.items():
            content = io.BytesIO()
            np.save(content, array)
            cut = -5 if key == "train_images" else None
            archive.writestr(f"{key}.npy", content.getvalue()[:cut])
    assert "(train_images) does not hold as many bytes" in error_of(path)


@pytest.mark.parametrize("form", ["npz", "folder", "tar"])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("out of range", "has fine label 100 in row 3"),
        ("coarse out of range", "has coarse label 20 in row 3"),
        ("fine", "has contradicting labels in row 3"),
        ("coarse", "has contradicting labels in row 3"),
        ("within superclass", "images of class"),
    ],
)
def test_one_wrong_label(tmp_path, forms, changed, spec, form, kind, expected):
    fine, coarse = changed["test_fine"], changed["test_coarse"]
    siblings = np.flatnonzero(np.array(spec.class_to_superclass) == coarse[3])
    strangers = np.flatnonzero(np.array(spec.class_to_superclass) != coarse[3])
    if kind == "out of range":
        fine[3] = 100
    elif kind == "coarse out of range":
        coarse[3] = 20
    elif kind == "fine":
        fine[3] = strangers[0]
    elif kind == "coarse":
        coarse[3] = (coarse[3] + 1) % 20
    else:
        fine[3] = next(label for label in siblings if label != fine[3])
    if form == "npz":
        path, file = forms.npz(tmp_path / "x.npz", changed), "x.npz (test)"
    elif form == "folder":
        path = forms.folder(tmp_path, forms.pickles(changed))
        file = f"{path}/test"
    else:
        path = forms.tar(tmp_path / "x.tar.gz", forms.pickles(changed))
        file = f"{path}:cifar-100-python/test"
    message = error_of(path)
    assert f"{file} has " in message and expected in message


def test_negative_label(tmp_path, forms, changed):
    changed["train_fine"] = changed["train_fine"].astype(np.int16)
    changed["train_fine"][7] = -1
    assert "has fine label -1 in row 7" in error_of(forms.npz(tmp_path / "x.npz", changed))


def test_huge_unsigned_label(tmp_path, forms, changed):
    changed["train_fine"] = changed["train_fine"].astype(np.uint64)
    changed["train_fine"][7] = 2**64 - 1
    assert "in row 7" in error_of(forms.npz(tmp_path / "x.npz", changed))


def test_labels_as_columns_are_accepted(tmp_path, forms, changed):
    changed["train_fine"] = changed["train_fine"].reshape(-1, 1).astype(np.int64)
    path = forms.npz(tmp_path / "x.npz", changed)
    assert len(data.load("cifar100", data_dir=path).train) == 700


@pytest.mark.parametrize("name", ["train", "test"])
def test_missing_pickle(tmp_path, forms, files, name):
    del files[name]
    folder = forms.folder(tmp_path, files)
    assert f"{folder}/{name} is missing" in error_of(folder)
    archive = forms.tar(tmp_path / "x.tgz", files)
    assert f"cifar-100-python/{name} is missing" in error_of(archive)


def test_names_are_known_without_meta(tmp_path, forms, files):
    del files["meta"]
    folder = forms.folder(tmp_path, files)
    assert data.load("cifar100", data_dir=folder).class_names[0] == "apple"


def test_meta_with_names_in_another_order(tmp_path, forms, files):
    meta = pickle.loads(files["meta"])
    meta[b"fine_label_names"][:2] = meta[b"fine_label_names"][1::-1]
    folder = forms.folder(tmp_path, {**files, "meta": pickle.dumps(meta)})
    assert f"{folder}/meta calls label 0 'aquarium_fish'" in error_of(folder)


@pytest.mark.parametrize("kept", [0, 1, 100, 1_000_000, -1])
def test_truncated_pickle(tmp_path, forms, files, kept):
    folder = forms.folder(tmp_path, {**files, "train": files["train"][:kept]})
    assert f"{folder}/train cannot be unpickled" in error_of(folder)


class Attack:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("name", ["train", "test", "meta"])
@pytest.mark.parametrize("form", ["folder", "tar"])
def test_hostile_pickle_runs_nothing(tmp_path, forms, files, name, form):
    marker = tmp_path / "marker"
    record = pickle.loads(files[name])
    record[b"extra"] = [{b"deep": (Attack(marker),)}]
    files[name] = pickle.dumps(record, protocol=2)
    if form == "folder":
        path = forms.folder(tmp_path, files)
    else:
        path = forms.tar(tmp_path / "x.tar.gz", files)
    assert f"{name} cannot be unpickled (refused: it asks for posix.system)" in error_of(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ([1, 2], "does not hold a dictionary"),
        ({b"data": None}, "holds no `data`"),
        ({b"data": np.zeros((1000, 3071), np.uint8)}, "holds no `data`"),
        ({b"data": np.zeros(1000 * 3072, np.uint8)}, "holds no `data`"),
        ({b"data": np.zeros((999, 3072), np.uint8)}, "holds uint8 images of shape (999,"),
        ({b"fine_labels": None}, "holds no list `fine_labels` of int"),
        ({b"fine_labels": [b"1"] * 1000}, "holds no list `fine_labels` of int"),
        ({b"fine_labels": [True] * 1000}, "holds no list `fine_labels` of int"),
        ({b"fine_labels": [0] * 999}, "does not hold 1000 integer fine labels"),
        ({b"coarse_labels": np.zeros(1000, np.uint8)}, "holds no list `coarse_labels` of int"),
    ],
)
def test_pickle_of_other_content(tmp_path, forms, files, change, expected):
    record = pickle.loads(files["train"])
    record = {**record, **change} if isinstance(change, dict) else change
    folder = forms.folder(tmp_path, {**files, "train": pickle.dumps(record, protocol=4)})
    assert f"{folder}/train {expected}" in error_of(folder)


@pytest.mark.parametrize("kept", [10, 10_000, -1, -9])
def test_truncated_archive(tmp_path, forms, files, kept):
    path = forms.tar(tmp_path / "cifar-100-python.tar.gz", files)
    path.write_bytes(path.read_bytes()[:kept])
    assert f"{path} is not an intact .tar.gz" in error_of(path)


def test_altered_archive(tmp_path, forms, files):
    path = forms.tar(tmp_path / "x.tar.gz", files)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    assert str(path) in error_of(path)


@pytest.mark.parametrize("prefix", ["../cifar-100-python/", "/cifar-100-python/", "x/../"])
def test_archive_with_names_that_lead_astray(tmp_path, forms, files, prefix):
    path = forms.tar(tmp_path / "x.tar.gz", files, prefix)
    assert "cifar-100-python/train is missing" in error_of(path)
    assert sorted(os.listdir(tmp_path)) == ["home", "x.tar.gz"]


def test_archive_with_strangers_extracts_nothing(tmp_path, forms, files):
    path = tmp_path / "x.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {"../evil": b"x", "/tmp/evil": b"x", **files}.items():
            member = tarfile.TarInfo(name if "evil" in name else f"cifar-100-python/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    assert len(data.load("cifar100", data_dir=path).train) == 700
    assert not (tmp_path.parent / "evil").exists()
    assert sorted(os.listdir(tmp_path)) == ["cache", "home", "x.tar.gz"]


def test_archive_with_links_in_place_of_files(tmp_path, files):
    path = tmp_path / "x.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in files:
            member = tarfile.TarInfo(f"cifar-100-python/{name}")
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(member)
    assert "cifar-100-python/train is missing" in error_of(path)


def test_archive_with_too_many_members(tmp_path):
    path = tmp_path / "x.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for i in range(100):
            archive.addfile(tarfile.TarInfo(f"cifar-100-python/{i}"))
    assert "claims to hold more than it can" in error_of(path)


def test_files_of_too_many_bytes(tmp_path, forms, files, monkeypatch):
    monkeypatch.setattr(read_official, "_MOST_BYTES", 2**20)
    assert "holds more than 1,048,576 bytes" in error_of(forms.folder(tmp_path, files))
    assert "holds more than 1,048,576 bytes" in error_of(forms.tar(tmp_path / "x.tgz", files))


def test_archive_of_the_other_data_set(tmp_path, forms, files):
    path = forms.tar(tmp_path / "x.tgz", files)
    assert "cifar-10-batches-py/data_batch_1 is missing" in error_of(path, "cifar10")


def test_file_that_cannot_be_read(tmp_path, forms, arrays, monkeypatch):
    path = forms.npz(tmp_path / "x.npz", arrays)

    def denied(*_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("kerasoft.data.read_npz._read_arrays", denied)
    assert "Permission denied" in error_of(path)


def test_message_names_what_was_given_by_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASOFT_DATA_DIR", str(tmp_path))
    with pytest.raises(data.DataNotFoundError, match="Received: data_dir='"):
        data.load("cifar100")
