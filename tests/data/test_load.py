"""`load` on every form of CIFAR; what the caller sees."""

import os
import pickle
import shutil

import numpy as np
import pytest

from kerasoft import data
from kerasoft.data import cifar, probe, read_npz, read_official
from kerasoft.errors import InvalidArgumentError

pytestmark = pytest.mark.usefixtures("isolated")


def same(one, two):
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(one, part).images, getattr(two, part).images)
        np.testing.assert_array_equal(getattr(one, part).labels, getattr(two, part).labels)
    assert one.fingerprint == two.fingerprint
    return True


@pytest.fixture
def npz(tmp_path, forms, arrays):
    return forms.npz(tmp_path / "any.npz", arrays)


@pytest.fixture
def no_reading(monkeypatch):
    """After this, whatever opens a source fails."""

    def refuse(*_):
        raise AssertionError("the source was read")

    monkeypatch.setattr(read_npz, "read", refuse)
    monkeypatch.setattr(read_official, "read_folder", refuse)


def test_every_form_gives_the_same(tmp_path, forms, arrays, npz):
    loaded = [data.load("cifar100", data_dir=npz)]
    shuffled = [forms.shuffle(arrays, seed) for seed in range(4)]
    places = [
        forms.npz(tmp_path / "small.npz", shuffled[0], compress=True),
        forms.folder(tmp_path / "a", forms.pickles(shuffled[1], protocol=2)).parent,
        forms.folder(tmp_path / "b", forms.pickles(shuffled[2])),
        forms.tar(tmp_path / "cifar-100-python.tar.gz", forms.pickles(shuffled[3])),
        forms.tar(tmp_path / "no_ending", forms.pickles(shuffled[3]), "./cifar-100-python/"),
    ]
    loaded += [data.load("cifar100", data_dir=place) for place in places]
    assert all(same(loaded[0], other) for other in loaded[1:])
    assert len(os.listdir(tmp_path / "cache" / "cifar100")) == 2  # one entry, and the sources
    for place, splits in zip(places, loaded[1:], strict=True):
        assert str(place) in splits.source


def test_split(npz, arrays):
    splits = data.load("cifar100", data_dir=npz)
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [700, 300, 200]
    for part, count in (("train", 7), ("validation", 3), ("test", 2)):
        split = getattr(splits, part)
        assert split.images.dtype == np.uint8 and split.images.shape[1:] == (32, 32, 3)
        assert split.labels.dtype == np.int32
        assert (np.bincount(split.labels, minlength=100) == count).all()
        assert not split.images.flags.writeable and not split.labels.flags.writeable
        assert len(set(split.labels[:50])) > 20  # well mixed
    rows = np.concatenate([splits.train.images, splits.validation.images]).reshape(1000, -1)
    assert len(np.unique(rows, axis=0)) == 1000
    expected = arrays["train_images"].reshape(1000, -1)
    assert {row.tobytes() for row in rows} == {row.tobytes() for row in expected}


def test_labels_stay_with_their_images(npz, arrays):
    truth = {
        image.tobytes(): label
        for part in ("train", "test")
        for image, label in zip(arrays[f"{part}_images"], arrays[f"{part}_fine"], strict=True)
    }
    splits = data.load("cifar100", data_dir=npz)
    for split in (splits.train, splits.validation, splits.test):
        for image, label in zip(split.images, split.labels, strict=True):
            assert truth[image.tobytes()] == label


def test_facts(npz):
    splits = data.load("cifar100", data_dir=npz)
    assert splits.num_classes == 100 and len(splits.superclass_names) == 20
    assert splits.class_names[splits.class_to_superclass.index(0)] == "beaver"
    assert splits.describe().startswith(
        "cifar100 (fine labels): 700 / 300 / 200 images of 100 classes, from "
    )
    assert splits.reference is None and len(splits.fingerprint) == 64


def test_coarse(npz):
    fine = data.load("cifar100", data_dir=npz)
    coarse = data.load("cifar100", data_dir=npz, labels="coarse")
    assert coarse.num_classes == 20 and coarse.label_kind == "coarse"
    assert coarse.superclass_names == () and coarse.class_to_superclass == ()
    for part in ("train", "validation", "test"):
        one, two = getattr(fine, part), getattr(coarse, part)
        np.testing.assert_array_equal(one.images, two.images)
        expected = np.array(fine.class_to_superclass)[one.labels]
        np.testing.assert_array_equal(two.labels, expected)
        assert two.labels.dtype == np.int32
    assert coarse.class_names[fine.class_to_superclass[0]] == "fruit_and_vegetables"


