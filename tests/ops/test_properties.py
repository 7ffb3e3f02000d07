"""What every score function promises for any scores, looked for by hypothesis."""

import functools

import numpy as np
import pytest
import reference
from backend import compiled, to_numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from keras import ops

from kerasoft.ops import entmax, entmax15, pseudo_softmax, softmax, sparsemax, taylor_softmax

SHAPE = (3, 6)  # one shape: JAX compiles each function once

FUNCTIONS = {
    "softmax": softmax,
    "pseudo_softmax": pseudo_softmax,
    "sparsemax": sparsemax,
    "entmax15": entmax15,
    "entmax 1.25": functools.partial(entmax, alpha=1.25),
    "entmax 3": functools.partial(entmax, alpha=3.0),
}

few = settings(max_examples=25)
scores = arrays("float32", SHAPE, elements=st.floats(-20, 20, width=32))
coarse = scores.map(lambda x: np.round(x * 256) / 256)  # shifts by integers do not round these
every = pytest.mark.parametrize("name", FUNCTIONS)


@functools.cache
def fast(function):
    """The function compiled once, from NumPy to float64."""
    ready = compiled(function)
    return lambda *inputs: to_numpy(ready(*(ops.convert_to_tensor(x, "float32") for x in inputs)))


def run(name, x):
    return fast(FUNCTIONS[name])(x)


@pytest.mark.parametrize("name", [*FUNCTIONS, "taylor_softmax"])
@few
@given(scores)
def test_rows_are_distributions(name, x):
    found = fast(FUNCTIONS.get(name, taylor_softmax))(x)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(-1), 1.0, atol=2e-6)


@every
@few
@given(coarse, st.integers(-1000, 1000))
def test_shifts_change_nothing(name, x, shift):
    np.testing.assert_allclose(run(name, x + np.float32(shift)), run(name, x), atol=1e-6)


@every
@few
@given(scores, st.permutations(range(SHAPE[-1])))
def test_classes_may_be_reordered(name, x, order):
    np.testing.assert_allclose(run(name, x[:, order]), run(name, x)[:, order], atol=1e-6)


@every
@few
@given(scores)
def test_a_higher_score_has_no_lower_probability(name, x):
    in_order = np.take_along_axis(run(name, x), np.argsort(x, axis=-1), axis=-1)
    assert (np.diff(in_order) >= 0).all()


@every
@few
@given(scores)
def test_equal_scores_have_equal_probabilities(name, x):
    x = np.concatenate([x[:, :3], x[:, :3]], axis=-1)
    found = run(name, x)
    np.testing.assert_array_equal(found[:, :3], found[:, 3:])


@few
@given(scores)
def test_alpha_names_its_members(x):
    for alpha, member in ((1, softmax), (1.5, entmax15), (2, sparsemax)):
        found = fast(FAMILY[alpha])(x)
        np.testing.assert_allclose(found, fast(member)(x), atol=1e-6)
        found = fast(entmax)(x, np.full((), alpha))
        np.testing.assert_allclose(found, fast(member)(x), atol=1e-6)


FAMILY = {alpha: functools.partial(entmax, alpha=alpha) for alpha in (1, 1.5, 2)}


@few
@given(scores, st.floats(1e-7, 0.1))
def test_alpha_near_one_is_near_softmax(x, distance):
    """|dp / dalpha| is below 1 at alpha 1: p L^2 / 2 is, L = log p."""
    found = fast(entmax)(x, np.full((), 1 + distance))
    np.testing.assert_allclose(found, fast(softmax)(x), atol=distance + 1e-6)


@few
@given(scores, st.floats(1, 5), st.floats(1, 5))
def test_a_higher_alpha_has_no_larger_support(x, one, other):
    small, large = (fast(entmax)(x, np.full((), alpha)) for alpha in sorted((one, other)))
    assert ((large > 0).sum(-1) <= (small > 1e-30).sum(-1)).all()


@every
@few
@given(coarse)
def test_cold_is_the_uniform_choice_among_the_highest(name, x):
    best = x == x.max(-1, keepdims=True)
    found = run(name, x * np.float32(2**16))
    np.testing.assert_allclose(found, best / best.sum(-1, keepdims=True), atol=1e-6)


@every
@few
@given(scores)
def test_hot_is_uniform(name, x):
    np.testing.assert_allclose(run(name, x * np.float32(2**-30)), 1 / SHAPE[-1], atol=1e-6)


def rounding_of_tau(p, row, alpha):
    """How far probabilities move with two units in the last place of float32 in tau.

    One is where the bracket ends, a half each comes from a quotient and a product with it.

    Each moves by p^(2 - alpha) / (alpha - 1) of it, and by its share of what their sum does. Above
    alpha = 2 that has no end: small ones are steep roots.
    """
    if alpha <= 2:
        return 0.0
    moves = np.where(p > 0, np.maximum(p, 1e-30) ** (2.0 - alpha), 0.0) / (alpha - 1)
    units = 2 * np.spacing(np.float32((alpha - 1) * abs(row).max()))
    return units * (moves + p * moves.sum())


@every
@few
@given(scores, arrays("bool", SHAPE))
def test_masked_classes_might_as_well_not_be_there(name, x, masked):
    found = run(name, np.where(masked, -np.inf, x))
    assert (found[masked] == 0).all()
    np.testing.assert_array_equal(found.sum(-1) == 0, masked.all(-1))
    slope = np.log(2) if name == "pseudo_softmax" else 1.0
    alpha = {"sparsemax": 2, "entmax15": 1.5, "entmax 1.25": 1.25, "entmax 3": 3}.get(name, 1)
    for row, kept, got in zip(x, ~masked, found, strict=True):
        if kept.any():
            truth = reference.entmax(slope * row[kept].astype("float64"), alpha)
            bound = np.maximum(2e-6, rounding_of_tau(truth, slope * row[kept], alpha))
            assert (abs(got[kept] - truth) <= bound + 1e-7 * truth).all()
