"""A published study in a folder: trained once, read back, judged."""

import dataclasses
import importlib
import json
import shlex

import pytest

from kerasoft import published
from kerasoft.data import DataNotFoundError
from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.document import Table
from kerasoft.published.claims import Contrast
from kerasoft.published.quantities import (
    ACCURACY,
    MACRO_F1,
    MEAN_SECONDS,
    MICRO_F1,
    STEADY_SECONDS,
)


def text_of(document):
    """All that it says."""
    found = [document.title]
    for block in document.blocks:
        if isinstance(block, Table):
            found += [*block.header, *(cell.text for row in block.cells for cell in row)]
        found += getattr(block, "texts", [getattr(block, "text", "")])
    return "\n".join(found)


def test_quick(reproduce, study, tmp_path):
    found = reproduce()
    runs = found.all_runs()
    assert [run.config["softmax"] for run in runs] == ["softmax", "softmax_twice"]
    assert all(run.config["recipe"]["epochs"] == 1 for run in runs)
    assert "large" not in found.outcomes and not (tmp_path / "tiny" / "large").exists()
    results = found.results
    assert results.apart == "quick scale"
    report = runs[0].report()
    scores = results.scores["tiny", "once"][0]
    assert scores[ACCURACY.name] == scores[MICRO_F1.name] == pytest.approx(report.accuracy)
    assert scores[MACRO_F1.name] == report.f1 != report.accuracy
    history = runs[0].history()
    assert scores[STEADY_SECONDS.name] == history["epoch_seconds"][0]
    extra = history["first_epoch_extra_seconds"][0]
    assert scores[MEAN_SECONDS.name] == pytest.approx(history["epoch_seconds"][0] + extra)
    verdicts = [claim.judge(results).holds for claim in study.claims]
    assert verdicts == [None, None, None, True, None]
    text = text_of(published.study_report(found))
    assert "Quick scale" in text and "Left out at quick scale." in text
    assert "not reported; a plain choice" in text and "accuracy 8.00%" in text
    assert "python apps/reproduce.py tiny --scale quick --seeds 1" in text
    published.write_reports(tmp_path / "tiny")
    pages = sorted(path.relative_to(tmp_path / "tiny") for path in tmp_path.glob("tiny/**/*.html"))
    assert [str(page) for page in pages] == ["report.html", "tiny/report.html"]
    assert "(tiny/report.md)" in (tmp_path / "tiny" / "report.md").read_text()
    before = [run.folder for run in runs]
    assert [run.folder for run in reproduce().all_runs()] == before  # nothing trained again


def test_full(reproduce, study):
    """Three seeds; the weights that the large network needs are not there."""
    found = reproduce("full", seeds=[0, 1, 2], changes=["learning_rate=0.02"])
    assert found.results.apart == ""  # a learning rate that was not reported may be another
    (failed,) = {one.failure for one in found.outcomes["large"]}
    assert "KerasHub" in failed or "preset" in failed
    verdicts = [claim.judge(found.results) for claim in study.claims]
    assert verdicts[0].holds is False and verdicts[2].holds is False
    assert verdicts[4].holds is None and verdicts[4].reason == failed
    text = text_of(published.study_report(found))
    assert "does not hold. Reported: 8.00%. Measured here:" in text
    assert failed in text.replace("\\", "")
    other = {**found.settings["tiny"]["recipe"], "epochs": 1}
    changed = dataclasses.replace(found, settings={"tiny": {"recipe": other}})
    assert changed.apart() == "settings were changed (epochs)"
    other = {**found.settings["tiny"]["recipe"], "clip": 0.1}  # which nobody mentions who has none
    changed = dataclasses.replace(found, settings={"tiny": {"recipe": other}})
    assert changed.apart() == "settings were changed (clip)"
    elsewhere = dataclasses.replace(found, study=dataclasses.replace(study, dataset="cifar100"))
    assert elsewhere.apart() == "the data are cifar10, not cifar100"


def test_every_commit_of_the_runs_is_named(reproduce):
    record = reproduce(seeds=[0, 1]).all_runs()[-1].folder / "environment.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"commit": "another"}))
    text = text_of(published.study_report(reproduce(seeds=[0, 1])))
    assert text.count(" and commit another") == 1


def test_seconds_are_those_of_one_device(reproduce):
    seeds = {"seeds": [0, 1]}
    first, second = (one.run for one in reproduce(**seeds).outcomes["tiny"] if one.seed == 0)
    record = first.folder / "environment.json"
    record.write_text(json.dumps(first.environment | {"device": "another"}))
    found = reproduce(**seeds)
    seconds, scores = (
        found.results.interval(("tiny", "once"), of) for of in (MEAN_SECONDS, ACCURACY)
    )
    assert (seconds.n, scores.n) == (1, 2)
    slower = {"variant": "once", "than": "twice", "quantity": MEAN_SECONDS, "values": (2.0, 1.0)}
    claim = Contrast("It takes longer.", "tiny", **slower, relative=True)
    assert "(n = 1)" in claim.judge(found.results).measured
    text = text_of(published.study_report(found))
    assert " s (n = 1)" in text and "(n = 2)" not in text
    assert f"are those of {second.environment['device']} alone" in text
    other = found.outcomes["tiny"][2].run  # as many on each device: that of the first run
    (other.folder / "environment.json").write_text(record.read_text())
    found = reproduce(**seeds)
    assert found.results.interval(("tiny", "twice"), MEAN_SECONDS) is None
    assert claim.judge(found.results).reason == "no seed has numbers that can be compared"
    assert found.results.interval(("tiny", "twice"), ACCURACY).n == 2