def test_without_validation(npz):
    cut = data.load("cifar100", data_dir=npz)
    whole = data.load("cifar100", data_dir=npz, validation=False)
    assert len(whole.train) == 1000 and len(whole.validation) == 0
    assert whole.validation.images.shape == (0, 32, 32, 3)
    both = np.concatenate([cut.train.labels, cut.validation.labels])
    np.testing.assert_array_equal(whole.train.labels, both)
    np.testing.assert_array_equal(whole.train.images[700:], cut.validation.images)
    assert whole.fingerprint == cut.fingerprint


def test_splits_are_views_of_one_map(npz):
    splits = data.load("cifar100", data_dir=npz)
    whole = splits.train.images.base
    assert isinstance(whole.base, np.memmap) and splits.validation.images.base is whole


def test_cifar10(tmp_path, forms, arrays10):
    splits = data.load("cifar10", data_dir=forms.npz(tmp_path / "ten.npz", arrays10))
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [70, 30, 50]
    assert splits.class_names[9] == "truck" and splits.superclass_names == ()


def test_second_load_reads_the_cache_only(npz, no_reading, monkeypatch):
    with pytest.raises(AssertionError):
        data.load("cifar100", data_dir=npz)
    monkeypatch.undo()


def test_cache_is_used_until_the_source_changes(npz, forms, arrays, request):
    first = data.load("cifar100", data_dir=npz)
    request.getfixturevalue("no_reading")
    assert same(first, data.load("cifar100", data_dir=npz))
    assert same(first, data.load("cifar100"))
    forms.npz(npz, forms.shuffle(arrays, 9))
    os.utime(npz, ns=(1, 1))
    with pytest.raises(AssertionError, match="was read"):
        data.load("cifar100", data_dir=npz)


def test_cache_serves_when_the_source_is_gone(npz):
    first = data.load("cifar100", data_dir=npz)
    npz.unlink()
    again = data.load("cifar100", download=False)
    assert same(first, again) and "any.npz" in again.source and "cache" in again.source
    with pytest.raises(data.DataNotFoundError, match="does not exist"):
        data.load("cifar100", data_dir=npz)


def test_newest_of_the_cache(tmp_path, forms, arrays, npz):
    other = {name: array.copy() for name, array in arrays.items()}
    other["train_images"][0, 0, 0, 0] ^= 1
    older = data.load("cifar100", data_dir=npz)
    newer = data.load("cifar100", data_dir=forms.npz(tmp_path / "other.npz", other))
    assert older.fingerprint != newer.fingerprint
    pointers = tmp_path / "cache" / "cifar100" / "sources"
    for pointer in pointers.iterdir():
        age = 5 if newer.fingerprint in pointer.read_text() else 9
        os.utime(pointer, (10**9 - age, 10**9 - age))
    assert data.load("cifar100").fingerprint == newer.fingerprint
    shutil.rmtree(tmp_path / "cache" / "cifar100" / newer.fingerprint[:16])
    assert data.load("cifar100").fingerprint == older.fingerprint


def test_damaged_pointer_is_as_none(npz, tmp_path):
    data.load("cifar100", data_dir=npz)
    (pointer,) = (tmp_path / "cache" / "cifar100" / "sources").iterdir()
    pointer.write_text('{"fingerprint": 3')
    data.load("cifar100", data_dir=npz)
    assert "any.npz" in pointer.read_text()


@pytest.mark.parametrize("damage", ["alter", "truncate", "remove"])
@pytest.mark.parametrize("given", [True, False])
def test_damaged_cache_is_an_error_that_names_the_file(npz, tmp_path, damage, given):
    fingerprint = data.load("cifar100", data_dir=npz).fingerprint  # no map outlives its file
    path = tmp_path / "cache" / "cifar100" / fingerprint[:16] / "train_images.npy"
    if damage == "alter":
        with open(path, "r+b") as file:
            file.seek(10**6)
            file.write(b"altered")
    elif damage == "truncate":
        os.truncate(path, 10**6)
    else:
        path.unlink()
    with pytest.raises(data.DataError, match=r"train_images\.npy is .*Delete the folder"):
        data.load("cifar100", data_dir=npz if given else None)
    shutil.rmtree(path.parent)  # as the message says
    assert data.load("cifar100", data_dir=npz).fingerprint == fingerprint


def test_entry_of_another_content(npz, tmp_path, forms, arrays):
    other = {name: array.copy() for name, array in arrays.items()}
    other["test_images"][0] = 0
    one = data.load("cifar100", data_dir=npz)
    two = data.load("cifar100", data_dir=forms.npz(tmp_path / "other.npz", other))
    folder = tmp_path / "cache" / "cifar100"
    shutil.rmtree(folder / one.fingerprint[:16])
    shutil.copytree(folder / two.fingerprint[:16], folder / one.fingerprint[:16])
    with pytest.raises(data.DataError, match="holds other data"):
        data.load("cifar100", data_dir=npz)


