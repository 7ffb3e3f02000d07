"""The real CIFAR-100, in each form; the environment says where each lies."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kerasoft import data
from kerasoft.data import cifar

FORMS = {
    "tfds": "KERASOFT_TEST_TFDS",
    "official": "KERASOFT_TEST_OFFICIAL",
    "npz": "KERASOFT_TEST_NPZ",
}

# Loads as a training would, in a fresh process, without the Keras that kerasoft itself imports.
TIMED = """
import sys, time, types
package = types.ModuleType("kerasoft")
package.__path__ = [sys.argv[1]]
sys.modules["kerasoft"] = package
from kerasoft import data
began = time.perf_counter()
splits = data.load("cifar100", data_dir=sys.argv[2])
seconds = time.perf_counter() - began
assert not {"tensorflow", "tensorflow_datasets", "keras"} & set(sys.modules)
print(splits.fingerprint, seconds)
"""

pytestmark = pytest.mark.cifar


def place(form):
    path = os.environ.get(FORMS[form])
    if not path:
        pytest.skip(f"{FORMS[form]} is not set")
    return Path(path)


@pytest.fixture(scope="module")
def cache_folder(tmp_path_factory):
    """One cache for all tests here: 180 MB are enough."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def shared_cache(cache_folder, monkeypatch):
    monkeypatch.setenv("KERASOFT_CACHE_DIR", str(cache_folder))
    monkeypatch.delenv("KERASOFT_DATA_DIR", raising=False)


@pytest.mark.parametrize("form", FORMS)
def test_split(form):
    splits = data.load("cifar100", data_dir=place(form))
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [35000, 15000, 10000]
    for split, count in ((splits.train, 350), (splits.validation, 150), (splits.test, 100)):
        assert (np.bincount(split.labels, minlength=100) == count).all()
        assert 110 < split.images.mean() < 130
    assert splits.fingerprint == cifar.CIFAR100.fingerprint and splits.reference is True


@pytest.mark.parametrize("form", FORMS)
def test_second_start_is_fast_and_without_tensorflow(form):
    path = place(form)
    data.load("cifar100", data_dir=path)
    package = str(Path(data.__file__).parents[1])
    command = [sys.executable, "-c", TIMED, package, str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert answer[0] == cifar.CIFAR100.fingerprint and float(answer[1]) < 1


def test_damaged_record_of_tfds(tmp_path):
    folder = shutil.copytree(place("tfds") / "cifar100", tmp_path / "cifar100")
    (shard,) = folder.rglob("*test.tfrecord*")
    with open(shard, "r+b") as file:
        file.seek(1_000_000)
        file.write(b"damaged")
    with pytest.raises(data.DataError, match=r"fails in TFDS: DataLossError.*corrupted") as raised:
        data.load("cifar100", data_dir=tmp_path)
    assert "\n" not in str(raised.value)


def test_one_pixel_of_the_real_images(tmp_path):
    with np.load(place("npz")) as file:
        arrays = dict(file)
    arrays["train_images"][0, 0, 0, 0] ^= 1
    np.savez(tmp_path / "cifar100.npz", **arrays)
    with pytest.warns(UserWarning, match="not the published ones"):
        splits = data.load("cifar100", data_dir=tmp_path)
    assert splits.reference is False
