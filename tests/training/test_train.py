"""One training, from its settings to a finished folder."""

import dataclasses
import hashlib
import importlib
import json
import shutil

import keras
import numpy as np
import pytest
import training_fakes

from kerasoft import evaluation, training
from kerasoft.callbacks import read_metrics
from kerasoft.errors import InvalidArgumentError
from kerasoft.files import write_json
from kerasoft.training.dataset import READING
from kerasoft.training.run import Run

TRAIN = importlib.import_module("kerasoft.training.train")
RESULTS = ("loss", "accuracy", "top5", "val_loss", "val_accuracy", "val_top5")


def results(run):
    return [[row[name] for name in RESULTS] for row in read_metrics(run.metrics)]


def strict(path):
    def refuse(constant):
        raise AssertionError(f"{constant} in {path.name}")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_the_folder_holds_just_what_it_should(run):
    assert {file.name for file in run.folder.iterdir()} == training_fakes.RUN_FILES
    assert run.complete
    assert all(file.stat().st_size > 0 for file in run.folder.iterdir())


def test_the_settings_are_recorded(run, splits):
    config = strict(run.folder / "config.json")
    assert training.Recipe(**config["recipe"]) == training_fakes.recipe()
    assert config["softmax"] == "gumbel" and config["softmax_options"] == {}
    assert config["seed"] == 7
    assert config["backend"] == keras.config.backend()
    assert config["data"]["fingerprint"] == splits.fingerprint
    assert config["data"]["images"] == [320, 100, 130]
    environment = strict(run.folder / "environment.json")
    assert environment["backend"] == keras.config.backend()
    assert environment["versions"]["keras"] == keras.__version__
    assert environment["command"] and environment["device"] and environment["python"]


def test_the_data_are_announced(complete, splits):
    _, said, asked = complete
    pace = "epochs left: 3, of 5 steps; the first also compiles"
    assert said == [READING, splits.describe(), pace]
    assert asked == [("auto", "fine", None, True)]


def test_one_row_an_epoch(run):
    rows = read_metrics(run.metrics)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    seconds = ["epoch_seconds", "validation_seconds", "first_epoch_extra_seconds"]
    assert list(rows[0]) == ["epoch", "learning_rate", *RESULTS, *seconds]
    assert all(np.isfinite(list(row.values())).all() for row in rows)
    assert run.steady_epoch_seconds() == np.median([row["epoch_seconds"] for row in rows[1:]])
    assert rows[-1]["learning_rate"] == 0.0  # the cosine has come to its end


@pytest.mark.parametrize("logging_steps, steps", [(2, [2, 4, 7, 9]), (500, [5, 10])])
def test_one_row_every_so_many_steps_or_an_epoch(train, logging_steps, steps):
    run = train(epochs=2, logging_steps=logging_steps)
    assert run.step_history()["step"] == steps
    if logging_steps > 5:
        np.testing.assert_allclose(run.step_history()["loss"], run.history()["loss"], rtol=1e-6)


def test_no_such_rows_unless_asked_for(run):
    assert run.step_history() == {} and not run.steps.exists()


def test_it_learns(run):
    assert run.report().n_examples == 130
    assert run.report().accuracy > 0.2  # chance is 0.1


def test_the_saved_model_has_the_reported_scores_exactly(run, fakes, tmp_path):
    report, folder = training.evaluate_saved(run.model, output_dir=tmp_path, say=lambda line: None)
    assert report == run.report()
    assert fakes == [("cifar10", "fine", None, True)]  # the model knows
    expected = {"report.json", "report.md", "confusion.csv", "confusion.png", "reliability.png"}
    assert {file.name for file in folder.iterdir()} == expected
    assert folder.name.endswith(f"-evaluation-{run.folder.name}-test")


def test_the_report_is_json_and_has_its_context(run):
    values = strict(run.folder / "report.json")
    assert evaluation.Report.from_dict(values) == run.report()
    assert values["title"] == "linear with gumbel on cifar10, seed 7"
    assert set(values["context"]) == {"Data", "Model", "Training", "Time", "Environment"}
    page = (run.folder / "report.md").read_text()
    for picture in ("history.png", "confusion.png", "reliability.png"):
        assert f"]({picture})" in page


