"""A small CIFAR-100: all 100 classes, 10 + 2 images each, in every form that a source can have."""

import dataclasses
import io
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from kerasoft.data import cifar

SMALL = dataclasses.replace(cifar.CIFAR100, train_per_class=10, test_per_class=2, fingerprint=None)
SMALL10 = dataclasses.replace(cifar.CIFAR10, train_per_class=10, test_per_class=5)


def _make(spec, seed):
    draw = np.random.default_rng(seed)
    arrays = {}
    for part in ("train", "test"):
        fine = draw.permutation(np.repeat(np.arange(spec.num_classes), spec.per_class(part)))
        arrays[f"{part}_images"] = draw.integers(0, 256, (len(fine), 32, 32, 3), np.uint8)
        arrays[f"{part}_fine"] = fine.astype(np.uint8)
        if spec.superclass_names:
            coarse = np.array(spec.class_to_superclass, np.uint8)[fine]
            arrays[f"{part}_coarse"] = coarse
    return arrays


class Forms:
    """Writes arrays the way sources hold them."""

    def shuffle(self, arrays, seed):
        """The same data in another order of rows."""
        draw, shuffled = np.random.default_rng(seed), {}
        for part in ("train", "test"):
            order = draw.permutation(len(arrays[f"{part}_fine"]))
            kinds = [key for key in arrays if key.startswith(part)]
            shuffled.update({key: arrays[key][order] for key in kinds})
        return shuffled

    def npz(self, path, arrays, compress=False):
        (np.savez_compressed if compress else np.savez)(path, **arrays)
        return path

    def pickles(self, arrays, protocol=4):
        """File name -> content of the three pickles of CIFAR-100."""
        files = {}
        for part in ("train", "test"):
            images = arrays[f"{part}_images"]
            record = {
                b"batch_label": b"some batch",
                b"filenames": [b"%05d.png" % i for i in range(len(images))],
                b"fine_labels": [int(label) for label in arrays[f"{part}_fine"]],
                b"coarse_labels": [int(label) for label in arrays[f"{part}_coarse"]],
                b"data": images.transpose(0, 3, 1, 2).reshape(len(images), -1),
            }
            files[part] = pickle.dumps(record, protocol=protocol)
        meta = {
            b"fine_label_names": [name.encode() for name in cifar.CIFAR100.class_names],
            b"coarse_label_names": [name.encode() for name in cifar.CIFAR100.superclass_names],
        }
        return {**files, "meta": pickle.dumps(meta, protocol=protocol)}

    def folder(self, parent, files):
        target = Path(parent) / "cifar-100-python"
        target.mkdir(parents=True)
        for name, content in files.items():
            (target / name).write_bytes(content)
        return target

    def tar(self, path, files, prefix="cifar-100-python/"):
        with tarfile.open(path, "w:gz", compresslevel=1) as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(prefix + name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return path


@pytest.fixture(scope="session")
def forms():
    return Forms()


@pytest.fixture(scope="session")
def arrays():
    """Raw arrays of the small CIFAR-100; do not write to them."""
    return _make(SMALL, seed=0)


@pytest.fixture(scope="session")
def arrays10():
    """Raw arrays of the small CIFAR-10; do not write to them."""
    return _make(SMALL10, seed=1)


@pytest.fixture
def spec():
    return SMALL


@pytest.fixture
def isolated(tmp_path, monkeypatch):
    """Small specifications, and every place that is searched lies in `tmp_path`; gives the home."""
    home = tmp_path / "home"
    home.mkdir()
    for variable in ("KERASOFT_DATA_DIR", "TFDS_DATA_DIR", "KERAS_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("KERASOFT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setitem(cifar.SPECS, "cifar100", SMALL)
    monkeypatch.setitem(cifar.SPECS, "cifar10", SMALL10)
    return home
