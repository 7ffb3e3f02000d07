"""The scaling suite: that every head is measured and drawn; never how fast anything is."""

import argparse
import json
import math
import os

import benchmark
import numpy as np
import pytest
from benchmarks import suite_scaling, training_step

from kerasoft import heads

BACKEND = os.environ["KERAS_BACKEND"]
TINY = ["--classes", "30,90", "--batch-size", "4", "--features", "64", "--num-sampled", "8"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    arguments = ["--suite", "scaling", "--backends", BACKEND, *TINY, "--epochs", "1"]
    heads = ["--heads", "softmax,sampled"]  # two of four: each point is a process of its own
    benchmark.main([*arguments, *heads, "--output-dir", str(folder)])
    (run,) = folder.iterdir()
    return run


def test_record_table_and_figure(finished):
    assert {file.name for file in finished.iterdir()} == {
        "scaling.json",
        "scaling.md",
        "scaling.png",
    }
    record = json.loads((finished / "scaling.json").read_text())
    points = record["backends"][BACKEND]["points"]
    measured = {(point["head"], point["classes"]) for point in points}
    assert measured == {(head, size) for head in ("softmax", "sampled") for size in (30, 90)}
    for point in points:
        assert len(point["seconds"]) == 1 and point["seconds"][0] > 0
        assert point["peak_bytes"] >= point["peak_bytes_before"] > 0
    page = (finished / "scaling.md").read_text()
    assert record["command"] in page and suite_scaling.table(record) in page


def test_all_heads_are_known():
    assert set(suite_scaling.ALL) == set(heads.names())
    assert set(suite_scaling.HEADS) <= set(suite_scaling.ALL)
    for name in suite_scaling.ALL:
        assert (heads.kind(name) is heads.SoftmaxHead) == (name in suite_scaling.DENSE)


@pytest.mark.parametrize("head", suite_scaling.ALL)
def test_every_head_is_measured(head):
    settings = {
        "head": head,
        "classes": 40,
        "features": 64,
        "batch_size": 4,
        "num_sampled": 8,
        "div_value": 4.0,
    }
    settings |= {"optimizer": "adam", "labels": "uniform", "epochs": 1}
    model = training_step.classifier(settings)
    assert model.head.num_classes == 40
    alone = head in ("hierarchical", "sampled")
    assert model.head.updates_rows == alone
    scores_all = head in suite_scaling.DENSE
    assert len(model.trainable_variables) == (2 if alone else 4 if scores_all else 3)


def test_labels_follow_their_law():
    random = np.random.default_rng(0)
    found = training_step.labels("zipf", 50, 200_000, random)
    expected = 1 / np.arange(1, 51)
    shares = np.bincount(found, minlength=50) / len(found)
    np.testing.assert_allclose(shares, expected / expected.sum(), rtol=0.1)
    found = training_step.labels("uniform", 50, 200_000, random)
    np.testing.assert_allclose(np.bincount(found) / len(found), 1 / 50, rtol=0.1)


def test_the_exponent_is_a_slope():
    points = [
        {"head": "softmax", "classes": size, "seconds": [3.0, 1e-6 * size**0.5, 0.0]}
        for size in (10_000, 1_000_000, 10_000_000)
    ]
    points += [{"head": "softmax", "classes": 100, "seconds": [7.0]}]  # too few classes to count
    points += [{"head": "softmax", "classes": 10**8, "left_out": "may need 500 GB"}]
    assert math.isclose(suite_scaling.exponent(points, "softmax"), 0.5, rel_tol=1e-6)
    assert suite_scaling.exponent(points, "sampled") is None


def test_what_scores_every_class_is_left_out_where_it_does_not_fit():
    options = argparse.Namespace(features=128, batch_size=256, memory=12)
    point = suite_scaling._point("gumbel", 10_000_000, options)
    assert point == {"left_out": "may need 46 GB"}
    assert suite_scaling._cell(point) == "may need 46 GB"
    point = suite_scaling._point("softmax", 10_000_000, options)  # whose scores come in chunks
    assert point == {"left_out": "may need 15 GB"}


def test_a_head_that_is_none(fails):
    error = fails(benchmark.main, "--suite", "scaling", "--heads", "softmax,noise")
    assert "--heads" in error and "hierarchical" in error and "'noise'" in error
