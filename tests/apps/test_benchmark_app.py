"""The benchmarks: that they run and that their record is complete; never how fast anything is."""

import importlib.util
import json
import os
import shutil
import statistics

import benchmark
import numpy
import pytest
from benchmarks import duels, gradients, suite_variants, timing

BACKEND = os.environ["KERAS_BACKEND"]
HAS_ENTMAX = all(importlib.util.find_spec(name) for name in ("torch", "entmax"))
TINY = ["--suite", "variants", "--backends", BACKEND, "--classes", "7", "--batch-size", "3"]


@pytest.mark.parametrize(
    "arguments, parts",
    [
        (["--suite", "speed"], ["--suite", "variants", "speed"]),
        (["--suite"], ["--suite", "expected one argument"]),
        (["--classes", "1"], ["--classes", "from 2 up"]),
        (["--classes", "7,"], ["--classes", "''"]),
        (["--classes", "1e3"], ["--classes", "'1e3'"]),
        (["--batch-size", "0"], ["--batch-size", "from 1 up"]),
        (["--repetitions", "-1"], ["--repetitions", "from 1 up"]),
        (["--dtype", "int8"], ["--dtype", "float32", "int8"]),
        (["--backends", "theano"], ["--backends", "tensorflow, jax, torch", "theano"]),
        (["--backends", ""], ["--backends", "tensorflow, jax, torch"]),
        (["--output-dir", "file"], ["Not a folder", "file"]),
        (["more"], ["more"]),
    ],
    ids=" ".join,
)
def test_a_bad_input_is_one_line(fails, tmp_path, arguments, parts):
    (tmp_path / "file").touch()
    error = fails(benchmark.main, *arguments)
    assert all(part in error for part in parts), error


def test_a_backend_that_is_not_installed(fails, monkeypatch):
    import command_line

    monkeypatch.setattr(command_line, "_installed", lambda backend: backend == "jax")
    assert 'pip install -e ".[torch]"' in fails(benchmark.main, "--backends", "jax,torch")


