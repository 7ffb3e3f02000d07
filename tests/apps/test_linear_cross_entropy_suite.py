"""The suite of linear cross-entropy: that it compares like with like, never who is fast."""

import csv
import json

import benchmark
import keras
import numpy as np
import pytest
from benchmarks import extra_memory, gradients
from benchmarks import linear_cross_entropy_contest as contest
from benchmarks import suite_linear_cross_entropy as suite
from keras import ops

BACKEND = keras.config.backend()
TINY = ["--rows", "7", "--dimensions", "3", "--classes", "300", "--chunk-sizes", "13"]


@pytest.mark.parametrize(
    "arguments, parts",
    [
        (["--rows", "0"], ["--rows", "0"]),
        (["--dtype", "int8"], ["--dtype", "bfloat16", "int8"]),
        (["--chunk-sizes", "4,-1"], ["--chunk-sizes", "-1"]),
    ],
)
def test_a_bad_input_is_one_line(fails, arguments, parts):
    error = fails(benchmark.main, "--suite", "linear-cross-entropy", *arguments)
    assert all(part in error for part in parts)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    arguments = ["--suite", "linear-cross-entropy", "--backends", BACKEND, "--repetitions", "1"]
    benchmark.main([*arguments, *TINY, "--output-dir", str(folder)])
    (run,) = folder.iterdir()
    return run


@pytest.fixture(scope="module")
def record(finished):
    return json.loads((finished / "linear-cross-entropy.json").read_text())


def test_everyone_was_measured_and_agrees(record):
    rows = suite.rows_of(record)
    for mode in gradients.MODES[BACKEND]:
        names = [row["name"] for row in rows if row["mode"] == mode]
        assert names[:2] == ["kerasoft", "kerasoft, chunk_size=13"] and "plain" in names
    for row in rows:
        assert row["milliseconds"] > 0 and row["extra_mebibytes"] >= 0
        assert row["loss_error"] < 1e-6 and row["gradient_error"] < 1e-5
        if row["name"] == "plain":
            assert row["of_plain"] == 1.0


def test_table_figure_and_csv(finished, record):
    page = (finished / "linear-cross-entropy.md").read_text()
    assert suite.table(record) in page and "7 examples, 3 dimensions, 300 classes, float32" in page
    assert (finished / "linear-cross-entropy.png").stat().st_size > 1000
    with (finished / "linear-cross-entropy.csv").open() as file:
        found = list(csv.DictReader(file))
    assert [row["name"] for row in found] == [row["name"] for row in suite.rows_of(record)]
    assert tuple(found[0]) == suite.COLUMNS


def test_what_is_not_finite_or_not_known_is_said(record):
    assert suite._error(np.array([np.nan]), np.array([1.0])) is None
    (part,) = record["backends"].values()
    changed = [one | {"extra_bytes": None, "loss_error": None} for one in part["measurements"]]
    table = suite.table({**record, "backends": {BACKEND: part | {"measurements": changed}}})
    assert "| not known |" in table


def test_the_three_products_are_those_of_the_loss():
    tensors = [ops.convert_to_tensor(np.full(shape, 0.5, "float32")) for shape in ((2, 3), (4, 3))]
    labels = ops.zeros((2,), "int32")
    found = contest.floor(gradients.MODES[BACKEND][0], *tensors, labels)()
    np.testing.assert_allclose(gradients.to_numpy(found[0]), 0.75 * 4 * 0.5 * np.ones((2, 3)))
    np.testing.assert_allclose(gradients.to_numpy(found[1]), 0.75 * 2 * 0.5 * np.ones((4, 3)))


@pytest.mark.skipif(BACKEND == "jax", reason="XLA tells what it plans")
def test_memory_of_a_while_is_counted_and_what_is_given_back_is_not():
    keep = ops.ones((2, 2**20))  # 8 MiB

    def call():
        large = ops.convert_to_tensor(np.ones((64, 2**20), "float32"))  # 256 MiB
        return (keep + ops.sum(large),)

    call()
    assert 200 * 2**20 < extra_memory.extra_bytes(call) < 1024 * 2**20


@pytest.mark.skipif(BACKEND != "jax", reason="what XLA plans")
def test_planned_memory():
    def function(x):
        return (ops.matmul(ops.exp(ops.matmul(x, ops.transpose(x))), x),)

    assert extra_memory.planned_bytes(function, ops.ones((1024, 8))) >= 4 * 1024**2