def test_the_command_in_the_report_trains_the_same(reproduce, study, tmp_path):
    """`epochs=3` is what one part has anyway; the other part shows that it was asked for."""
    other = dataclasses.replace(study.parts[1], recipe=study.parts[1].recipe.with_changes(epochs=1))
    study = dataclasses.replace(study, parts=(study.parts[0], other))
    changes = ["epochs=3", "nesterov=true", "backbone.input_shape=[32, 32, 3]"]
    found = published.reproduce(
        *(study, "full"),
        **{"seeds": [0], "folder": tmp_path / "tiny", "dataset": "cifar10:50"},
        **{"changes": changes, "say": lambda line: None},
    )
    text = text_of(published.study_report(dataclasses.replace(found, study=study)))
    command = next(line for line in text.splitlines() if "apps/reproduce.py" in line).strip("`")
    assert "--dataset cifar10:50 " in command
    words = shlex.split(command)
    assert {words[i + 1] for i, word in enumerate(words) if word == "--set"} == set(changes)


def test_the_data_of_every_part_are_looked_at_first(reproduce, study, tmp_path, monkeypatch):
    module = importlib.import_module("kerasoft.published.reproduce")
    asked = []
    monkeypatch.setattr(module, "load_dataset", lambda *arguments: asked.append(arguments))
    monkeypatch.setattr(module, "run_study", lambda *_, **__: None)
    coarse = dataclasses.replace(study.parts[0], name="coarse", labels="coarse", validation=True)
    study = dataclasses.replace(study, parts=(*study.parts, coarse))
    quiet = {"seeds": [0], "folder": tmp_path / "tiny", "say": lambda line: None}
    published.reproduce(study, "quick", **quiet)
    assert asked == [("auto:100", "fine", None, False), ("auto:100", "coarse", None, True)]


def test_a_folder_without_runs_has_a_report(study, tmp_path):
    (tmp_path / "published.json").write_text(json.dumps({"study": "tiny", "scale": "full"}))
    text = text_of(published.study_report(published.read(tmp_path)))
    assert "Not run yet." in text and "that cannot be judged from these runs: **4**" in text


def test_another_study_is_refused(reproduce, tmp_path):
    reproduce()
    with pytest.raises(InvalidArgumentError, match="has tiny at quick scale.*scale='full'"):
        reproduce("full")


def no_data(*_, **__):
    raise DataNotFoundError("No CIFAR-10 here.", data_dir=None)


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"scale": "half"}, InvalidArgumentError),
        ({"changes": ["epochs=none"]}, InvalidArgumentError),
        ({"changes": ["speed=3"]}, InvalidArgumentError),
        ({"dataset": "glyphs:200"}, InvalidArgumentError),
        ({"dataset": "nowhere"}, DataNotFoundError),
    ],
)
def test_what_is_wrong_shows_before_anything_is_written(
    reproduce, tmp_path, monkeypatch, changes, error
):
    if changes.get("dataset") == "nowhere":
        module = importlib.import_module("kerasoft.published.reproduce")
        monkeypatch.setattr(module, "load_dataset", no_data)
    with pytest.raises(error, match="Received"):
        reproduce(**changes)
    assert not (tmp_path / "tiny").exists()


@pytest.mark.parametrize("content", [None, "{", "[]", '{"study": "x", "scale": "full"}'])
def test_no_folder_of_a_study(tmp_path, content):
    if content is not None:
        (tmp_path / "published.json").write_text(content)
    with pytest.raises(InvalidArgumentError, match="Not the folder.*Received: folder="):
        published.read(tmp_path)


def test_an_older_label_does_not_hide_a_run(reproduce, tmp_path):
    reproduce()
    path = tmp_path / "tiny" / "tiny" / "study.json"
    path.write_text(path.read_text().replace('"label": "once"', '"label": "one time"'))
    assert ("tiny", "once") in published.read(tmp_path / "tiny").results.scores


def test_the_folder_of_something_else_is_left_alone(reproduce, tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "study.json").write_text("{}")
    with pytest.raises(InvalidArgumentError, match="study of variants.*Received: folder="):
        reproduce()
    (tmp_path / "tiny" / "published.json").write_text("{")
    with pytest.raises(InvalidArgumentError, match="published.json.*cannot be read.*Received"):
        reproduce()
    assert sorted(path.name for path in (tmp_path / "tiny").iterdir()) == [
        "published.json",
        "study.json",
    ]