def test_the_help(command):
    done = command("benchmark.py", "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert "--suite" in done.stdout and "--classes" in done.stdout
    assert "--measure-into" not in done.stdout


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A whole run at a tiny size, on this backend: what it wrote."""
    folder = tmp_path_factory.mktemp("runs")
    benchmark.main([*TINY, "--repetitions", "2", "--output-dir", str(folder)])
    (run,) = folder.iterdir()
    return run


@pytest.fixture(scope="module")
def record(finished):
    return json.loads((finished / "variants.json").read_text())


def test_the_record_repeats_the_run(record, finished):
    assert finished.name.endswith("-benchmark-variants")
    assert {file.name for file in finished.iterdir()} == {"variants.json", "variants.md"}
    assert record["command"].startswith(
        f"python apps/benchmark.py --suite variants --backends {BACKEND}"
    )
    assert record["options"]["classes"] == [7] and record["options"]["repetitions"] == 2
    environment = record["backends"][BACKEND]["environment"]
    assert environment["backend"] == BACKEND
    assert environment["versions"][BACKEND] and environment["cpu"]
    assert environment["threads"]["cores"] == os.cpu_count()


def test_everyone_was_measured(record):
    part = record["backends"][BACKEND]
    measured = {(one["mode"], one["name"]): one for one in part["measurements"]}
    modes = gradients.MODES[BACKEND]
    ops = {duel.op for duel in suite_variants._duels(BACKEND)}
    assert ops <= {name for mode, name in measured if mode == modes[0]}
    assert {mode for mode, _ in measured} == {*modes, *(["entmax"] if HAS_ENTMAX else [])}
    for one in measured.values():
        assert one["classes"] == 7 and one["first_call_seconds"] > 0
        assert len(one["seconds"]) == 2 and min(one["seconds"]) > 0
    duels = [(duel["mode"], duel["op"], duel["rival"]) for duel in part["duels"]]
    assert len(set(duels)) == len(duels) == len(modes) * len(suite_variants._duels(BACKEND))


def test_ratios_are_of_medians(record):
    part = record["backends"][BACKEND]
    medians = {
        (one["mode"], one["name"]): statistics.median(one["seconds"])
        for one in part["measurements"]
    }
    for duel in part["duels"]:
        package = duel["rival"].startswith("entmax.")
        assert duel["seconds"] == medians[duel["mode"], duel["op"]]
        if package and not HAS_ENTMAX:
            assert duel["ratio"] is None
            continue
        rival = medians["entmax" if package else duel["mode"], duel["rival"]]
        assert duel["ratio"] == pytest.approx(duel["seconds"] / rival)


def test_rivals_compute_the_same(record):
    """A time is worth nothing if it is that of another function."""
    for duel in record["backends"][BACKEND]["duels"]:
        if duel["same"] and duel["ratio"] is not None:
            assert duel["largest_difference"] < 1e-5, duel
        else:
            assert duel["largest_difference"] is None


def test_the_table(record, finished):
    page = (finished / "variants.md").read_text()
    assert record["command"] in page
    table = suite_variants.table(record)
    assert page.endswith(f"{table}\n")
    head, rule, *rows = [line for line in table.splitlines() if line.startswith("|")]
    assert "C = 7" in head
    assert len(rows) == len(record["backends"][BACKEND]["duels"])
    assert {line.count("|") for line in (head, rule, *rows)} == {head.count("|")}
    for duel, row in zip(record["backends"][BACKEND]["duels"], rows, strict=True):
        assert f"| {duel['op']} | {duel['rival']} |" in row
        over = duel["ratio"] is not None and duel["bar"] and duel["ratio"] > duel["bar"]
        assert ("over" in row) == bool(over)


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only while a contestant works."""
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(timing.time, "sleep", lambda seconds: None)

    def contestant(name, seconds, log):
        def call():
            now[0] += seconds
            log.append(name)
            return name

        return call

    return contestant


def test_turns_are_taken_to_and_fro(clock):
    log, looked = [], []
    contestants = {name: clock(name, 0.1, log) for name in "abc"}
    timings = timing.take_turns(contestants, 3, lambda key, result: looked.append((key, result)))
    assert "".join(log) == "abc" + "abc" + "cba" + "abc"
    assert looked == [("a", "a"), ("b", "b"), ("c", "c")]
    assert timings["a"].first_call_seconds == pytest.approx(0.1)
    assert timings["a"].seconds == pytest.approx([0.1] * 3)


def test_the_quick_are_called_again_and_averaged(clock):
    log = []
    timings = timing.take_turns({"quick": clock("quick", 0.0006, log)}, 2)
    assert len(log) == 1 + 2 * 67
    assert timings["quick"].seconds == pytest.approx([0.0006] * 2)


@pytest.mark.parametrize("seconds, rounds", [(0.49, 6), (0.9, 4), (4.0, 2), (6.0, 1)])
def test_the_slow_sit_out(clock, seconds, rounds):
    log = []
    contestants = {"slow": clock("slow", seconds, log), "quick": clock("quick", 0.1, log)}
    timings = timing.take_turns(contestants, 6)
    assert timings["slow"].seconds == pytest.approx([seconds] * rounds)
    assert len(timings["quick"].seconds) == 6


def test_an_absent_rival_leaves_a_cell_without_ratio():
    timings = {("eager", "sparsemax"): timing.Timing(1.0, [0.2, 0.4, 0.3])}
    duel = duels.Duel("sparsemax", "entmax.sparsemax", 1.0)
    outcome = suite_variants._outcome(duel, "eager", 7, timings, {})
    assert outcome["ratio"] is None and outcome["seconds"] == 0.3
    assert duels.cell(outcome) == "(300 ms / not measured)"


def test_a_result_that_is_not_finite_is_said(record):
    nan = numpy.array([numpy.nan])
    assert suite_variants._difference([nan], [nan]) is None
    assert suite_variants._agreement([{"same": True, "largest_difference": None}]).endswith(
        "finite"
    )
    measured = [duel for duel in record["backends"][BACKEND]["duels"] if duel["ratio"] is not None]
    assert suite_variants._agreement(measured) in suite_variants.table(record)
    assert "by at most" in suite_variants._agreement(measured)


@pytest.mark.parametrize("ratio, over", [(0.9, False), (1.0, False), (1.001, True)])
def test_what_is_over_its_bar_is_said(ratio, over):
    duel = {"seconds": ratio, "rival_seconds": 1.0, "ratio": ratio, "bar": 1.0}
    assert ("over" in duels.cell(duel)) == over


def test_a_suite_has_what_benchmark_needs():
    for suite in benchmark.SUITES.values():
        assert suite.TITLE
        assert callable(suite.add_options) and callable(suite.measure) and callable(suite.table)


def test_a_process_that_fails_is_said_in_one_line(fails, monkeypatch):
    monkeypatch.setattr(benchmark.sys, "executable", shutil.which("false"))
    error = fails(benchmark.main, *TINY)
    assert error == f"error: Measuring on {BACKEND} failed. Received: exit status 1\n"