def test_the_saved_model_has_no_optimizer_and_its_facts(run, splits):
    model = training.load_model(run.model)
    assert getattr(model, "optimizer", None) is None
    assert model.augmentation is None
    assert model.metadata["class_names"] == list(splits.class_names)
    assert model.metadata["fingerprint"] == splits.fingerprint
    assert (model.metadata["softmax"], model.metadata["seed"]) == ("gumbel", 7)


def test_the_same_seed_repeats_everything(run, train, monkeypatch):
    calls = []
    evaluate = evaluation.evaluate

    def counted(model, images, labels, **options):
        calls.append(images)
        return evaluate(model, images, labels, **options)

    monkeypatch.setattr(evaluation, "evaluate", counted)
    again = train(seed=np.int64(7))
    assert results(again) == results(run)
    assert again.report() == run.report()
    assert len(calls) == 1  # the test split, once
    assert len(calls[0]) == 130


def test_the_settings_are_on_disk_before_training_begins(train, tmp_path, monkeypatch):
    def failing(*_, **__):
        raise MemoryError("no memory left")

    monkeypatch.setattr(TRAIN, "_fit", failing)
    with pytest.raises(MemoryError):
        train()
    (folder,) = (tmp_path / "runs").iterdir()
    files = {file.name for file in folder.iterdir()}
    assert files == {"config.json", "environment.json", "INCOMPLETE.txt"}
    assert strict(folder / "config.json")["recipe"]["name"] == "tiny"
    assert not Run.open(folder).complete


def test_without_validation_in_half_precision_with_augmentation(train, monkeypatch):
    """The ways that the other tests do not go, in one training."""
    splits = training_fakes.splits(validation=0)
    monkeypatch.setattr(TRAIN, "load_dataset", lambda *_: splits)
    before = keras.config.dtype_policy().name
    run = train(
        softmax="log-gumbel",
        softmax_options={"temperature": 2.0},
        epochs=1,
        optimizer="sgd",
        schedule="constant",
        warmup=0.0,
        weight_decay=1e-3,
        momentum=0.9,
        augmentation="flip_shift",
        precision="mixed_bfloat16",
        batch_size=10**6,
    )
    assert keras.config.dtype_policy().name == before
    assert {file.name for file in run.folder.iterdir()} == training_fakes.RUN_FILES
    assert "val_loss" not in run.history()
    assert len(run.history()["loss"]) == 1
    assert run.config["softmax"] == "log_gumbel"
    assert "-log_gumbel-s0" in run.folder.name
    model = training.load_model(run.model)
    assert model.backbone.layers[-1].compute_dtype == "bfloat16"
    assert model.head.softmax.temperature == 2.0


def test_another_seed_differs_and_a_model_that_diverged_is_an_error(
    run, train, tmp_path, monkeypatch
):
    def diverged(classifier):
        classifier.head.bias.assign(np.full(training_fakes.CLASSES, np.nan))
        return classifier

    monkeypatch.setattr(TRAIN, "for_inference", diverged)
    with pytest.raises(InvalidArgumentError, match="diverged"):
        train(seed=8)
    (folder,) = (tmp_path / "runs").iterdir()
    assert not Run.open(folder).complete
    assert results(Run.open(folder)) != results(run)


def test_an_interrupt_before_there_is_a_run(train, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(TRAIN, "load_dataset", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        train()
    assert not isinstance(caught.value, training.RunInterrupted)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "settings, message",
    [
        (
            {"softmax": "softmix"},
            r"`softmax` must be one of softmax, .*Received: softmax='softmix'",
        ),
        ({"softmax": "softmax", "softmax_options": {"temperature": 1.0}}, "temperature=1.0"),
        (
            {"softmax_options": {"temperature": -1.0}},
            r"`temperature` .*Received: temperature=-1\.0",
        ),
        ({"seed": -1}, "`seed` must be .*Received: seed=-1"),
        ({"seed": 1.5}, "`seed` must be .*Received: seed=1.5"),
        ({"softmax": 3}, "`softmax` must be one of .*Received: softmax=3"),
    ],
)
def test_a_wrong_setting_leaves_nothing_behind(train, tmp_path, fakes, settings, message):
    with pytest.raises(InvalidArgumentError, match=message + "$"):
        train(**settings)
    assert list(tmp_path.iterdir()) == []
    assert fakes == []  # nobody waited for data


def test_a_network_that_cannot_be_built_leaves_nothing_behind(train, tmp_path, monkeypatch):
    def failing(*_, **__):
        raise MemoryError("no memory left")

    monkeypatch.setattr(training_fakes, "tiny", failing)
    with pytest.raises(MemoryError):
        train()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("softmax", "options"), [("adaptive", {"cutoffs": [10_000]}), ("sampled", {"num_sampled": 999})]
)
def test_what_does_not_fit_the_data_leaves_nothing_behind(train, tmp_path, softmax, options):
    with pytest.raises(InvalidArgumentError, match="Received: "):
        train(softmax=softmax, softmax_options=options)
    assert list(tmp_path.iterdir()) == []


