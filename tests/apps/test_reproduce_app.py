"""The command that repeats published studies, from its options to what it prints."""

import json
import re

import pytest
import reproduce

from kerasoft import published
from kerasoft.published.results import Results


@pytest.mark.parametrize(
    "arguments, parts",
    [
        ([], ["STUDY is missing", "--list"]),
        (["resnet13"], ["resnet12, tinyvgg, simple-cnn", "'resnet13'"]),
        (["linear", "--scale", "half"], ["quick, full", "'half'"]),
        (["linear", "--seeds", "0,x"], ["'x' is no integer"]),
        (["linear", "--set", "speed=3"], ["NAME=VALUE", "speed=3"]),
        (["linear", "--dataset", "imagenet"], ["cifar100", "imagenet"]),
        (["linear", "--data-dir", "nowhere"], ["nowhere", "does not exist"]),
        (["linear", "--backend", "theano"], ["tensorflow, jax, torch"]),
        (["--report-only", "nowhere"], ["Not the folder of a published study"]),
        (["linear", "--report-only", "x"], ["leave the study out", "linear"]),
        (["--report-only", "x", "--seeds", "1"], ["leave --seeds out", "--seeds 1"]),
    ],
)
def test_bad_options(fails, arguments, parts):
    error = fails(reproduce.main, *arguments)
    assert all(part in error for part in parts)


def test_list(capsys):
    reproduce.main(["--list"])
    printed = capsys.readouterr().out
    for name in published.names():
        assert re.search(rf"^{name}$", printed, re.MULTILINE)
        assert name in reproduce.EPILOG
        assert published.get(name).published in printed


@pytest.fixture
def asked(monkeypatch):
    """What `published.reproduce` was asked for; it trains nothing."""
    asked = {}

    def record(study, scale, **settings):
        asked.update(settings, study=study.name, scale=scale)
        settings["folder"].mkdir(parents=True)
        names = json.dumps({"study": study.name, "scale": scale})
        (settings["folder"] / "published.json").write_text(names)

    monkeypatch.setattr(published, "reproduce", record)
    return asked


def test_defaults(asked, tmp_path, capsys):
    reproduce.main(["simple_cnn"])
    assert asked["scale"] == "quick" and asked["seeds"] == [0] and asked["dataset"] == "auto"
    folder = tmp_path / "runs" / "reproduce" / "simple-cnn-quick"
    assert asked["folder"].absolute() == folder
    assert (folder / "report.md").exists() and (folder / "report.html").exists()
    printed = capsys.readouterr().out
    for claim in published.get("simple-cnn").claims:
        assert claim.judge(Results("quick scale", {}, {})).text in printed
        assert claim.text in printed


def test_options(asked, tmp_path):
    options = "--scale full --dataset cifar10 --data-dir d --output-dir o --set precision=float32"
    reproduce.main(["linear", *options.split()])
    assert asked["study"] == "linear" and asked["seeds"] == [0, 1, 2]
    assert asked["dataset"] == "cifar10" and asked["data_dir"] == "d"
    assert asked["changes"] == ["precision=float32"] and str(asked["folder"]) == "o"
    before = (tmp_path / "o" / "report.md").read_text()
    (tmp_path / "o" / "report.md").unlink()
    reproduce.main(["--report-only", "o"])
    assert (tmp_path / "o" / "report.md").read_text() == before
    assert "The gradient (p - y) x^T" in before
