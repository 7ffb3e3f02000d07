"""The child process, with a stand-in for the script that needs TensorFlow."""

import json
import os
import sys

import numpy as np
import pytest

from kerasoft import data
from kerasoft.data import probe, read_tfds, tfds_reader

pytestmark = pytest.mark.usefixtures("isolated")

COPY = """
import os, shutil, sys
assert os.environ["CUDA_VISIBLE_DEVICES"] == "-1"
assert not any(name.startswith("kerasoft") for name in sys.modules)
shutil.copy({source!r}, sys.argv[1])
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Replaces the script that runs in the child."""

    def replace(text):
        path = tmp_path / "script.py"
        path.write_text(text)
        monkeypatch.setattr(read_tfds, "_SCRIPT", path)

    return replace


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "tfds" / "cifar100" / "3.0.2"
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text(json.dumps({"name": "cifar100"}))
    return folder


def error_of(path):
    with pytest.raises(data.DataError) as raised:
        data.load("cifar100", data_dir=path)
    message = str(raised.value)
    assert "\n" not in message and message.endswith(f"Received: data_dir={str(path)!r}")
    return message


def test_reads(folder, script, tmp_path, forms, arrays):
    npz = forms.npz(tmp_path / "x.npz", arrays)
    script(COPY.format(source=str(npz)))
    splits = data.load("cifar100", data_dir=tmp_path / "tfds")
    assert splits.fingerprint == data.load("cifar100", data_dir=npz).fingerprint
    assert f"prepared TFDS folder {folder}" in splits.source


def test_last_line_of_a_failing_child(folder, script):
    script(
        "import sys; print('early', file=sys.stderr); sys.exit('DataLossError: bad record\\n\\n')"
    )
    assert f"{folder} fails in TFDS: DataLossError: bad record." in error_of(folder)


@pytest.mark.parametrize("ending", ["sys.exit(7)", "os.kill(os.getpid(), 9)"])
def test_child_that_dies_without_a_word(folder, script, ending):
    script(f"import os, sys; {ending}")
    assert "fails in TFDS: exit status" in error_of(folder)


def test_child_that_writes_nothing(folder, script):
    script("")
    message = error_of(folder)
    assert str(folder) in message


def test_tfds_that_is_not_installed(folder, monkeypatch, tmp_path):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "tensorflow_datasets.py").write_text("raise ImportError('No module named tfds')")
    monkeypatch.setenv("PYTHONPATH", str(hidden))
    message = error_of(folder)
    assert "No module named tfds" in message and "pip install tensorflow " in message


def test_other_label_names(folder, script):
    script("raise SystemExit('is not reached')")
    names = ["apple", "pear"] + ["x"] * 98
    (folder / "label.labels.txt").write_text("\n".join(names))
    assert "label.labels.txt calls label 1 'pear'" in error_of(folder)


def test_wrong_labels_name_the_folder(folder, script, tmp_path, forms, arrays):
    coarse = (arrays["train_coarse"] + 1) % 20
    npz = forms.npz(tmp_path / "x.npz", {**arrays, "train_coarse": coarse})
    script(COPY.format(source=str(npz)))
    assert f"{folder} (train) has contradicting labels" in error_of(folder)


def test_download(isolated, script, tmp_path, forms, arrays, monkeypatch, capfd):
    monkeypatch.setattr(probe, "why_unreachable", lambda url: None)
    npz = forms.npz(tmp_path / "x.npz", arrays)
    prepare = (
        "import json, pathlib\n"
        "folder = pathlib.Path(sys.argv[sys.argv.index('--data-dir') + 1], 'cifar100', '3.0.2')\n"
        "folder.mkdir(parents=True)\n"
        "(folder / 'dataset_info.json').write_text(json.dumps({'name': 'cifar100'}))\n"
        "print('half way', file=sys.stderr)\n"
    )
    script(COPY.format(source=str(npz)) + prepare)
    splits = data.load("cifar100")
    assert len(splits.train) == 700 and str(isolated / "tensorflow_datasets") in splits.source
    assert "half way" in capfd.readouterr().err
    script("raise SystemExit('is not reached')")
    assert data.load("cifar100").fingerprint == splits.fingerprint


def test_download_that_fails(isolated, script, monkeypatch):
    monkeypatch.setattr(probe, "why_unreachable", lambda url: None)
    script("raise SystemExit('DownloadError: 404')")
    with pytest.raises(data.DataNotFoundError, match="its download fails in TFDS: DownloadError"):
        data.load("cifar100")


def test_interrupt_ends_the_child(folder, script, tmp_path, monkeypatch):
    script(
        f"import os, sys, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        "print('on', file=sys.stderr, flush=True); time.sleep(60)"
    )

    class Interrupted:
        def write(self, _):
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stderr", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        read_tfds._call([sys.executable, str(read_tfds._SCRIPT)], show=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_script_gives_the_arrays_of_both_parts(monkeypatch):
    class Builder:
        def as_dataset(self, split, batch_size):
            rows = 3 if split == "train" else 1
            image = np.zeros((rows, 32, 32, 3), np.uint8)
            return [{"image": image, "label": np.arange(rows), "id": [b"x"] * rows}] * 2

    module = type(sys)("tensorflow_datasets")
    module.as_numpy = iter
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", module)
    arrays = tfds_reader.read(Builder())
    assert {key: len(array) for key, array in arrays.items()} == {
        "train_images": 6,
        "train_fine": 6,
        "test_images": 2,
        "test_fine": 2,
    }
