"""The multiclass hinge of Weston and Watkins against float64."""

import functools

import keras
import numpy as np
import pytest
import reference
from backend import random_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from vjp import value_and_gradient

from kerasoft.errors import InvalidArgumentError
from kerasoft.losses import MulticlassHinge

INF = float("inf")
SCORES = random_scores((6, 5), 1.0)
LABELS = np.array([0, 4, 2, 2, 1, 3])
SOFT = np.random.default_rng(1).dirichlet(np.ones(5), 6).astype("float32")


@functools.cache
def hinge(margin=1.0):
    """Per-example values of (scores, labels), compiled once for each shape."""
    call = MulticlassHinge(margin=margin).call
    return lambda scores, labels: call(labels, scores)


def values(labels, scores, margin=1.0):
    return value_and_gradient(hinge(margin), scores, 1.0, np.asarray(labels))[0]


def check(labels, scores, margin=1.0):
    found, slopes = value_and_gradient(hinge(margin), scores, 1.0, labels)
    truth = reference.multiclass_hinge(labels, scores, margin)
    np.testing.assert_allclose(found, truth, rtol=1e-6, atol=1e-6)
    truth = reference.multiclass_hinge_gradient(labels, scores, margin)
    np.testing.assert_allclose(slopes, truth, rtol=0, atol=1e-6 * max(1.0, np.abs(truth).max()))


def test_known_values():
    scores = [[2.0, 1.5, 0.0, -1.0]]
    np.testing.assert_allclose(values([0], scores), [0.5])
    np.testing.assert_allclose(values([1], scores), [1.5])
    np.testing.assert_allclose(values([3], scores), [4.0 + 3.5 + 2.0])
    np.testing.assert_allclose(values([0], scores, margin=3.0), [2.5 + 1.0])


@pytest.mark.parametrize("margin", [0.5, 1.0, 3.0])
def test_value_and_gradient(margin):
    for labels in (LABELS, SOFT, 2 * SOFT):
        check(labels, SCORES, margin)


def test_gradient_of_the_truth_is_its_derivative():
    for labels in (LABELS, SOFT):
        found = reference.finite_difference(
            lambda s, y=labels: reference.multiclass_hinge(y, s).sum(), SCORES
        )
        truth = reference.multiclass_hinge_gradient(labels, SCORES)
        np.testing.assert_allclose(found, truth, atol=1e-7)


@pytest.mark.parametrize("scale", [1e-5, 1e2, 1e5])
def test_scales(scale):
    for labels in (LABELS, SOFT):
        check(labels, random_scores((6, 5), scale))


def test_many_classes():
    scores, labels = random_scores((3, 10007), 1.0), np.array([0, 10006, 5000])
    gaps = 1.0 + scores - np.take_along_axis(scores, labels[:, None], -1)
    truth = np.maximum(gaps, 0.0).sum(-1) - 1.0  # the label's own gap is the margin
    np.testing.assert_allclose(values(labels, scores), truth, rtol=1e-6)


def test_soft_labels_of_many_classes():
    labels = np.random.default_rng(1).dirichlet(np.ones(100), 2).astype("float32")
    check(labels, random_scores((2, 100), 1.0))


def test_config_survives():
    loss = MulticlassHinge(margin=2.0, label_smoothing=0.1, ignore_class=-1, axis=1, name="n")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(again) is MulticlassHinge and again.margin == 2.0
    assert again.get_config() == loss.get_config()


@pytest.mark.parametrize("margin", [0, -1.0, float("nan"), INF, True, "x", None])
def test_margin_that_is_not_allowed(margin):
    with pytest.raises(InvalidArgumentError, match="`margin` must be") as error:
        MulticlassHinge(margin=margin)
    assert str(error.value).endswith(f"Received: margin={margin!r}")


few = settings(max_examples=25)
some_scores = arrays("float32", (6, 5), elements=st.floats(-4, 4, width=32))
some_labels = arrays("int64", (6,), elements=st.integers(0, 4))


@few
@given(some_scores, some_labels)
def test_never_negative_and_zero_from_the_margin_on(scores, labels):
    found = values(labels, scores)
    label = np.take_along_axis(scores.astype("float64"), labels[:, None], -1)[:, 0]
    rivals = np.where(reference.one_hot(labels, 5) > 0, -INF, scores.astype("float64"))
    lead = label - rivals.max(-1)
    assert (found >= 0).all()
    np.testing.assert_allclose(found[lead >= 1], 0.0, atol=1e-6)
    assert (found[lead < 1 - 1e-5] > 0).all()
