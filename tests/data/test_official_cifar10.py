"""CIFAR-10 in the form of its official archive: five training batches, one of tests."""

import pickle

import numpy as np
import pytest

from kerasoft import data
from kerasoft.data import cifar
from kerasoft.training.dataset import load_dataset

pytestmark = pytest.mark.usefixtures("isolated")


@pytest.fixture
def folder(tmp_path, arrays10):
    """`cifar-10-batches-py`, rows of red, then green, then blue bytes, with the keys it has."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    rows = np.array_split(np.arange(len(arrays10["train_fine"])), 5)
    batches = {f"data_batch_{number}": ("train", some) for number, some in enumerate(rows, 1)}
    batches["test_batch"] = ("test", np.arange(len(arrays10["test_fine"])))
    for name, (part, some) in batches.items():
        images = arrays10[f"{part}_images"][some]
        record = {
            b"batch_label": name.encode(),
            b"labels": [int(label) for label in arrays10[f"{part}_fine"][some]],
            b"data": images.transpose(0, 3, 1, 2).reshape(len(images), 3072),
            b"filenames": [b"%05d.png" % row for row in some],
        }
        (folder / name).write_bytes(pickle.dumps(record, protocol=2))
    meta = {b"label_names": [name.encode() for name in cifar.CIFAR10.class_names]}
    (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol=2))
    return folder


def test_images_and_labels_are_those_of_the_batches(folder, arrays10):
    splits = data.load("cifar10", data_dir=folder)
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [70, 30, 50]
    truth = {
        image.tobytes(): label
        for part in ("train", "test")
        for image, label in zip(arrays10[f"{part}_images"], arrays10[f"{part}_fine"], strict=True)
    }
    for split in (splits.train, splits.validation, splits.test):
        for image, label in zip(split.images, split.labels, strict=True):
            assert truth[image.tobytes()] == label


def test_the_folder_above_it_will_do_too_and_so_will_a_part(folder):
    whole = data.load("cifar10", data_dir=folder.parent)
    some = load_dataset("cifar10:20", data_dir=folder)
    assert some.fingerprint == whole.fingerprint and len(some.train) == 20
    assert np.bincount(some.train.labels).tolist() == [2] * 10
