"""The folder that `write_report` leaves behind."""

import csv
import dataclasses
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from kerasoft.evaluation import Report, write_report

HISTORY = {"epoch": [1, 2], "loss": [2.0, 1.0], "val_loss": [2.1, float("nan")]}
CONTEXT = {
    "Data": {"data set": "cifar100", "examples": 10000, "path": Path("a/b")},
    "Training": {"rate": 2e-3, "loss": float("nan"), "mixed": True, "seeds": (0, np.int64(1))},
}
METRICS = (
    "accuracy",
    "top-5 accuracy",
    "precision (macro)",
    "recall (macro)",
    "F1 (macro)",
    "Cohen's kappa",
    "negative log-likelihood",
    "calibration error",
    "superclass accuracy",
)


def refuse(token):
    raise AssertionError(f"{token} is no JSON")


@pytest.fixture(scope="module")
def report(make_report):
    return make_report(40, 4, 2, class_names=["cat", "dog", "maple_tree", "a|b*c"])


@pytest.fixture(scope="module")
def folder(report, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parent") / "run"
    write_report(report, folder, title="A run", context=CONTEXT, history=HISTORY)
    return folder


def test_files(folder):
    assert sorted(os.listdir(folder)) == [
        "confusion.csv",
        "confusion.png",
        "history.png",
        "reliability.png",
        "report.json",
        "report.md",
    ]


def test_json_is_strict_sorted_and_gives_the_report_back(folder, report):
    text = (folder / "report.json").read_text()
    values = json.loads(text, parse_constant=refuse)
    assert Report.from_dict(values) == report
    assert list(values) == sorted(values)
    assert values["title"] == "A run"
    assert values["context"]["Training"] == {
        "rate": 2e-3,
        "loss": None,
        "mixed": True,
        "seeds": [0, 1],
    }
    assert values["context"]["Data"]["path"] == str(Path("a/b"))
    assert text.startswith('{\n  "accuracy": ') and text.endswith("}\n")
    assert re.search(r"^ {4}\[\d+, \d+, \d+, \d+\],$", text, re.MULTILINE)  # a row, a line


def test_json_of_an_infinite_likelihood(report, tmp_path):
    infinite = dataclasses.replace(
        report, negative_log_likelihood=float("inf"), infinite_log_likelihoods=3
    )
    write_report(infinite, tmp_path, title="x", context={})
    values = json.loads((tmp_path / "report.json").read_text(), parse_constant=refuse)
    assert values["negative_log_likelihood"] is None
    assert values["infinite_log_likelihoods"] == 3
    assert "infinite (3 of 40" in (tmp_path / "report.md").read_text()


def test_page_tells_everything(folder, report):
    page = (folder / "report.md").read_text()
    assert page.startswith("# A run\n\nOn 40 examples of 4 classes, ")
    for metric in METRICS:
        row = re.search(rf"^\| {re.escape(metric)} \| (.+?) \| (.+) \|$", page, re.MULTILINE)
        assert row and len(row[2]) > 20, metric
    for heading in ("Results", "Data", "Training", "Classes", "Mistakes", "Superclasses"):
        assert f"\n## {heading}\n" in page
    assert f"**{report.accuracy:.2%}**" in page
    assert "| examples | 10,000 |" in page
    assert "| seeds | 0, 1 |" in page
    assert "| mixed | yes |" in page


def test_page_links_files_that_exist(folder):
    page = (folder / "report.md").read_text()
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert {"confusion.png", "reliability.png", "history.png", "report.json"} <= set(links)
    assert all((folder / link).is_file() for link in links)


def test_names_cannot_break_the_page(folder):
    page = (folder / "report.md").read_text()
    assert "maple_tree" in page
    assert r"a\|b\*c" in page
    widths = {
        tuple(len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines())
        for block in page.split("\n\n")
        if block.startswith("|")
    }
    assert all(len(set(width)) == 1 for width in widths)


def test_page_without_history_superclasses_or_context(make_report, tmp_path):
    write_report(make_report(1, 1), tmp_path, title="Small", context={}, history={})
    page = (tmp_path / "report.md").read_text()
    assert not (tmp_path / "history.png").exists()
    assert "history.png" not in page and "Superclasses" not in page
    assert "On 1 example of 1 class, " in page
    assert "There are no mistakes." in page


def test_csv(folder, report):
    with open(folder / "confusion.csv", newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header[1:] == ["cat", "dog", "maple_tree", "a|b*c"]
    assert [row[0] for row in rows] == header[1:]
    assert [[int(n) for n in row[1:]] for row in rows] == report.confusion.tolist()


def test_a_failure_midway_leaves_the_old_files(folder, report, make_report, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    written = Path.write_bytes

    def disk_full(self, data):
        if "history" in self.name:
            raise OSError(28, "No space left on device")
        return written(self, data)

    monkeypatch.setattr(Path, "write_bytes", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_report(make_report(9, 3), folder, title="New", context={}, history=HISTORY)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_report_json_comes_last(report, tmp_path, monkeypatch):
    moved = []
    move = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (moved.append(Path(b).name), move(a, b)))
    write_report(report, tmp_path, title="x", context={})
    assert len(moved) == 5
    assert moved[-1] == "report.json"


def test_a_folder_that_cannot_be_made_is_an_os_error(report, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError):
        write_report(report, tmp_path / "file", title="x", context={})
