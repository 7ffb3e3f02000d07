"""The training command, from its options to what it prints."""

import importlib
import json
import re
import sys
from functools import partial
from pathlib import Path

import evaluate
import pytest
import train_cnn
import training_app
import training_fakes

from kerasoft import backbones, callbacks, data, heads, training
from kerasoft.training import saved_models

APPS = Path(training_app.__file__).parent
main = partial(training_app.main, train_cnn.APP)


@pytest.mark.parametrize(
    "arguments, parts",
    [
        (["--softmax", "softmix"], [*heads.names(), "softmax='softmix'"]),
        (["--temperature", "-1"], ["`temperature`", "-1.0"]),
        (["--temperature", "0"], ["`temperature`", "0.0"]),
        (["--temperature", "nan"], ["`temperature`", "nan"]),
        (["--temperature", "warm"], ["--temperature", "warm"]),
        (["--softmax", "softmax", "--temperature", "1"], ["`softmax` has no temperature"]),
        (["--epochs", "0"], ["`epochs` must be a positive integer", "epochs=0"]),
        (["--epochs", "1.5"], ["--epochs", "1.5"]),
        (["--batch-size", "-3"], ["`batch_size`", "batch_size=-3"]),
        (["--learning-rate", "nan"], ["`learning_rate`", "learning_rate=nan"]),
        (["--learning-rate", "0"], ["`learning_rate`", "learning_rate=0.0"]),
        (["--recipe", "qick"], ["auto", *training.recipes["cnn"], "recipe='qick'"]),
        (["--backbone", "resnet99"], [*train_cnn.APP.backbones, "resnet99"]),
        (["--backbone", ""], [*train_cnn.APP.backbones]),
        (["--dataset", "imagenet"], ["auto", *data.names(), "dataset='imagenet'"]),
        (["--labels", "rough"], ["fine", "coarse", "labels='rough'"]),
        (["--dataset", "cifar10", "--labels", "coarse"], ["fine", "labels='coarse'"]),
        (["--precision", "float8"], ["float32", "mixed_bfloat16", "precision='float8'"]),
        (["--augmentation", "blur"], ["flip_shift_trivial", "augmentation='blur'"]),
        (["--mixing", "cutmx"], ["mixup_cutmix", "mixing='cutmx'"]),
        (["--set", "speed=9"], ["NAME=VALUE", "label_smoothing", "setting='speed=9'"]),
        (["--set", "warmup"], ["NAME=VALUE", "setting='warmup'"]),
        (["--set", "warmup=much"], ["`warmup` must be a number", "warmup='much'"]),
        (["--set", "clip=1,5"], ["`clip` must be a number", "'1,5'"]),
        (["--set", "batch_size=64"], ["--batch-size sets it", "batch_size=64"]),
        (["--set", "nesterov=yes"], ["true or false", "nesterov='yes'"]),
        (["--set", "label_smoothing=1"], ["`label_smoothing`", "label_smoothing=1.0"]),
        (["--data-dir", "nowhere"], ["nowhere", "does not exist"]),
        (["--data-dir", "empty"], ["empty", "CIFAR-100"]),
        (["--data-dir", ""], ["`data_dir`"]),
        (["--dataset", "cifar10", "--data-dir", "empty"], ["CIFAR-10"]),
        (["--dataset", "glyphs", "--data-dir", "empty"], ["drawn, not read"]),
        (["--backend", "theano"], ["tensorflow, jax, torch", "theano"]),
        (["--backend", ""], ["tensorflow, jax, torch"]),
        (["--seed", "-1"], ["`seed`", "seed=-1"]),
        (["--output-dir", "file"], ["Not a folder", "file"]),
        (["--output-dir", "file/below"], ["Not a folder", "file"]),
        (["--save", "../up"], ["`save` must be a name", "../up"]),
        (["--save", ""], ["`save` must be a name"]),
        (["--save", "README"], ["exists already", "README"]),
        (["--resume", "nothing"], ["Not a run folder", "nothing"]),
        (["--resume", "file"], ["Not a run folder"]),
        (["--resume", "empty"], ["Not a run folder", "empty"]),
        (["--resume", ""], ["Not a run folder"]),
        (["--resume", "empty", "--epochs", "9"], ["leave --epochs out", "9"]),
        (["--resume", "empty", "--no-validation"], ["leave --no-validation out"]),
        (["--resume", "empty", "--set", "warmup=0"], ["leave --set out"]),
        (["--resume", "empty", "--softmax", "pseudo"], ["leave --softmax out", "pseudo"]),
        (["--resume", "empty", "--seed=0"], ["leave --seed out"]),  # the default, but said
        (["--resume", "empty", "--backend", "jax"], ["leave --backend out", "jax"]),
        (["--speed", "9"], ["--speed", "--help"]),
        (["--epochs"], ["--epochs", "expected one argument"]),
        (["more"], ["more"]),
    ],
    ids=" ".join,
)
def test_a_bad_input_is_one_line(fails, tmp_path, monkeypatch, arguments, parts):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "README.md").touch()
    monkeypatch.setattr(training_app, "SAVED_MODELS", tmp_path / "models")
    error = fails(main, *arguments)
    assert all(part in error for part in parts), error


