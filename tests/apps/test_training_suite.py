"""The suite of training: that everyone trains, and on the same; never how fast anything is."""

import argparse
import dataclasses
import json
import os
import statistics
import textwrap

import benchmark
import keras
import numpy as np
import pytest
from benchmarks import cold_start, device_defaults, random_cifar, suite_training, training_contest
from benchmarks.epoch_by_epoch import EpochByEpoch
from benchmarks.training_contest import AUGMENTED, FIT, ON_DEVICE, RAW_SCAN

import kerasoft
from kerasoft.data import cifar, read_npz

BACKEND = os.environ["KERAS_BACKEND"]
TINY = ["--backbone", "linear", "--images", "20", "--batch-sizes", "8,16", "--rounds", "1"]
AGAIN = "fit (again)"


@pytest.mark.parametrize(
    "arguments, parts",
    [
        (["--parts", "end"], ["--parts", "steady, start", "'end'"]),
        (["--backbone", "vgg"], ["--backbone", "resnet9", "'vgg'"]),
        (["--precision", "mixed_float16"], ["--precision", "mixed_bfloat16", "'mixed_float16'"]),
        (["--softmax", "sampled"], ["--softmax", "entmax15", "'sampled'"]),
        (["--batch-sizes", "64,0"], ["--batch-sizes", "from 1 up"]),
        (["--rounds", "0"], ["--rounds", "from 1 up"]),
    ],
    ids=" ".join,
)
def test_a_bad_input_is_one_line(fails, arguments, parts):
    error = fails(benchmark.main, "--suite", "training", *arguments)
    assert all(part in error for part in parts), error


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A whole run at a tiny size, on this backend: what it wrote."""
    folder = tmp_path_factory.mktemp("runs")
    arguments = ["--suite", "training", "--backends", BACKEND, *TINY]
    benchmark.main([*arguments, "--precision", "float32", "--output-dir", str(folder)])
    (run,) = folder.iterdir()
    return run


@pytest.fixture(scope="module")
def record(finished):
    return json.loads((finished / "training.json").read_text())


@pytest.fixture(scope="module")
def part(record):
    return record["backends"][BACKEND]


def test_everyone_was_measured(record, part):
    assert record["command"].startswith("python apps/benchmark.py --suite training")
    assert part["starts"] == []
    found = {(one["batch_size"], one["name"]): one for one in part["measurements"]}
    assert {size for size, _ in found} == {8, 16}
    assert {FIT, ON_DEVICE, AUGMENTED} <= {name for _, name in found}
    for (size, name), one in found.items():
        assert one["images_an_epoch"] == (20 if name in (FIT, AGAIN) else 20 // size * size)
        assert one["first_call_seconds"] > 0
        assert len(one["seconds"]) == 1 and one["seconds"][0] > 0
        assert one["backbone"] == "linear" and one["precision"] == "float32"
        assert 3 < one["first_loss"] < 8  # log(100) is 4.6


def test_ratios_are_of_seconds_an_image(part):
    medians = {
        (one["batch_size"], one["name"]): statistics.median(one["seconds"]) / one["images_an_epoch"]
        for one in part["measurements"]
    }
    for duel in part["duels"]:
        own, rival = (medians[duel["batch_size"], duel[who]] for who in ("op", "rival"))
        assert duel["ratio"] == pytest.approx(own / rival)
        throughput = suite_training._throughput(duel)
        assert throughput.startswith(f"{1 / duel['ratio']:.2f}")
        assert f"({1 / own:,.0f} / {1 / rival:,.0f})" in throughput


def test_the_table(record, part, finished):
    assert {file.name for file in finished.iterdir()} == {"training.json", "training.md"}
    table = suite_training.table(record)
    assert (finished / "training.md").read_text().endswith(f"{table}\n")
    rows = [line for line in table.splitlines() if line.startswith(f"| {BACKEND} |")]
    assert len(rows) == len(part["duels"])
    assert all("| linear, float32 | 20 | " in row for row in rows)
    assert "Random images, softmax" in table and "## Start" not in table


@pytest.mark.parametrize("ratio, slow", [(1.04, False), (1.06, True)])
def test_what_is_slower_than_fit_is_said(ratio, slow):
    duel = {"seconds": ratio * 1e-3, "rival_seconds": 1e-3, "ratio": ratio, "bar": 1.05}
    assert ("**slow**" in suite_training._throughput(duel)) == slow


@pytest.mark.parametrize("device, others", [(None, {AGAIN}), ("GPU", {RAW_SCAN})])
def test_who_takes_part(monkeypatch, device, others):
    monkeypatch.setattr(training_contest, "accelerator", lambda: device)
    options = _options()
    everyone = training_contest.contestants(options, 8)
    if BACKEND != "jax":
        others = others - {RAW_SCAN}
    assert set(everyone) == {FIT, ON_DEVICE, AUGMENTED} | others
    pairs = {(duel.op, duel.rival): duel.bar for duel in training_contest.duels(everyone)}
    assert pairs[ON_DEVICE, FIT] == 1.05
    assert set().union(*pairs) == set(everyone)


@pytest.mark.skipif(BACKEND != "jax", reason="a loop for JAX")
@pytest.mark.parametrize("softmax", ["softmax", "gumbel"])
def test_the_raw_scan_trains_as_fit_on_device_does(monkeypatch, softmax):
    """Its time would be no floor if it left anything out: the second epoch's loss would tell."""
    monkeypatch.setattr(training_contest, "accelerator", lambda: "GPU")
    everyone = training_contest.contestants(_options(softmax=softmax), 8)
    for _ in range(2):
        loss = everyone[ON_DEVICE].epoch()
        assert everyone[RAW_SCAN].epoch() == pytest.approx(loss, rel=1e-4)
    everyone[ON_DEVICE].end()


