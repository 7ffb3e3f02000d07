"""Every metric against NumPy written by hand in float64, and the cases that break formulas."""

import warnings

import numpy as np
import pytest
from evaluation_fakes import random_log_probs

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation import score

INF = float("inf")


def by_hand(log_probs, labels, bins=15):
    """The definitions, one loop each."""
    log_probs = np.asarray(log_probs, dtype=np.float64)
    n, c = log_probs.shape
    confusion = np.zeros((c, c), dtype=int)
    top5 = nll = 0
    counts, hits, confidences = np.zeros(bins), np.zeros(bins), np.zeros(bins)
    for row, label in zip(log_probs, labels, strict=True):
        order = sorted(range(c), key=lambda j: (-row[j], j))
        confusion[label, order[0]] += 1
        top5 += label in order[:5]
        nll -= row[label]
        p = np.exp(row[order[0]])
        b = next(b for b in range(bins) if p <= (b + 1) / bins or b == bins - 1)
        counts[b] += 1
        hits[b] += order[0] == label
        confidences[b] += p
    diagonal = np.diag(confusion)
    rows, columns = confusion.sum(axis=1), confusion.sum(axis=0)
    precision = [d / s if s else 0.0 for d, s in zip(diagonal, columns, strict=True)]
    recall = [d / s if s else 0.0 for d, s in zip(diagonal, rows, strict=True)]
    f1 = [2 * p * r / (p + r) if p + r else 0.0 for p, r in zip(precision, recall, strict=True)]
    observed, chance = diagonal.sum() / n, (rows * columns).sum() / n**2
    return {
        "accuracy": observed,
        "top5": top5 / n,
        "precision": np.mean(precision),
        "recall": np.mean(recall),
        "f1": np.mean(f1),
        "kappa": (observed - chance) / (1 - chance) if chance < 1 else 0.0,
        "negative_log_likelihood": nll / n,
        "calibration_error": np.abs(hits - confidences).sum() / n,
        "class_precision": precision,
        "class_recall": recall,
        "class_f1": f1,
        "class_support": rows,
        "confusion": confusion,
    }


@pytest.mark.parametrize("classes", [2, 3, 5, 6, 30])
@pytest.mark.parametrize("examples", [1, 7, 200])
def test_equals_the_definitions(examples, classes):
    log_probs, labels = random_log_probs(examples, classes, seed=examples, strength=1.5)
    scores = score(log_probs, labels)
    for name, expected in by_hand(log_probs, labels).items():
        np.testing.assert_allclose(getattr(scores, name), expected, atol=1e-12, err_msg=name)


def test_worked_by_hand():
    probabilities = [[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]
    scores = score(np.log(probabilities), np.array([0, 1, 1, 2]), bins=10)
    assert scores.n_examples == 4
    assert scores.accuracy == 0.75
    assert scores.top5 == 1.0
    assert scores.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert scores.confusion.dtype == np.int64
    assert scores.class_precision == (0.5, 1.0, 1.0)
    assert scores.class_recall == (1.0, 0.5, 1.0)
    assert scores.class_support == (1, 2, 1)
    assert scores.precision == scores.recall == pytest.approx(5 / 6)
    assert scores.f1 == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert scores.kappa == pytest.approx((12 / 16 - 5 / 16) / (1 - 5 / 16))
    assert scores.negative_log_likelihood == pytest.approx(-np.log([0.7, 0.4, 0.8, 0.6]).mean())
    assert scores.calibration_error == pytest.approx((0.3 + 0.5 + 0.2 + 0.4) / 4)


def test_a_tie_goes_to_the_lowest_class():
    even = np.log(np.full((2, 2), 0.5))
    assert score(even, [0, 1]).confusion.tolist() == [[1, 0], [1, 0]]


def test_a_tie_at_the_border_of_the_five_goes_by_class_number():
    even = np.log(np.full((8, 8), 1 / 8))
    assert score(even, np.arange(8)).top5 == 5 / 8
    # Class 7 stands first alone, so that of the seven equal ones four are left in.
    row = np.log([0.1] * 7 + [0.3])
    hits = [score(row[None], [label]).top5 for label in range(8)]
    assert hits == [1, 1, 1, 1, 0, 0, 0, 1]


def test_minus_infinity_at_the_label_is_reported():
    log_probs = np.array([[0.0, -INF], [0.0, -INF], [np.log(0.5)] * 2])
    scores = score(log_probs, [0, 1, 1])
    assert scores.negative_log_likelihood == INF
    assert scores.infinite_log_likelihoods == 1
    assert score(log_probs, [0, 0, 1]).infinite_log_likelihoods == 0


def test_minus_infinity_elsewhere_changes_nothing():
    scores = score(np.array([[np.log(0.25), np.log(0.75), -INF]]), [1])
    assert scores.negative_log_likelihood == pytest.approx(-np.log(0.75))
    assert scores.accuracy == 1.0


def test_a_fully_masked_row_is_a_wrong_guess_without_confidence():
    scores = score(np.full((1, 3), -INF), [1])
    assert scores.accuracy == 0.0
    assert scores.reliability[0].count == 1
    assert scores.reliability[0].confidence == 0.0


def test_one_class_and_one_example_without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = score(np.zeros((1, 1), dtype=np.float32), np.zeros(1, dtype=np.uint8))
    assert scores.accuracy == scores.top5 == scores.precision == scores.f1 == 1.0
    assert scores.kappa == 0.0
    assert str(scores.negative_log_likelihood) == "0.0"  # not -0.0
    assert scores.calibration_error == 0.0
    assert scores.confusion.tolist() == [[1]]


def test_absent_classes_count_as_zero_in_macro_means():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = score(np.log([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1]]), [0, 0])
    assert scores.class_support == (2, 0, 0)
    assert scores.recall == scores.precision == pytest.approx(1 / 3)
    assert scores.confusion.shape == (3, 3)
    assert scores.kappa == 0.0