def test_the_output_folder_is_checked_before_the_data_are_read(train, tmp_path, fakes, monkeypatch):
    (tmp_path / "file").write_text("hello")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NotADirectoryError):
            train(output_dir=folder)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(PermissionError):
        train(output_dir=tmp_path / "new" / "deep")
    assert fakes == []
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_model_is_saved_with_a_card(run, tmp_path):
    path = training.save_model("tiny-1.0_a", tmp_path / "models", run)
    names = {file.name for file in path.parent.iterdir()}
    assert names == {f"tiny-1.0_a.{suffix}" for suffix in ("keras", "md", "json")}
    images = np.zeros((2, 32, 32, 3), np.uint8)
    expected = training.load_model(run.model).predict(images, verbose=0)
    np.testing.assert_array_equal(training.load_model(path).predict(images, verbose=0), expected)
    facts = strict(path.with_name("tiny-1.0_a.json"))
    assert evaluation.Report.from_dict(facts["test"]) == run.report()
    assert facts["config"] == run.config
    card = path.with_name("tiny-1.0_a.md").read_text()
    assert "tiny-1.0_a.keras" in card and run.report().table() in card
    assert "test: cifar10 (fine labels): 320 / 100 / 130 images of 10 classes.\n" in card
    assert "precision float32, backend" in card and "Only the last digits depend" in card
    assert len(path.with_name("tiny-1.0_a.json").read_text().splitlines()) < 300


def test_a_card_tells_no_folders_of_the_machine(run, tmp_path):
    copy = Run(shutil.copytree(run.folder, tmp_path / "run"))
    config, environment = copy.config, copy.environment
    config["recipe"]["precision"] = "mixed_bfloat16"
    source = ".npz /my data/cifar.npz"
    described = f"cifar10 of 10 classes, from {source}, not the published data"
    config["data"] |= {"source": source, "description": described}
    command = "python apps/train_cnn.py --output-dir=/a --softmax gumbel --data-dir '/my data' "
    environment["command"] = command + "--output-dir /b --set 'backbone.widths=[1, 2]' --seed 7"
    write_json(copy.folder / "config.json", config)
    write_json(copy.folder / "environment.json", environment)
    card = training.save_model("m", tmp_path / "models", copy).with_suffix(".md").read_text()
    kept = "python apps/train_cnn.py --softmax gumbel --set 'backbone.widths=[1, 2]' --seed 7"
    assert f"- command: `{kept}`\n" in card
    assert "test: cifar10 of 10 classes, not the published data.\n" in card
    assert "/my data" not in card
    assert "compute in mixed_bfloat16" in card


def digest(folder):
    return {file.name: hashlib.sha256(file.read_bytes()).digest() for file in folder.iterdir()}


def test_reading_a_run_changes_nothing(run):
    before = digest(run.folder)
    opened = Run.open(str(run.folder))
    opened.history(), opened.report(), opened.config, opened.environment
    with pytest.raises(InvalidArgumentError, match="complete already"):
        training.resume(run.folder)
    assert digest(run.folder) == before


def test_backbones_of_one_seed_begin_alike_under_any_head(fakes, splits):
    def first_weights(softmax, seed):
        config = {"softmax": softmax, "softmax_options": {}, "validation": True, "seed": seed}
        config["recipe"] = dataclasses.asdict(training_fakes.recipe())
        weights = TRAIN._prepare(config, splits).backbone.get_weights()
        return np.concatenate([weight.ravel() for weight in weights])

    softmax = first_weights("softmax", 3)
    for name in ("gumbel", "sparsemax", "hierarchical"):
        np.testing.assert_array_equal(first_weights(name, 3), softmax)
    assert not np.array_equal(first_weights("softmax", 4), softmax)