def _options(**changes):
    options = {"images": 20, "backbone": "linear", "precision": "float32", "softmax": "softmax"}
    return argparse.Namespace(**options | changes)


class Diary:
    """A training that does nothing but keep the rules of `fit`."""

    def __init__(self, fails_in=None):
        layer = keras.layers.Dense(1)
        layer.build((None, 1))
        self.trainable_variables = layer.trainable_variables
        self.stop_training = False
        self.epochs = []
        self.fails_in = fails_in

    def train(self, epochs, callbacks):
        (callback,) = callbacks
        for epoch in range(epochs):
            if epoch == self.fails_in:
                raise ValueError("no more")
            self.epochs.append(epoch)
            callback.on_epoch_end(epoch, {"loss": epoch + 0.5})
            if self.stop_training:
                return


def test_an_epoch_is_trained_when_asked_for():
    diary = Diary()
    epoch = EpochByEpoch(diary, diary.train)
    assert diary.epochs == []
    assert [epoch(), epoch()] == [0.5, 1.5]
    assert diary.epochs == [0, 1]
    epoch.end()
    assert diary.stop_training and diary.epochs == [0, 1]


def test_what_was_never_begun_ends_too():
    diary = Diary()
    EpochByEpoch(diary, diary.train).end()
    assert diary.epochs == []


def test_what_a_training_raises_is_raised():
    diary = Diary(fails_in=1)
    epoch = EpochByEpoch(diary, diary.train)
    epoch()
    with pytest.raises(ValueError, match="no more"):
        epoch()
    epoch.end()