def test_bins_close_above():
    """p = 0.5 with two bins belongs to the lower one, as in Guo et al."""
    scores = score(np.log([[0.5, 0.5], [0.75, 0.25]]), [0, 0], bins=2)
    assert [b.count for b in scores.reliability] == [1, 1]
    assert scores.reliability[0].confidence == pytest.approx(0.5)
    assert scores.reliability[1].confidence == pytest.approx(0.75)


def test_empty_bins_have_no_means():
    bins = score(np.log([[0.9, 0.1]]), [0]).reliability
    assert len(bins) == 15
    assert bins[0].lower == 0.0 and bins[-1].upper == 1.0
    assert [b.count for b in bins] == [0] * 13 + [1, 0]
    assert bins[0].confidence is None and bins[0].accuracy is None


def test_labels_of_shape_n_1_and_small_types_are_taken():
    log_probs, labels = random_log_probs(20, 4)
    column = score(log_probs, labels.astype(np.uint8)[:, None])
    assert column.accuracy == score(log_probs, labels).accuracy


def test_half_precision_is_taken():
    uniform = np.full((4, 100), -np.log(100.0)).astype(np.float16)
    assert score(uniform, np.arange(4)).accuracy == 0.25


@pytest.mark.parametrize(
    ("log_probs", "labels", "message"),
    [
        (np.zeros((0, 3)), np.zeros(0, int), "at least one example"),
        (np.zeros((2, 0)), np.zeros(2, int), "one class"),
        (np.zeros(3), np.zeros(3, int), r"\(N, C\)"),
        ("text", [0], r"\(N, C\)"),
        ([[0.0], [0.0, 1.0]], [0, 0], r"\(N, C\)"),
        (np.log([[0.5, 0.5]]), [2], "from 0 to 1"),
        (np.log([[0.5, 0.5]]), [-1], "from 0 to 1"),
        (np.log([[0.5, 0.5]]), [0, 1], "one label an example"),
        (np.log([[0.5, 0.5]]), [0.0], "integer"),
        (np.log([[0.5, 0.5]]), [True], "integer"),
        (np.log([[0.5, 0.5]]), [[1, 0]], "integer"),
        ([[3.0, 1.0]], [0], "log-softmax"),
        ([[INF, 0.0]], [0], "log-softmax"),
    ],
)
def test_bad_arguments(log_probs, labels, message):
    with pytest.raises(InvalidArgumentError, match=message + ".*Received: "):
        score(log_probs, labels)


def test_nan_rows_are_counted():
    log_probs, labels = random_log_probs(10, 3)
    log_probs[[2, 5, 7]] = np.nan
    with pytest.raises(InvalidArgumentError, match="NaN.*Received: rows_with_nan=3, rows=10"):
        score(log_probs, labels)


@pytest.mark.parametrize("bins", [0, -1, 2.5, True])
def test_bad_bins(bins):
    with pytest.raises(InvalidArgumentError, match="`bins`.*Received: bins="):
        score(np.log([[0.5, 0.5]]), [0], bins=bins)
