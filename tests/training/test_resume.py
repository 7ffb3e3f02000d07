"""Interrupted runs, and the results that they come to all the same."""

import functools
import importlib
import json
import shutil

import keras
import pytest
import training_fakes

from kerasoft import callbacks, evaluation, training
from kerasoft.callbacks import read_metrics
from kerasoft.errors import InvalidArgumentError
from kerasoft.training.run import Run

TRAIN = importlib.import_module("kerasoft.training.train")
RESULTS = ("epoch", "learning_rate", "loss", "accuracy", "top5")
RESULTS += ("val_loss", "val_accuracy", "val_top5")


def results(run):
    return [[row[name] for name in RESULTS] for row in read_metrics(run.metrics)]


def interrupt_at(patch, owner, method, call):
    """The `call`-th call of `owner.method` is Ctrl-C."""
    original, calls = getattr(owner, method), []

    def interrupted(*arguments, **options):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return original(*arguments, **options)

    patch.setattr(owner, method, interrupted)


def interrupted(work, owner, method, call):
    """What `work` leaves behind when it is interrupted."""
    with pytest.MonkeyPatch.context() as patch:
        interrupt_at(patch, owner, method, call)
        with pytest.raises(training.RunInterrupted) as caught:
            work()
    assert isinstance(caught.value, KeyboardInterrupt)
    run = caught.value.run
    assert not run.complete
    assert "--resume" in (run.folder / "INCOMPLETE.txt").read_text()
    return run


@pytest.mark.parametrize(
    "interrupts",
    [
        (
            (callbacks.Progress, "on_train_batch_begin", 3, 0),  # in the first epoch
            (callbacks.Checkpoint, "on_epoch_end", 2, 1),  # between a row and its checkpoint
            (callbacks.Progress, "on_train_batch_begin", 8, 2),  # in the third, of five steps each
        ),
        (
            (evaluation, "evaluate", 1, 3),
            (keras.Model, "save", 1, 3),  # the report is there, the model is not
        ),
    ],
    ids=["while training", "while evaluating"],
)
def test_an_interrupted_run_comes_to_the_same(run, train, interrupts):
    """To the last digit: dropout, noise, order, optimizer and schedule go on."""
    said = []
    work = functools.partial(train, seed=7)
    for owner, method, call, epochs_done in interrupts:
        broken = interrupted(work, owner, method, call)
        assert broken.checkpoint.exists() == (epochs_done > 0)
        work = functools.partial(training.resume, broken.folder, say=said.append)
    resumed = work()
    assert resumed.complete
    assert {file.name for file in resumed.folder.iterdir()} == training_fakes.RUN_FILES
    assert results(resumed) == results(run)
    assert resumed.report() == run.report()
    going_on = [f"going on after epoch {done} of 3" for *_, done in interrupts if done]
    assert [line for line in said if "going on" in line] == going_on


@pytest.fixture
def broken(run, tmp_path):
    """The folder of a run that says that it was interrupted."""
    folder = tmp_path / "broken"
    shutil.copytree(run.folder, folder)
    (folder / "INCOMPLETE.txt").write_text("not complete")
    return folder


def edit(folder, **changes):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))


def refused(folder, message):
    before = sorted(file.name for file in folder.iterdir()) if folder.is_dir() else None
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        training.resume(folder, say=lambda line: None)
    assert "Received: " in str(caught.value) and "\n" not in str(caught.value)
    if before:
        assert sorted(file.name for file in folder.iterdir()) == before


def test_a_complete_run(run, fakes):
    refused(run.folder, "complete already")


@pytest.mark.parametrize("kind", ["absent", "a file", "empty", "garbage", "a list", "another's"])
def test_a_folder_that_is_no_run(fakes, tmp_path, kind):
    folder = tmp_path / "folder"
    contents = {"garbage": "{", "a list": "[1]", "another's": '{"model_type": "bert"}'}
    if kind == "a file":
        folder.write_text("hello")
    elif kind != "absent":
        folder.mkdir()
    if kind in contents:
        (folder / "INCOMPLETE.txt").write_text("")
        (folder / "config.json").write_text(contents[kind])
    refused(folder, "no config.json|cannot be read|something else")


NAMES = ["name", "label_kind", "description", "source", "fingerprint", "images"]


@pytest.mark.parametrize("data", [{"name": "cifar100"}, NAMES, 3, None])
def test_settings_that_do_not_say_which_data(broken, fakes, data):
    edit(broken, data=data)
    refused(broken, "config.json cannot be read")


def test_other_data(broken, fakes, monkeypatch):
    other = training_fakes.splits(fingerprint="0" * 64)
    monkeypatch.setattr(TRAIN, "load_dataset", lambda *_: other)
    refused(broken, "not the data that the run was begun with")


def test_a_recipe_of_a_later_version(broken, fakes):
    recipe = json.loads((broken / "config.json").read_text())["recipe"]
    edit(broken, recipe={**recipe, "speed": 3})
    refused(broken, r"does not know.*Received: recipe=\['speed'\]")


def test_another_backend(broken, fakes):
    edit(broken, backend="theano")
    refused(broken, "begun with the theano backend.*Received: backend=")


def test_a_damaged_checkpoint(broken, fakes):
    (broken / "checkpoint.npz").write_bytes(b"PK\x03\x04 and no more")
    refused(broken, "checkpoint cannot be read")


def test_a_run_that_lost_its_metrics(broken, fakes, monkeypatch):
    monkeypatch.setattr(callbacks.Checkpoint, "restore", staticmethod(lambda *_: 2))
    (broken / "checkpoint.npz").touch()
    (broken / "metrics.csv").write_text("epoch,loss\n1,0.5\n")
    refused(broken, "fewer than 2 epochs")


def test_a_run_without_validation_goes_on_without(train, fakes):
    run = interrupted(
        lambda: train(validation=False, epochs=1), callbacks.Progress, "on_train_batch_begin", 3
    )
    assert run.config["validation"] is False
    training.resume(run.folder, say=lambda line: None)
    assert [validation for *_, validation in fakes] == [False, False]


def test_the_data_set_is_asked_for_by_its_own_name(broken, fakes):
    """Not by "auto": what that means may have changed since."""
    (broken / "checkpoint.npz").write_text("stop here")
    with pytest.raises(InvalidArgumentError):
        training.resume(broken, data_dir="elsewhere", say=lambda line: None)
    assert fakes == [("cifar10", "fine", "elsewhere", True)]
    assert not Run.open(broken).complete