def test_noise_in_the_shape_of_cifar(tmp_path, monkeypatch):
    assert random_cifar.images(3).shape == (3, 32, 32, 3)
    assert random_cifar.images(3).dtype == np.uint8
    small = dataclasses.replace(cifar.CIFAR100, train_per_class=2, test_per_class=1)
    monkeypatch.setattr(cifar, "CIFAR100", small)
    random_cifar.write(tmp_path / "cifar100.npz")
    parts = read_npz.read(tmp_path / "cifar100.npz", small)
    for part, count in (("train", 2), ("test", 1)):
        assert np.bincount(parts[part].fine, minlength=100).tolist() == [count] * 100
        coarse = np.take(small.class_to_superclass, parts[part].fine)
        np.testing.assert_array_equal(parts[part].coarse, coarse)


@pytest.fixture
def app(tmp_path, monkeypatch):
    """Another app in the place of train_cnn.py."""

    def put(source):
        file = tmp_path / "app.py"
        file.write_text(textwrap.dedent(source))
        monkeypatch.setattr(cold_start, "APP", file)

    return put


def test_a_start_is_watched(app, monkeypatch):
    app("""
        import os, sys
        from pathlib import Path
        arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
        assert arguments["--epochs"] == "1" and arguments["--data-dir"] == "there"
        assert "JAX_COMPILATION_CACHE_DIR" not in os.environ
        cache, run = Path(os.environ["KERASOFT_CACHE_DIR"]), Path(arguments["--output-dir"], "run")
        assert cache.exists() == (run.parent.name == "filled")
        cache.mkdir(exist_ok=True)
        run.mkdir(parents=True)
        (run / "metrics.csv").touch()
    """)
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "elsewhere")
    found = cold_start.measure(["--epochs", "1"], "there")
    assert [one["cache"] for one in found] == ["empty", "filled"]
    for one in found:
        assert 0 < one["first_epoch_seconds"] <= one["command_seconds"]


def test_a_start_that_fails_is_one_line(app, capsys):
    app("""
        print("something before")
        raise SystemExit("error: no such data. Received: there")
    """)
    with pytest.raises(SystemExit):
        cold_start.measure([], "there")
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "no such data" in error and "exit status 1" in error


@pytest.mark.parametrize("device, recipe", [(None, "quick"), ("GPU", "sprint")])
def test_what_is_started(monkeypatch, device, recipe):
    calls = []

    def measure(arguments, data_dir):
        calls.append((arguments, data_dir))
        seconds = {"first_epoch_seconds": 1.0, "command_seconds": 2.0}
        return [{"cache": cache} | seconds for cache in cold_start.CACHES]

    monkeypatch.setattr(kerasoft.training, "accelerator", lambda: device)
    monkeypatch.setattr(cold_start, "measure", measure)
    options = benchmark.parse(["--suite", "training", "--parts", "start", "--data-dir", "there"])
    part = {
        "starts": suite_training._starts(device_defaults.settled(options, suite_training.SIZES))
    }
    ((arguments, data_dir),) = calls
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert data_dir == "there" and given["--recipe"] == recipe and given["--epochs"] == "1"
    assert given["--backbone"] == ("simple_cnn" if device is None else "resnet9")
    table = suite_training._start_table({"backends": {BACKEND: part}})
    assert f"| {BACKEND} | {recipe}, {given['--backbone']}, " in table
    assert "| empty | 1.0 s | 2.0 s |" in table and "| filled |" in table


def test_the_app_takes_what_it_is_given(monkeypatch):
    """The options of a start are those of train_cnn.py."""
    import train_cnn
    import training_app

    seen = []
    monkeypatch.setattr(
        cold_start, "measure", lambda arguments, folder: seen.append(arguments) or []
    )
    monkeypatch.setattr(random_cifar, "write", lambda file: seen.append(file))
    options = benchmark.parse(["--suite", "training"])
    suite_training._starts(device_defaults.settled(options, suite_training.SIZES))
    assert seen.pop(0).name == "cifar100.npz"  # nobody gave a --data-dir
    options = training_app.parser(train_cnn.APP).parse_args(seen[0])
    assert options.recipe in suite_training.RECIPES and options.softmax == "softmax"
    assert options.dataset == "cifar100" and options.epochs == 1
