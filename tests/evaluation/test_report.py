"""What follows from a report's numbers, its text and its dictionary."""

import dataclasses
import json

import numpy as np
import pytest
from evaluation_fakes import LogProbModel

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation import Report, evaluate

INF = float("inf")


def from_predictions(labels, predicted, classes, **names):
    log_probs = np.log(np.full((len(labels), classes), 0.2 / max(1, classes - 1)))
    log_probs[np.arange(len(labels)), predicted] = np.log(0.8)
    return evaluate(LogProbModel(log_probs), np.zeros(len(labels)), np.array(labels), **names)


def strictly(text):
    def refuse(token):
        raise AssertionError(f"{token} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_superclasses_by_hand():
    report = from_predictions(
        [0, 0, 1, 2, 3, 3],
        [0, 2, 3, 2, 1, 0],
        4,
        superclass_names=("even", "odd"),
        class_to_superclass=(0, 1, 0, 1),
    )
    assert report.superclass_confusion.tolist() == [[3, 0], [1, 2]]
    assert report.superclass_accuracy == 5 / 6
    assert report.accuracy == 2 / 6


def test_without_superclasses():
    report = from_predictions([0, 1], [0, 0], 2)
    assert report.superclass_accuracy is None
    assert report.superclass_confusion is None
    assert "superclass" not in report.table()


def test_most_confused_are_sorted_and_ties_go_by_class():
    report = from_predictions([0, 1, 1, 2, 2, 2, 2], [1, 0, 0, 2, 0, 1, 1], 3)
    pairs = [(p.true, p.predicted, p.count, p.share) for p in report.most_confused]
    assert pairs == [(1, 0, 2, 1.0), (2, 1, 2, 0.5), (0, 1, 1, 1.0), (2, 0, 1, 0.25)]


def test_most_confused_are_ten_at_most(make_report):
    assert len(make_report(400, 20).most_confused) == 10
    assert from_predictions([0, 1], [0, 1], 2).most_confused == ()


def test_class_accuracy_is_the_diagonal(make_report):
    report = make_report(60, 6)
    expected = np.diag(report.confusion) / report.confusion.sum(axis=1)
    np.testing.assert_allclose(report.class_accuracy, expected)


def test_table():
    lines = from_predictions([0, 0, 1], [0, 1, 1], 2).table().splitlines()
    labels = [line[:25].strip() for line in lines]
    assert labels == [
        "accuracy",
        "top-5 accuracy",
        "precision (macro)",
        "recall (macro)",
        "F1 (macro)",
        "Cohen's kappa",
        "negative log-likelihood",
        "calibration error",
    ]
    assert lines[0].split() == ["accuracy", "66.67%"]
    assert lines[5].split()[-1] == "0.4000"
    assert len({len(line) for line in lines}) == 1


def test_table_says_where_the_likelihood_is_infinite():
    log_probs = np.array([[0.0, -INF], [0.0, -INF]])
    report = evaluate(LogProbModel(log_probs), np.zeros(2), np.array([0, 1]))
    assert "infinite (1 of 2 true classes have probability 0)" in report.table()


@pytest.mark.parametrize("superclasses", [0, 3])
def test_json_round_trip(make_report, superclasses):
    report = make_report(50, 7, superclasses)
    again = Report.from_dict(strictly(json.dumps(report.to_dict(), allow_nan=False)))
    assert again == report
    assert again.table() == report.table()
    for field in dataclasses.fields(Report):
        assert type(getattr(again, field.name)) is type(getattr(report, field.name))


def test_json_round_trip_of_an_infinite_likelihood():
    log_probs = np.array([[0.0, -INF], [0.0, -INF]])
    report = evaluate(LogProbModel(log_probs), np.zeros(2), np.array([0, 1]))
    values = strictly(json.dumps(report.to_dict(), allow_nan=False))
    assert values["negative_log_likelihood"] is None
    assert values["infinite_log_likelihoods"] == 1
    assert Report.from_dict(values).negative_log_likelihood == INF
    assert Report.from_dict(values) == report


def test_from_dict_names_what_is_missing_and_leaves_the_rest(make_report):
    values = make_report(4, 2).to_dict()
    assert Report.from_dict(values | {"title": "x"}) == Report.from_dict(values)
    del values["kappa"]
    with pytest.raises(InvalidArgumentError, match=r"Received: missing=\['kappa'\]"):
        Report.from_dict(values)


def test_a_report_is_frozen(make_report):
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_report(4, 2).accuracy = 1.0


def test_reports_differ_by_their_numbers(make_report):
    assert make_report(4, 2) != make_report(6, 2)
    assert make_report(4, 2) != "report"
