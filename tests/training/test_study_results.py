"""From the folders of real, tiny runs to the data of a report."""

import importlib
import json
import shutil

import pytest
import training_fakes

from kerasoft import callbacks, training
from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.study import study_document
from kerasoft.training import Variant
from kerasoft.training.run import RunInterrupted

TIMES = {"epoch_seconds", "validation_seconds", "first_epoch_extra_seconds"}
VARIANTS = ["softmax", Variant("hierarchical", {"tree": "balanced"}, label="a *tree*")]


def run_study(folder, variants=VARIANTS, seeds=(0, 1), **changes):
    recipe = training_fakes.recipe(epochs=2, logging_steps=2)
    settings = {"folder": folder, "say": lambda line: None} | changes
    return training.run_study(recipe, variants=variants, seeds=seeds, **settings)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, splits):
    """A whole study without its models, as it comes back from another machine."""
    folder = tmp_path_factory.mktemp("study") / "here"
    with pytest.MonkeyPatch.context() as patch:
        training_fakes.use_fakes(patch, splits)
        run_study(folder)
    for model in folder.rglob("*.keras"):
        model.unlink()
    return folder


def scores(study):
    """All that must not depend on how often a study was interrupted."""
    return {
        (run.variant, run.seed): (
            run.report.to_dict(),
            {name: column for name, column in run.history.items() if name not in TIMES},
            run.step_history,
            run.parameters,
            run.complexity,
            run.data,
        )
        for run in study.runs
    }


def test_a_report_needs_no_model(folder):
    study = training.study_results(folder)
    assert study.variants == ("softmax", "a *tree*") and study.baseline == "softmax"
    assert [(run.variant, run.seed) for run in study.runs] == [
        ("softmax", 0), ("a *tree*", 0), ("softmax", 1), ("a *tree*", 1),
    ]  # fmt: skip
    assert study.absent == ()
    assert study.title == "Softmax variants of linear on cifar10"
    assert "`linear` by the recipe `tiny` (2 epochs, batches of 64) on cifar10" in study.subject
    assert "320 / 100 / 130 images" in study.subject
    assert study.recipe["batch_size"] == 64
    assert study.settings["a *tree*"] == {"softmax": "hierarchical", "tree": "balanced"}
    assert study_document(study).title == study.title


def test_facts_come_from_the_small_files(folder):
    softmax, tree = training.study_results(folder).runs[:2]
    dense, norm, head = 96 * 16 + 16, 2 * 16, 16 * 10 + 10
    assert softmax.parameters == dense + norm + head
    assert tree.parameters == softmax.parameters - 17  # nine decisions for ten classes
    assert softmax.complexity == {
        "training, an example": "O(C D)",
        "inference, an example": "O(C D)",
        "the score layer alone": "O(C)",
    }
    assert tree.complexity["training, an example"] == "O(D log C)"
    run = training.read_study(folder)[1][0].run
    assert softmax.epoch_seconds == run.steady_epoch_seconds()
    history = run.history()
    assert softmax.compilation_seconds == history["first_epoch_extra_seconds"][0]
    assert softmax.step_history["epoch"] == [1, 1, 2, 2]
    assert softmax.step_history["step"] == [2, 4, 7, 9]
    total = sum(history["epoch_seconds"]) + softmax.compilation_seconds
    assert softmax.training_seconds == total
    assert softmax.environment["backend"] == run.config["backend"]
    assert {"device", "keras", "commit", "python"} <= set(softmax.environment)
    assert softmax.data["fingerprint (SHA-256)"] == "f" * 64


def test_an_interrupted_study_ends_with_the_same_numbers(folder, fakes, tmp_path, monkeypatch):
    def interrupted(self, epoch, logs=None):
        self.count = interrupted.count = getattr(interrupted, "count", 0) + 1
        if interrupted.count in (1, 4):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(callbacks.Progress, "on_epoch_end", interrupted)
        for _ in range(2):
            with pytest.raises(RunInterrupted):
                run_study(tmp_path / "study")
    partly = training.study_results(tmp_path / "study")
    assert len(partly.absent) == 3 and all(one.failure is None for one in partly.absent)
    run_study(tmp_path / "study")
    assert scores(training.study_results(tmp_path / "study")) == scores(
        training.study_results(folder)
    )


def test_failures_are_told(folder, fakes, tmp_path, monkeypatch):
    study = tmp_path / "study"
    shutil.copytree(folder, study)
    module = importlib.import_module("kerasoft.training.study")

    def out_of_memory(*_, **__):
        raise RuntimeError("RESOURCE_EXHAUSTED: out of memory")

    monkeypatch.setattr(module, "train", out_of_memory)
    run_study(study, ["gumbel"], seeds=(0,))
    found = training.study_results(study)
    assert [(one.variant, one.seed, one.failure) for one in found.absent] == [
        ("gumbel", 0, "RuntimeError: RESOURCE_EXHAUSTED: out of memory")
    ]
    assert found.variants == ("softmax", "a *tree*", "gumbel") and len(found.runs) == 4


def test_a_study_without_a_run(fakes, tmp_path, monkeypatch):
    module = importlib.import_module("kerasoft.training.study")

    def wrong(*_, **__):
        raise RuntimeError("no")

    monkeypatch.setattr(module, "train", wrong)
    run_study(tmp_path / "study")
    found = training.study_results(tmp_path / "study")
    assert not found.runs and len(found.absent) == 4 and found.subject.endswith("on auto")


@pytest.mark.parametrize("name, content", [("report.json", "{"), ("environment.json", "{}")])
def test_a_damaged_run_is_one_line(folder, tmp_path, name, content):
    study = tmp_path / "study"
    shutil.copytree(folder, study)
    next(study.rglob(name)).write_text(content)
    with pytest.raises(InvalidArgumentError, match=f"{name} cannot be read.*Received: path="):
        training.study_results(study)


def test_label_smoothing_that_some_leave_out_is_told(folder, tmp_path):
    study = tmp_path / "study"
    shutil.copytree(folder, study)
    settings = json.loads((study / "study.json").read_text())
    assert "smoothing" not in training.study_results(study).subject
    settings["recipe"]["label_smoothing"] = 0.1
    (study / "study.json").write_text(json.dumps(settings))
    subject = training.study_results(study).subject
    assert "label smoothing, which a \\*tree\\* **did not have**" in subject


WARM = Variant("gumbel", {"temperature": 2.0}, label="warm")
PLAIN, TREE = Variant("softmax"), Variant("hierarchical")


@pytest.mark.parametrize(
    "variants, asked, expected",
    [
        ([TREE, PLAIN], None, PLAIN),
        ([TREE, WARM], None, TREE),
        ([TREE, WARM], "warm", WARM),
        ([TREE, WARM], "gumbel:temperature=2.0", WARM),
        ([TREE, WARM], Variant("gumbel", {"temperature": 2.0}), WARM),
    ],
)
def test_the_baseline(variants, asked, expected):
    assert training.choose_baseline(variants, asked).label == expected.label


@pytest.mark.parametrize("asked", ["gumbel", "cold", Variant("pseudo")])
def test_no_such_baseline(asked):
    with pytest.raises(InvalidArgumentError, match="Received"):
        training.choose_baseline([PLAIN, WARM], asked)
