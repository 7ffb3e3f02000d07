"""Saved models, scored again."""

import zipfile

import keras
import numpy as np
import pytest

from kerasoft import training
from kerasoft.errors import InvalidArgumentError


def plain(path, activation="softmax", classes=10, shape=(32, 32, 3)):
    """A Keras model that knows nothing of kerasoft."""
    images = keras.Input(shape)
    x = keras.layers.Rescaling(1 / 255)(images)
    x = keras.layers.Flatten()(x)
    keras.Model(images, keras.layers.Dense(classes, activation)(x)).save(path)
    return path


@pytest.fixture
def evaluate(fakes, tmp_path):
    def call(path, **options):
        quiet = {"output_dir": tmp_path / "runs", "say": lambda line: None}
        return training.evaluate_saved(path, **{**quiet, **options})

    return call


def refused(evaluate, tmp_path, path, message, **options):
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        evaluate(path, **options)
    assert "Received: " in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("kind", ["absent", "a folder", "text", "empty", "truncated", "archive"])
@pytest.mark.parametrize("name", ["model.keras", "model.txt"])
def test_a_file_that_is_no_model(evaluate, run, tmp_path, kind, name):
    path = tmp_path / name
    if kind == "a folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("hello\nworld\n")
    elif kind == "empty":
        path.touch()
    elif kind == "truncated":
        path.write_bytes(run.model.read_bytes()[:2000])
    elif kind == "archive":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("note.txt", "hello")
    refused(evaluate, tmp_path, path, "no such model file|no Keras model")


def test_a_model_whose_weights_are_gone(evaluate, run, tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(run.model) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if not name.endswith(".h5"):
                new.writestr(name, old.read(name))
    refused(evaluate, tmp_path, path, "no Keras model")


def test_a_wrong_split(evaluate, run, tmp_path):
    refused(evaluate, tmp_path, run.model, "one of test, validation, train", split="testing")


def test_a_model_that_does_not_know_its_data(evaluate, tmp_path):
    refused(evaluate, tmp_path, plain(tmp_path / "m.keras"), "name them with `dataset`")


def test_a_plain_keras_model(evaluate, splits, tmp_path):
    path = plain(tmp_path / "plain.keras")
    report, folder = evaluate(path, dataset="cifar10", split="validation")
    predicted = keras.saving.load_model(path).predict(splits.validation.images, verbose=0)
    expected = np.mean(predicted.argmax(axis=1) == splits.validation.labels)
    assert report.accuracy == expected
    assert report.n_examples == 100
    assert folder.name.endswith("-evaluation-plain-validation")
    assert "plain on the validation split of cifar10" in (folder / "report.md").read_text()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"activation": None}, "Plain scores .logits. need a softmax"),
        ({"classes": 7}, "one entry for each of the 7 classes"),
        ({"shape": (28, 28, 1)}, r"must take images \(N, 32, 32, 3\)"),
        ({"shape": (3072,)}, r"must take images \(N, 32, 32, 3\)"),
    ],
)
def test_a_model_that_does_not_fit(evaluate, tmp_path, options, message):
    path = plain(tmp_path / "m.keras", **options)
    refused(evaluate, tmp_path, path, message, dataset="cifar10")


def test_images_of_any_size_are_taken(evaluate, tmp_path):
    images = keras.Input((None, None, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(images))
    keras.Model(images, keras.layers.Dense(10, "softmax")(x)).save(tmp_path / "m.keras")
    assert evaluate(tmp_path / "m.keras", dataset="cifar10")[0].n_examples == 130


def test_what_the_model_knows_may_be_overruled(evaluate, run, fakes):
    said = []
    evaluate(run.model, labels="coarse", dataset="glyphs", data_dir="there", say=said.append)
    assert fakes == [("glyphs", "coarse", "there", True)]
    assert len(said) == 2  # reading, what was read; same fingerprint: no note


def test_images_that_were_trained_on_are_no_validation(evaluate, train, tmp_path):
    path = train(validation=False, output_dir=tmp_path / "trained").model
    refused(evaluate, tmp_path, path, "trained on the validation images too", split="validation")
    assert evaluate(path)[0].n_examples == 130


def test_other_data_than_those_of_training_are_noted(evaluate, run, monkeypatch):
    import importlib

    import training_fakes

    module = importlib.import_module("kerasoft.training.evaluate_saved")
    other = training_fakes.splits(fingerprint="0" * 64)
    monkeypatch.setattr(module, "load_dataset", lambda *_: other)
    said = []
    evaluate(run.model, say=said.append)
    assert said[2:] == ["note: these are other data than those that the model was trained on"]


def test_the_output_folder_is_checked_before_the_work(evaluate, run, fakes, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        evaluate(run.model, output_dir=tmp_path / "file")
    assert fakes == []


@pytest.mark.parametrize(
    "name", ["", "..", ".", ".hidden", "a/b", "a\\b", "../up", "/abs", "a b", "a\n", "é", "-rf"]
)
def test_a_name_that_is_none(tmp_path, name):
    with pytest.raises(InvalidArgumentError, match=r"`save` must be a name.* Received: save="):
        training.check_name(name, tmp_path)


@pytest.mark.parametrize("name", ["a", "cifar100-resnet9_1.0", "7"])
def test_a_name_that_is_free(tmp_path, name):
    training.check_name(name, tmp_path / "not there yet")
    training.check_name(name, tmp_path)


def test_a_name_that_was_taken_meanwhile(run, tmp_path):
    """By another training that was started with the same name."""
    kept = training.save_model("mine", tmp_path, run).read_bytes()
    with pytest.raises(InvalidArgumentError, match="exists already.* Received: save='mine'"):
        training.save_model("mine", tmp_path, run)
    assert (tmp_path / "mine.keras").read_bytes() == kept


@pytest.mark.parametrize("suffix", [".keras", ".md", ".json"])
def test_a_name_that_is_taken(tmp_path, suffix):
    """By a README.md, say."""
    (tmp_path / f"README{suffix}").touch()
    with pytest.raises(InvalidArgumentError, match="exists already.* Received: save='README'"):
        training.check_name("README", tmp_path)
