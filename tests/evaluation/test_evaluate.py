"""What `evaluate` takes from a model, and what it refuses."""

import numpy as np
import pytest
from evaluation_fakes import LogProbModel, PredictModel, random_log_probs

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation import evaluate, score

LOG_PROBS, LABELS = random_log_probs(24, 6)
IMAGES = np.zeros((24, 2, 2, 3), dtype=np.uint8)


def test_log_probabilities_of_a_classifier():
    model = LogProbModel(LOG_PROBS)
    report = evaluate(model, IMAGES, LABELS, batch_size=7, verbose=1)
    assert model.calls == [(24, 7, 1)]
    assert report.accuracy == score(LOG_PROBS, LABELS).accuracy
    assert report.n_examples == 24
    assert report.class_names == ("0", "1", "2", "3", "4", "5")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_probabilities_and_log_probabilities_of_any_model(dtype):
    expected = score(LOG_PROBS, LABELS)
    for outputs in (np.exp(LOG_PROBS), LOG_PROBS):
        report = evaluate(PredictModel(outputs.astype(dtype)), IMAGES, LABELS)
        assert report.accuracy == expected.accuracy
        assert report.negative_log_likelihood == pytest.approx(
            expected.negative_log_likelihood, rel=5e-3
        )


def test_a_probability_of_zero_is_an_infinite_loss():
    report = evaluate(PredictModel(np.array([[1.0, 0.0]])), IMAGES[:1], np.array([1]))
    assert report.infinite_log_likelihoods == 1
    assert report.negative_log_likelihood == float("inf")


def test_one_class_as_probability_and_as_log_probability():
    for value in (0.0, 1.0):
        report = evaluate(PredictModel(np.full((3, 1), value)), IMAGES[:3], np.zeros(3, int))
        assert report.accuracy == 1.0 and report.negative_log_likelihood == 0.0


def test_names_are_kept():
    report = evaluate(
        LogProbModel(LOG_PROBS),
        IMAGES,
        LABELS,
        class_names=list("abcdef"),
        superclass_names=["odd", "even"],
        class_to_superclass=np.array([1, 0, 1, 0, 1, 0]),
    )
    assert report.class_names == tuple("abcdef")
    assert report.superclass_names == ("odd", "even")
    assert report.class_to_superclass == (1, 0, 1, 0, 1, 0)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (5.0 * LOG_PROBS + 3.0, "logits"),
        (np.full((24, 6), -0.5) + np.eye(6)[LABELS] * 1.5, "logits"),
        (np.exp(LOG_PROBS)[:, :, None], r"\(N, C\)"),
        (np.exp(LOG_PROBS)[:20], "one row of predictions an image"),
        ([np.exp(LOG_PROBS), np.zeros((24, 2))], r"\(N, C\)"),
        (np.full((24, 6), np.nan), "NaN"),
    ],
)
def test_outputs_that_are_no_distribution(outputs, message):
    with pytest.raises(InvalidArgumentError, match=message + ".*Received: "):
        evaluate(PredictModel(outputs), IMAGES, LABELS)


def test_a_model_that_cannot_predict():
    with pytest.raises(InvalidArgumentError, match="`model`.*Received: model='object'"):
        evaluate(object(), IMAGES, LABELS)


def test_bad_log_probabilities_of_a_classifier():
    with pytest.raises(InvalidArgumentError, match="one row of predictions"):
        evaluate(LogProbModel(LOG_PROBS[:5]), IMAGES, LABELS)
    with pytest.raises(InvalidArgumentError, match="NaN"):
        evaluate(LogProbModel(LOG_PROBS * np.nan), IMAGES, LABELS)


@pytest.mark.parametrize(
    ("images", "labels", "options", "message"),
    [
        (IMAGES, LABELS[:-1], {}, "one label an example"),
        (IMAGES, LABELS.astype(float), {}, "integer"),
        (IMAGES[:0], LABELS[:0], {}, "at least one example"),
        (iter(()), LABELS, {}, "`images`"),
        (np.float32(1), LABELS, {}, "`images`"),
        (IMAGES, LABELS, {"batch_size": 0}, "`batch_size`"),
        (IMAGES, LABELS, {"superclass_names": ["a"]}, "together"),
        (IMAGES, LABELS, {"class_to_superclass": [0] * 6}, "together"),
    ],
)
def test_bad_arguments_are_found_before_predicting(images, labels, options, message):
    model = LogProbModel(LOG_PROBS)
    with pytest.raises(InvalidArgumentError, match=message + ".*Received: "):
        evaluate(model, images, labels, **options)
    assert model.calls == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_names": "abc"}, "`class_names`.*6 classes"),
        ({"superclass_names": "x", "class_to_superclass": [0] * 5}, "`class_to_superclass`"),
        ({"superclass_names": "x", "class_to_superclass": [1] * 6}, "from 0 to 0"),
        (
            {"class_names": "abcdef", "superclass_names": "x", "class_to_superclass": [0]},
            "one superclass number a class",
        ),
    ],
)
def test_names_that_do_not_fit(options, message):
    with pytest.raises(InvalidArgumentError, match=message + ".*Received: "):
        evaluate(LogProbModel(LOG_PROBS), IMAGES, LABELS, **options)


def test_labels_beyond_the_classes_of_the_model():
    with pytest.raises(InvalidArgumentError, match="from 0 to 5"):
        evaluate(LogProbModel(LOG_PROBS), IMAGES, LABELS + 1)
