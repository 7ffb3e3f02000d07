"""Many runs in one folder: by turns, once each, whatever happens."""

import dataclasses
import importlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import training_fakes
from filelock import FileLock

from kerasoft import training
from kerasoft.data import DataError
from kerasoft.errors import InvalidArgumentError
from kerasoft.training import Variant
from kerasoft.training.run import Run, RunInterrupted

STUDY = importlib.import_module("kerasoft.training.study")
COLUMNS = "epoch,loss,epoch_seconds,first_epoch_extra_seconds\n"
CONFIG = ("softmax", "softmax_options", "recipe", "labels", "seed", "backend")
DATA = ("name", "label_kind", "description", "source", "fingerprint", "images")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Trainings that only write down that they were; `fate` decides how each ends."""

    class Study:
        trained, resumed, fate = [], [], {}

        def __call__(self, variants=("softmax", "gumbel"), seeds=(0, 1), **changes):
            settings = {"folder": tmp_path / "study", "say": lambda line: None} | changes
            recipe = settings.pop("recipe", training_fakes.recipe())
            return training.run_study(recipe, variants=variants, seeds=seeds, **settings)

        def finish(self, run):
            fate = self.fate.get((run.config["softmax"], run.config["seed"]), "0.5")
            if isinstance(fate, BaseException):
                raise fate
            run.metrics.write_text(f"{COLUMNS}1,{fate},1.0,2.0\n")
            run.finish()
            return run

    it = Study()
    it.trained, it.resumed = [], []

    def train(recipe, *, softmax, softmax_options, seed, output_dir, **settings):
        it.trained.append((softmax, seed))
        config = dict.fromkeys(CONFIG) | {"softmax": softmax, "seed": seed}
        config["data"] = dict.fromkeys(DATA)
        config |= {"softmax_options": softmax_options, "recipe": dataclasses.asdict(recipe)}
        return it.finish(Run.create(output_dir, "run", config, {}))

    def resume(folder, data_dir, say):
        it.resumed.append(folder.parent.name)
        return it.finish(Run.open(folder))

    monkeypatch.setattr(STUDY, "train", train)
    monkeypatch.setattr(STUDY, "resume", resume)
    it.data = training_fakes.splits()
    monkeypatch.setattr(STUDY, "load_dataset", lambda *_: it.data)
    return it


def test_variants_take_turns(study):
    outcomes = study()
    assert study.trained == [("softmax", 0), ("gumbel", 0), ("softmax", 1), ("gumbel", 1)]
    assert [(one.variant.softmax, one.seed) for one in outcomes] == study.trained
    assert all(one.run.complete and one.failure is None for one in outcomes)


def test_variants_have_options_and_changes_of_their_own(study, tmp_path):
    warm = Variant("gumbel", {"temperature": 2.0})
    slow = Variant("softmax", changes={"learning_rate": 1e-4}, label="slow")
    outcomes = study(["softmax", "gumbel:temperature=0.5", warm, slow], seeds=(1,))
    configs = [one.run.config for one in outcomes]
    assert [one["softmax_options"] for one in configs] == [
        {}, {"temperature": 0.5}, {"temperature": 2.0}, {},
    ]  # fmt: skip
    rates = [one["recipe"]["learning_rate"] for one in configs]
    assert rates == [1e-2, 1e-2, 1e-2, 1e-4]
    assert sorted(path.name for path in (tmp_path / "study").iterdir() if path.is_dir()) == [
        "gumbel-temperature=0.5-s1",
        "gumbel-temperature=2.0-s1",
        "softmax-recipe.learning_rate=0.0001-s1",
        "softmax-s1",
    ]


def test_a_study_is_read_without_training(study, tmp_path):
    study.fate["gumbel", 1] = RuntimeError("too large")
    study(seeds=(0, 1))
    study.fate["taylor", 0] = RunInterrupted(Run("here"))
    with pytest.raises(RunInterrupted):
        study([Variant("taylor", label="series")], seeds=(0,))
    trained = study.trained[:]
    settings, outcomes = training.read_study(tmp_path / "study")
    assert settings["recipe"] == dataclasses.asdict(training_fakes.recipe())
    assert settings["labels"] == "fine" and "variants" not in settings
    assert [str(one) for one in outcomes] == [
        "softmax, seed 0: complete",
        "gumbel, seed 0: complete",
        "series, seed 0: missing",
        "softmax, seed 1: complete",
        "gumbel, seed 1: failed: RuntimeError: too large",
    ]
    assert study.trained == trained


def test_a_record_of_an_earlier_version_goes_on(study, tmp_path):
    """Settings that recipes have got since have their default in it."""
    study(seeds=(0,))
    path = tmp_path / "study" / "study.json"
    record = json.loads(path.read_text())
    del record["recipe"]["logging_steps"]
    path.write_text(json.dumps(record))
    study(seeds=(0, 1))
    assert len(study.trained) == 4
    assert json.loads(path.read_text())["recipe"]["logging_steps"] == 0


def test_what_changes_no_training_may_be_another(study, tmp_path):
    study(seeds=(0,))
    study(seeds=(0, 1), recipe=training_fakes.recipe(logging_steps=2))
    assert len(study.trained) == 4
    with pytest.raises(InvalidArgumentError, match=r"Received: recipe={'epochs': 4}"):
        study(recipe=training_fakes.recipe(logging_steps=5, epochs=4))


def test_two_variants_of_one_name_cannot_meet_in_a_folder(study):
    study([Variant("gumbel", label="mine")], seeds=(0,))
    with pytest.raises(InvalidArgumentError, match="`variants` must be.* once.*mine"):
        study([Variant("pseudo", label="mine")], seeds=(0,))
    assert study.trained == [("gumbel", 0)]


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"variants": [{"variant": {}}]}'])
def test_what_is_no_study_is_not_read(tmp_path, content):
    if content is not None:
        (tmp_path / "study.json").write_text(content)
    with pytest.raises(InvalidArgumentError, match="Not a study's folder.*Received: folder="):
        training.read_study(tmp_path)


def test_what_is_there_stays(study):
    study(seeds=(0,))
    before = study.trained[:]
    outcomes = study(variants=("softmax", "gumbel", "log-softmax"))
    assert study.trained[len(before) :] == [
        ("log_softmax", 0), ("softmax", 1), ("gumbel", 1), ("log_softmax", 1),
    ]  # fmt: skip
    assert len(outcomes) == 6 and all(one.run for one in outcomes)


def test_an_interrupted_study_goes_on(study):
    study.fate["gumbel", 0] = RunInterrupted(Run("here"))
    with pytest.raises(RunInterrupted):
        study()
    study.fate.clear()
    assert all(one.run for one in study())
    assert study.resumed == ["gumbel-s0"]
    assert study.trained == [("softmax", 0), ("gumbel", 0), ("softmax", 1), ("gumbel", 1)]


@pytest.mark.parametrize(
    "fate, reason",
    [
        (RuntimeError("RESOURCE_EXHAUSTED:\nout of memory"), "RuntimeError: RESOURCE_EXHAUSTED: o"),
        (InvalidArgumentError("It takes no mixing.", mixing="cutmix"), "takes no mixing"),
        ("nan", "the loss became nan in epoch 1"),
    ],
)
def test_a_run_that_fails_stops_no_other(study, fate, reason):
    study.fate["softmax", 0] = fate
    for _ in range(2):  # the second time nothing is trained again
        outcomes = study()
        assert reason in outcomes[0].failure and "\n" not in outcomes[0].failure
        assert outcomes[0].run is None and all(one.run for one in outcomes[1:])
    assert len(study.trained) == 4 and not study.resumed


@pytest.mark.parametrize("fate", [DataError("No images."), OSError(28, "No space left")])
def test_what_is_no_variants_fault_stops_all(study, fate):
    study.fate["softmax", 0] = fate
    with pytest.raises(type(fate)):
        study()
    study.fate.clear()
    assert all(one.run for one in study())


def test_a_process_that_ends_without_a_word_is_given_up(study):
    class Killed(BaseException):
        """As by the system: nothing is caught, nothing is written."""

    study.fate["gumbel", 0] = Killed()
    for _ in range(STUDY.ATTEMPTS):
        with pytest.raises(Killed):
            study()
    outcomes = study()
    assert "2 times" in outcomes[1].failure
    assert [bool(one.run) for one in outcomes] == [True, False, True, True]


def test_what_another_process_is_at_is_left_to_it(study, tmp_path):
    study(seeds=(0,), variants=("softmax",))
    (tmp_path / "study" / "gumbel-s0").mkdir()
    with FileLock(tmp_path / "study" / "gumbel-s0" / "run.lock"):
        outcomes = study()
    assert ("gumbel", 0) not in study.trained
    assert [bool(one.run) for one in outcomes] == [True, False, True, True]
    assert outcomes[1].failure is None
    assert all(one.run for one in study())


def test_a_run_that_fails_for_its_loss_says_so(study, monkeypatch):
    """Scoring would fail too, with words that tell less."""

    def finish(run):
        run.metrics.write_text(f"{COLUMNS}1,inf,1.0,2.0\n2,0.5,1.0,\n3,inf,1.0,\n4,nan,1.0,\n")
        raise InvalidArgumentError("`log_probs` must not hold NaN.", rows=10)

    monkeypatch.setattr(study, "finish", finish)
    outcomes = study(seeds=(0,))
    assert [one.failure for one in outcomes] == 2 * ["the loss became inf in epoch 3"]


def test_two_at_once_share_the_work(study, monkeypatch, tmp_path):
    """Threads here; locks on files do not care whose they are."""
    finish = study.finish
    monkeypatch.setattr(study, "finish", lambda run: (time.sleep(0.02), finish(run))[1])
    with ThreadPoolExecutor() as pool:
        both = [pool.submit(study, seeds=range(4)) for _ in range(2)]
    for one in both:
        assert not any(outcome.failure for outcome in one.result())
    assert sorted(study.trained) == [
        (name, seed) for name in ("gumbel", "softmax") for seed in range(4)
    ]
    assert all(one.run for one in training.read_study(tmp_path / "study")[1])


def test_another_study_is_refused(study, tmp_path):
    study()
    with pytest.raises(InvalidArgumentError, match="another recipe.*Received"):
        study(recipe=training_fakes.recipe(epochs=4))
    with pytest.raises(InvalidArgumentError, match="another labels.*Received: labels='coarse'"):
        study(labels="coarse")
    assert json.loads((tmp_path / "study" / "study.json").read_text())["labels"] == "fine"
    study.data = training_fakes.splits(fingerprint="e" * 64)
    study()  # nothing is left to train, nor data needed
    with pytest.raises(InvalidArgumentError, match="another data_fingerprint"):
        study(seeds=(0, 1, 2))


def test_what_differs_between_recipes_is_named(study):
    study()
    with pytest.raises(InvalidArgumentError) as error:
        study(recipe=training_fakes.recipe(epochs=4))
    assert "another recipe ({'epochs': 3}); take another folder." in str(error.value)
    assert str(error.value).endswith("Received: recipe={'epochs': 4}")


def test_wrong_data_leave_no_folder(study, monkeypatch, tmp_path):
    def absent(*_):
        raise DataError("not there")

    monkeypatch.setattr(STUDY, "load_dataset", absent)
    with pytest.raises(DataError):
        study()
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize("content", ["", "{", "[1"])
def test_a_damaged_record_is_no_study(study, tmp_path, content):
    study()
    (tmp_path / "study" / "study.json").write_text(content)
    with pytest.raises(InvalidArgumentError, match="study.json in it cannot be read.*Received"):
        study(seeds=(2,))


@pytest.mark.parametrize(
    "changes",
    [
        {"variants": ()},
        {"variants": ("gumbel", "gumbel")},
        {"variants": ("softmax", "softmin")},
        {"variants": ("gumbel", Variant("gumbel", label="the same"))},
        {"variants": ("gumbel", Variant("softmax", label="gumbel"))},
        {"variants": (Variant("softmax", changes={"epochs": 0}),)},
        {"seeds": ()},
        {"seeds": (1, 1)},
    ],
)
def test_bad_input(study, tmp_path, changes):
    with pytest.raises(InvalidArgumentError, match="Received"):
        study(**changes)
    assert not (tmp_path / "study").exists()


def test_real_runs(fakes, tmp_path):
    outcomes = training.run_study(
        training_fakes.recipe(epochs=1),
        variants=["softmax", "hierarchical"],
        seeds=[3],
        folder=tmp_path / "study",
        say=lambda line: None,
    )
    assert [one.run.report().n_examples for one in outcomes] == [130, 130]
    assert [one.run.config["seed"] for one in outcomes] == [3, 3]


def test_a_variant_that_the_data_refuse_is_refused_before_anything_is_written(study, tmp_path):
    with pytest.raises(InvalidArgumentError, match="between 1 and .* Received: num_sampled=99"):
        study(["softmax", "sampled:num_sampled=99"])
    assert not study.trained and not (tmp_path / "study").exists()


def test_a_report_of_something_else_stays(study, tmp_path):
    (tmp_path / "report.md").write_text("mine")
    with pytest.raises(InvalidArgumentError, match="another folder. Received: folder="):
        study(folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


def test_what_was_there_already_is_said(study):
    study(["softmax"], seeds=(0,))
    said = []
    study(["softmax", "gumbel"], seeds=(0,), say=said.append)
    assert said[1:] == ["run 1 of 2: softmax, seed 0: complete", "run 2 of 2: gumbel, seed 0"]


@pytest.mark.parametrize("seeds", [[-1], [0.0], [True], ["0"], []])
def test_seeds_are_looked_at_first(study, tmp_path, seeds):
    with pytest.raises(InvalidArgumentError, match="seeds.*Received: seeds="):
        study(seeds=seeds)
    assert not (tmp_path / "study").exists()


def test_seeds_of_numpy(study):
    assert [one.seed for one in study(["softmax"], seeds=np.arange(2))] == [0, 1]


def test_interruptions_do_not_use_up_attempts(study):
    for _ in range(3):
        study.fate["softmax", 0] = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            study(["softmax"], seeds=(0,))
    del study.fate["softmax", 0]
    (outcome,) = study(["softmax"], seeds=(0,))
    assert outcome.run is not None


def test_a_failure_that_is_removed_is_tried_anew(study, tmp_path):
    """Also one of a process that ended again and again without a word."""
    folder = tmp_path / "study" / "softmax-s0"
    study(["gumbel"], seeds=(0,))
    folder.mkdir()
    (folder / "attempts.json").write_text(json.dumps({"epochs": 0, "attempts": 9}))
    (failed,) = study(["softmax"], seeds=(0,))
    assert "out of memory?" in failed.failure
    (folder / "FAILED.json").unlink()
    (outcome,) = study(["softmax"], seeds=(0,))
    assert outcome.run is not None


def test_one_and_one_point_are_two_variants(study):
    outcomes = study(["gumbel:temperature=1"]) + study(["gumbel:temperature=1.0"], seeds=(0,))
    assert all(one.run for one in outcomes) and len(study.trained) == 3
    _, everything = training.read_study(outcomes[0].run.folder.parent.parent)
    assert len(everything) == 3 and all(one.run for one in everything)


def test_the_order_is_that_of_the_first_time(study, tmp_path):
    study(["gumbel", "taylor"], seeds=(0,))
    study(["gumbel"], seeds=(1,))
    _, outcomes = training.read_study(tmp_path / "study")
    assert [str(one) for one in outcomes][:2] == [
        "gumbel, seed 0: complete",
        "taylor, seed 0: complete",
    ]


def test_a_complete_run_that_diverged_is_a_failure_whoever_looks(study, tmp_path):
    (outcome,) = study(["softmax"], seeds=(0,))
    outcome.run.metrics.write_text(f"{COLUMNS}1,nan,1.0,2.0\n")
    _, (found,) = training.read_study(tmp_path / "study")
    assert found.run is None and found.failure == "the loss became nan in epoch 1"


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"epochs": 0}'])
def test_what_is_kept_beside_a_run_may_be_damaged(study, tmp_path, content):
    study.fate["softmax", 0] = RuntimeError("no")
    study(["softmax", "gumbel"], seeds=(0,))
    for name in ("FAILED.json", "attempts.json"):
        (tmp_path / "study" / "softmax-s0" / name).write_text(content)
    failed, complete = study(["softmax", "gumbel"], seeds=(0,))
    assert "FAILED.json cannot be read" in failed.failure and complete.run
    (tmp_path / "study" / "softmax-s0" / "FAILED.json").unlink()
    del study.fate["softmax", 0]
    assert all(one.run for one in study(["softmax", "gumbel"], seeds=(0,)))


@pytest.mark.parametrize(
    "change",
    [
        lambda one: [],
        lambda one: None,
        lambda one: {**one, "variants": []},
        lambda one: {
            **one,
            "variants": [{"variant": {"softmax": "softmax", "x": 1}, "seeds": [0]}],
        },
        lambda one: {**one, "variants": [{"variant": {"softmax": "softmax"}, "seeds": [0, "a"]}]},
        lambda one: {**one, "recipe": {}},
        lambda one: {name: value for name, value in one.items() if name != "recipe"},
    ],
)
def test_a_damaged_study_is_one_line(study, tmp_path, change):
    study(["softmax"], seeds=(0,))
    path = tmp_path / "study" / "study.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    for look in (lambda: study(["softmax"], seeds=(0,)), lambda: training.read_study(path.parent)):
        with pytest.raises(InvalidArgumentError, match="study.json.*cannot be read.*Received"):
            look()