def test_folders_that_cannot_be_written(fails, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "cannot be written" in fails(main, "--output-dir", "runs")
    assert "cannot be written" in fails(main, "--save", "name")


def test_a_backend_that_is_not_installed(fails, monkeypatch):
    import command_line

    monkeypatch.setattr(command_line, "_installed", lambda backend: False)
    assert 'pip install -e ".[torch]"' in fails(main, "--backend", "torch")


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Trainings of a second, and a folder of saved models of their own."""
    splits = training_fakes.splits()
    for module in ("train", "evaluate_saved"):
        module = importlib.import_module(f"kerasoft.training.{module}")
        monkeypatch.setattr(module, "load_dataset", lambda *_: splits)
    monkeypatch.setattr(backbones, "get", lambda name: training_fakes.tiny())
    train_module = importlib.import_module("kerasoft.training.train")
    monkeypatch.setattr(train_module, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(training_app, "SAVED_MODELS", tmp_path / "models")
    return splits


def test_interrupt_resume_save_evaluate(tiny, tmp_path, monkeypatch, capsys):
    """The whole life of a model, in a folder whose name wants quotes."""

    def interrupted(*_):
        raise KeyboardInterrupt

    runs = str(tmp_path / "my runs")
    monkeypatch.setattr(sys, "argv", ["apps/train_cnn.py"])
    settings = ["--recipe", "quick", "--backbone", "simple-cnn", "--epochs", "2"]
    with monkeypatch.context() as patch:
        patch.setattr(callbacks.Progress, "on_epoch_end", interrupted)
        with pytest.raises(SystemExit) as caught:
            main([*settings, "--softmax", "log-gumbel", "--temperature", "2", "--output-dir", runs])
    assert caught.value.code == 130
    (folder,) = Path(runs).iterdir()
    out, error = capsys.readouterr()
    assert error == ""
    assert "backend; recipe quick, as asked\n" in out and tiny.describe() in out
    assert f"Continue with:  python apps/train_cnn.py --resume '{folder}'\n" in out
    config = json.loads((folder / "config.json").read_text())
    assert config["recipe"]["backbone"] == "simple_cnn"
    assert (config["softmax"], config["softmax_options"]) == ("log_gumbel", {"temperature": 2.0})

    main(["--resume", str(folder), "--save", "mine"])
    out = capsys.readouterr().out
    run = training.Run.open(folder)
    assert run.complete
    assert "going on after epoch 1 of 2" in out
    assert run.report().table() in out
    assert re.search(r"^seconds an epoch +\d+\.\d\d$", out, re.MULTILINE)
    model = tmp_path / "models" / "mine.keras"
    assert f"next:   python apps/evaluate.py {model}" in out
    assert {file.suffix for file in model.parent.iterdir()} == {".keras", ".json", ".md"}
    last = json.loads(model.with_suffix(".json").read_text())["last_epoch"]
    validation = (
        f"On the validation split, after the last epoch: accuracy {last['val_accuracy']:.2%}"
    )
    assert validation in model.with_suffix(".md").read_text()
    assert "no validation split" in saved_models._validation({"accuracy": [1.0]})

    evaluate.main([str(model), "--output-dir", runs])
    out, error = capsys.readouterr()
    assert run.report().table() in out
    assert error == ""
    assert Path(re.search(r"^report  (.*)$", out, re.MULTILINE)[1]).is_file()


def test_a_recipe_is_changed_by_options(monkeypatch):
    def train(recipe, **settings):
        asked.append((recipe.augmentation, recipe.mixing, settings["validation"], recipe))
        raise KeyboardInterrupt

    asked = []
    monkeypatch.setattr(training, "train", train)
    options = ["--augmentation", "flip_shift_cutout", "--mixing", "cutmix", "--no-validation"]
    options += ["--set", "optimizer=muon", "--set", "backbone.width=96", "--set", "warmup=0.5"]
    options += ["--set", "nesterov=true"]
    for arguments in ([], options):
        with pytest.raises(SystemExit):
            main(["--recipe", "quick", *arguments])
    *found, recipe = zip(*asked, strict=True)
    assert list(zip(*found, strict=True)) == [
        ("none", "none", True),
        ("flip_shift_cutout", "cutmix", False),
    ]
    assert (recipe[1].optimizer, recipe[1].warmup, recipe[1].nesterov) == ("muon", 0.5, True)
    assert recipe[1].backbone_options == {"width": 96}
    assert recipe[0] == training.recipes["cnn"]["quick"]


@pytest.mark.parametrize("main", [main, partial(evaluate.main)], ids=["train", "evaluate"])
def test_an_early_interrupt_is_no_traceback(main, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train", interrupted)
    monkeypatch.setattr(training, "evaluate_saved", interrupted)
    with pytest.raises(SystemExit) as caught:
        main(["model.keras"] if main.func is evaluate.main else [])
    assert caught.value.code == 130
    assert capsys.readouterr().err == "\nInterrupted.\n"


def choices(option):
    """The names that the help of an option lists."""
    (action,) = (
        action
        for action in training_app.parser(train_cnn.APP)._actions
        if option in action.option_strings
    )
    listed = re.split(r" or auto| \(default: |: ", action.help)[0].replace("(default)", "")
    return set(re.findall(r"\w+", listed)) - {"or"}


def test_the_help_lists_what_there_is():
    assert choices("--softmax") == set(heads.names())
    assert choices("--recipe") == set(training.recipes["cnn"])
    assert choices("--backbone") == set(train_cnn.APP.backbones)
    assert choices("--dataset") == set(data.names())


def test_every_backbone_and_recipe_has_an_app():
    modules = [importlib.import_module(path.stem) for path in sorted(APPS.glob("train_*.py"))]
    apps = [module.APP for module in modules]
    assert sorted(name for app in apps for name in app.backbones) == sorted(backbones.names())
    assert {app.family: app.recipes for app in apps} == {
        family: tuple(members) for family, members in training.recipes.items()
    }
    for app in apps:
        for recipe in training.recipes[app.family].values():
            assert recipe.backbone in app.backbones


def test_the_commands_print_their_help(command):
    for name in ("train_cnn.py", "evaluate.py"):
        done = command(name, "--help")
        assert done.returncode == 0 and done.stderr == ""
        assert "--backend" in done.stdout


def test_the_command_fails_in_one_line(command, tmp_path):
    """With everything that importing a backend may print."""
    done = command("train_cnn.py", "--epochs", "0")
    assert done.returncode == 2
    assert done.stderr == "error: `epochs` must be a positive integer. Received: epochs=0\n"
    assert list(tmp_path.iterdir()) == []


def test_the_command_with_an_unknown_backend_in_the_environment(command):
    done = command("evaluate.py", "model.keras", KERAS_BACKEND="theano")
    assert done.returncode == 2
    assert done.stderr.startswith("error: KERAS_BACKEND must be one of")
    assert done.stderr.count("\n") == 1
