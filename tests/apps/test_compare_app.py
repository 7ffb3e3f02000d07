"""The command that compares variants, from its options to what it prints."""

import dataclasses
import json
import sys
from pathlib import Path

import compare
import pytest
import training_fakes

from kerasoft import callbacks, training


@pytest.mark.parametrize(
    "arguments, parts",
    [
        (["--model", "rnn"], ["cnn, efficientnet, vit", "rnn"]),
        (["--softmax", "softmix"], ["`softmax` must be one of", "softmix"]),
        (["--softmax", "gumbel:heat=1"], ["`gumbel` has no heat"]),
        (["--softmax", "gumbel", "gumbel"], ["each once"]),
        (["--softmax", "gumbel", "gumbel:"], ["NAME:OPTION=VALUE"]),
        (["--softmax"], ["--softmax", "at least one"]),
        (["--baseline", "pseudo"], ["`baseline` must be one of softmax; log_softmax", "pseudo"]),
        (["--seeds", "0"], ["--seeds", "0"]),
        (["--seeds", "1.5"], ["--seeds", "1.5"]),
        (["--seeds", "0,-1"], ["--seeds", "-1"]),
        (["--confidence", "95"], ["--confidence", "between 0 and 1", "95"]),
        (["--confidence", "high"], ["--confidence", "high"]),
        (["--epochs", "0"], ["`epochs`", "epochs=0"]),
        (["--set", "epochs=2"], ["--epochs sets it"]),
        (["--model", "vit", "--recipe", "sprint"], ["`recipe`", "sprint"]),
        (["--model", "vit", "--backbone", "cnn"], ["--backbone must be one of", "cnn"]),
        (["--output-dir", "file"], ["Not a folder", "file"]),
        (["--backend", "theano"], ["theano"]),
        (["--report-only", "nothing"], ["Not a study's folder", "nothing"]),
        (["--report-only", "empty"], ["Not a study's folder", "empty"]),
        (["--report-only", "empty", "--seeds", "2"], ["leave --seeds out"]),
        (["--report-only", "empty", "--softmax", "pseudo"], ["leave --softmax out", "pseudo"]),
    ],
    ids=" ".join,
)
def test_a_bad_input_is_one_line(fails, tmp_path, arguments, parts):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    error = fails(compare.main, *arguments)
    assert all(part in error for part in parts), error


@pytest.mark.parametrize(
    "text, seeds", [("1", [0]), ("3", [0, 1, 2]), ("0,3,4", [0, 3, 4]), ("7,", [7]), ("2,2", [2])]
)
def test_seeds_are_a_number_or_a_list(text, seeds):
    assert compare.parser().parse_args(["--seeds", text]).seeds == seeds


@pytest.fixture
def tiny(monkeypatch):
    """Trainings of a second, and figures without pixels."""
    training_fakes.use_fakes(monkeypatch, training_fakes.splits())
    png = b"\x89PNG\r\n\x1a\n" + bytes(24)
    monkeypatch.setattr("kerasoft.evaluation.plots.themed", lambda figure: (png, png))
    monkeypatch.setattr(sys, "argv", ["apps/compare.py", "--some", "a b"])


def test_interrupt_go_on_report(tiny, tmp_path, monkeypatch, capsys):
    """The whole life of a study."""

    def interrupted(*_):
        raise KeyboardInterrupt

    arguments = ["--recipe", "quick", "--backbone", "simple-cnn", "--epochs", "2", "--seeds", "1"]
    arguments += ["--softmax", "gumbel:temperature=2.0", "softmax", "--output-dir", "my study"]
    with monkeypatch.context() as patch:
        patch.setattr(callbacks.Progress, "on_epoch_end", interrupted)
        with pytest.raises(SystemExit) as caught:
            compare.main([*arguments, "--baseline", "softmax", "--confidence", "0.9"])
    assert caught.value.code == 130
    out = capsys.readouterr().out
    assert "The same command goes on:  python apps/compare.py --some 'a b'\n" in out
    asked = "--report-only 'my study' --baseline softmax --confidence 0.9"
    assert f"so far:  python apps/compare.py {asked}\n" in out

    compare.main(["--report-only", "my study"])
    out = capsys.readouterr().out
    assert "gumbel, temperature 2.0, seed 0: not there yet\nsoftmax, seed 0: not there yet" in out
    assert "did not end yet" in Path("my study/report.md").read_text()

    compare.main(arguments)
    out = capsys.readouterr().out
    assert "going on after epoch 1 of 2" in out
    assert "run 2 of 2: softmax, seed 0" in out and "not there yet" not in out
    assert "minus softmax" in out and f"report  {Path('my study', 'report.html')}" in out
    page = Path("my study/report.md").read_text()
    assert page.startswith("# Softmax variants of simple_cnn on cifar10\n")
    assert "Differences from softmax" in page and Path("my study/report.html").is_file()

    for model in Path("my study").rglob("*.keras"):
        model.unlink()
    compare.main(["--report-only", "my study", "--baseline", "gumbel:temperature=2.0"])
    page = Path("my study/report.md").read_text()
    assert "Differences from gumbel, temperature 2.0" in page
    assert "not there yet" not in page