def test_cache_that_cannot_be_written(npz, tmp_path, monkeypatch):
    cached = data.load("cifar100", data_dir=npz)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KERASOFT_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.warns(UserWarning, match="cannot be kept in"):
        splits = data.load("cifar100", data_dir=npz)
    assert same(cached, splits) and not splits.train.images.flags.writeable


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to read-only folders")
def test_read_only_cache(npz, tmp_path):
    (tmp_path / "cache").mkdir(mode=0o555)
    with pytest.warns(UserWarning, match="cannot be kept in"):
        data.load("cifar100", data_dir=npz)


def test_full_disk(npz, monkeypatch, tmp_path):
    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kerasoft.data.cache._write_entry", no_space)
    with pytest.warns(UserWarning, match="No space left"):
        assert len(data.load("cifar100", data_dir=npz).train) == 700
    assert not [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]


def test_content_that_is_not_the_published(npz, monkeypatch, spec):
    import dataclasses

    genuine = data.load("cifar100", data_dir=npz).fingerprint
    for fingerprint, is_reference in ((genuine, True), ("0" * 64, False)):
        pinned = dataclasses.replace(spec, fingerprint=fingerprint)
        monkeypatch.setitem(cifar.SPECS, "cifar100", pinned)
        if is_reference:
            assert data.load("cifar100", data_dir=npz).reference is True
        else:
            with pytest.warns(UserWarning, match="not the published ones"):
                splits = data.load("cifar100", data_dir=npz)
            assert splits.reference is False and "not the published" in splits.describe()


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "cifar"},
        {"name": "CIFAR100"},
        {"name": None},
        {"name": "cifar100", "labels": "both"},
        {"name": "cifar100", "labels": None},
        {"name": "cifar10", "labels": "coarse"},
        {"name": "cifar100", "num_classes": 10},
        {"name": "cifar100", "data_dir": ""},
        {"name": "cifar100", "data_dir": 5},
        {"name": "glyphs", "data_dir": "somewhere"},
    ],
)
def test_arguments(arguments):
    with pytest.raises(InvalidArgumentError, match=r"Received: \w+="):
        data.load(**arguments)


def test_names():
    assert data.names() == ("cifar100", "cifar10", "glyphs")


def test_environment_names_the_folder(npz, monkeypatch, tmp_path):
    monkeypatch.setenv("KERASOFT_DATA_DIR", str(npz))
    assert str(npz) in data.load("cifar100").source
    monkeypatch.setenv("KERASOFT_DATA_DIR", str(tmp_path / "nothing"))
    with pytest.raises(data.DataNotFoundError, match="nothing"):
        data.load("cifar100")
    assert len(data.load("cifar100", data_dir=npz).train) == 700


def test_homes_of_tfds_and_keras(isolated, forms, arrays, monkeypatch):
    datasets = isolated / ".keras" / "datasets"
    datasets.mkdir(parents=True)
    archive = forms.tar(datasets / "cifar-100-python-target_archive", forms.pickles(arrays))
    assert str(archive) in data.load("cifar100").source
    extracted = forms.folder(datasets / "cifar-100-python-target", forms.pickles(arrays))
    shutil.rmtree(isolated.parent / "cache")
    assert str(extracted) in data.load("cifar100").source
    shutil.rmtree(isolated.parent / "cache")
    monkeypatch.setenv("KERAS_HOME", str(isolated / "other"))
    with pytest.raises(data.DataNotFoundError, match="switched off"):
        data.load("cifar100", download=False)


def test_nothing_anywhere(monkeypatch, isolated):
    monkeypatch.setattr(probe, "why_unreachable", lambda url: "no route")
    with pytest.raises(data.DataNotFoundError) as raised:
        data.load("cifar100")
    message = str(raised.value)
    assert "(no route)" in message and str(isolated) in message and "\n" not in message
    assert message.endswith("Received: data_dir=None")
    assert list(isolated.iterdir()) == []


def test_cifar10_in_batches(tmp_path, forms, arrays10):
    npz = data.load("cifar10", data_dir=forms.npz(tmp_path / "ten.npz", arrays10))
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    planes = {p: arrays10[f"{p}_images"].transpose(0, 3, 1, 2) for p in ("train", "test")}
    rows = {f"data_batch_{i + 1}": ("train", slice(20 * i, 20 * i + 20)) for i in range(5)}
    for name, (part, span) in {**rows, "test_batch": ("test", slice(None))}.items():
        images = planes[part][span].reshape(-1, 3072)
        labels = arrays10[f"{part}_fine"][span].tolist()
        record = {b"data": images, b"labels": labels}
        (folder / name).write_bytes(pickle.dumps(record, protocol=2))
    assert same(npz, data.load("cifar10", data_dir=tmp_path / "cifar-10-batches-py"))
    (folder / "data_batch_4").unlink()
    with pytest.raises(data.DataError, match="data_batch_4 is missing"):
        data.load("cifar10", data_dir=folder)