def test_options_reach_the_study(monkeypatch, tmp_path):
    asked = {}

    def run_study(recipe, **settings):
        asked.update(settings, recipe=recipe)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "run_study", run_study)
    options = ["--model", "vit", "--recipe", "quick", "--labels", "coarse", "--no-validation"]
    options += ["--softmax", "log-softmax", "sampled:num_sampled=5", "--seeds", "2,4"]
    options += ["--dataset", "glyphs", "--data-dir", "d", "--set", "label_smoothing=0.1"]
    with pytest.raises(SystemExit):
        compare.main(options)
    recipe = training.recipes["vit"]["quick"].with_changes(label_smoothing=0.1)
    assert asked == {
        "recipe": recipe,
        "variants": [
            training.Variant("log_softmax"),
            training.Variant("sampled", {"num_sampled": 5}),
        ],
        "seeds": [2, 4],
        "folder": Path("runs/compare/vit-quick"),
        "dataset": "glyphs",
        "labels": "coarse",
        "validation": False,
        "data_dir": "d",
    }


def test_a_study_in_which_all_fails_says_why(tiny, monkeypatch, capsys):
    def train(*_, **__):
        raise RuntimeError("RESOURCE_EXHAUSTED: out of\nmemory")

    monkeypatch.setattr("kerasoft.training.study.train", train)
    with pytest.raises(SystemExit) as caught:
        compare.main(["--recipe", "quick", "--softmax", "softmax", "--seeds", "1"])
    assert caught.value.code == 1
    out = capsys.readouterr().out
    assert "softmax, seed 0: RuntimeError: RESOURCE_EXHAUSTED: out of memory\n" in out
    page = Path("runs/compare/cnn-quick/report.md").read_text()
    assert "1 failed" in page and "RuntimeError: RESOURCE" in page


def test_another_recipe_wants_another_folder(tiny, fails, tmp_path):
    (tmp_path / "study").mkdir()
    settings = {
        "recipe": {**dataclasses.asdict(training.recipes["cnn"]["best"]), "name": "mine"},
        "variants": [{"variant": {"softmax": "softmax"}, "seeds": [0]}],
    }
    (tmp_path / "study" / "study.json").write_text(json.dumps(settings))
    (tmp_path / "study" / "study.lock").touch()
    error = fails(compare.main, "--output-dir", "study")
    assert "has another recipe" in error and "take another folder" in error


def test_the_command_prints_its_help(command):
    done = command("compare.py", "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert "--softmax" in done.stdout and "gumbel:temperature=0.5" in done.stdout


@pytest.mark.parametrize(
    "names, settings, kept",
    [
        (["softmax", "gumbel"], [], 0.1),
        (["softmax", "hierarchical"], [], 0.0),
        (["softmax", "hierarchical"], ["label_smoothing=0.1"], 0.1),
    ],
)
def test_label_smoothing_is_for_all_variants_or_for_none(names, settings, kept, capsys):
    recipe = training.recipes["cnn"]["standard"].with_changes(label_smoothing=0.1)
    variants = [training.Variant(name) for name in names]
    assert compare._alike(recipe, variants, settings).label_smoothing == kept
    assert ("hierarchical is not" in capsys.readouterr().out) == (kept == 0)


def test_label_smoothing_stays_as_it_was_for_variants_that_come_later(tiny, capsys):
    arguments = ["--seeds", "1", "--output-dir", "study", "--recipe", "standard", "--epochs", "1"]
    arguments += ["--backbone", "simple-cnn", "--softmax"]
    compare.main([*arguments, "softmax", "hierarchical"])
    compare.main([*arguments, "pseudo"])
    assert "pseudo" in capsys.readouterr().out.rpartition("minus softmax")[2]


def test_the_baseline_may_be_one_of_those_before(tiny, fails, tmp_path, capsys):
    arguments = ["--seeds", "1", "--output-dir", "study", "--softmax"]
    compare.main([*arguments, "softmax"])
    compare.main([*arguments, "gumbel", "--baseline", "softmax"])
    assert "minus softmax" in capsys.readouterr().out
    assert "must be one of" in fails(compare.main, *arguments, "taylor", "--baseline", "pseudo")
