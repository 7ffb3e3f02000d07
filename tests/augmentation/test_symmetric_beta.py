"""Draws follow the beta distribution, whatever its parameter."""

import keras
import numpy as np
import pytest
from backend import compiled, to_numpy
from scipy import stats

from kerasoft.augmentation.symmetric_beta import SymmetricBeta
from kerasoft.errors import InvalidArgumentError


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5, 1.0, 2.0, 8.0, 100.0])
def test_distribution_is_off_by_no_more_than_a_cell(alpha):
    quantiles = np.float64(SymmetricBeta(alpha)._quantiles)
    assert (np.diff(quantiles) >= 0).all() and quantiles[0] < 1e-3 and quantiles[-1] > 0.999
    places = np.linspace(0, 1, 4097)
    resolved = (quantiles > 1e-30) & (quantiles < 0.999)  # float32 is coarse close to 1
    found = stats.beta(alpha, alpha).cdf(quantiles)
    np.testing.assert_allclose(found[resolved], places[resolved], atol=1e-5)


@pytest.mark.parametrize("alpha", [1e-4, 0.2, 1.0, 100.0])
def test_draws(alpha):
    beta = SymmetricBeta(alpha)

    @compiled
    def draw():
        return beta.draw((20000,), 5)

    for draws in (to_numpy(draw()), to_numpy(beta.draw((20000,), 6))):
        assert draws.min() >= 0 and draws.max() <= 1  # and no NaN
        counts = [(draws < 0.1).sum(), ((draws >= 0.1) & (draws < 0.9)).sum()]
        lowest = stats.beta(alpha, alpha).cdf(0.1)
        expected = 20000 * np.array([lowest, 1 - 2 * lowest])
        assert np.abs(counts - expected).max() < 400
        assert abs(draws.mean() - 0.5) < 0.02


def test_shape_dtype_and_seed():
    beta = SymmetricBeta(0.2)
    first = beta.draw((3, 1), keras.random.SeedGenerator(1))
    again = beta.draw((3, 1), keras.random.SeedGenerator(1))
    assert tuple(first.shape) == (3, 1)
    assert keras.backend.standardize_dtype(first.dtype) == "float32"
    np.testing.assert_array_equal(to_numpy(first), to_numpy(again))


@pytest.mark.parametrize("alpha", [0, -1.0, 101, float("nan"), "1", None, True])
def test_wrong_alpha(alpha):
    with pytest.raises(InvalidArgumentError, match="`a` must be a number above 0.*Received: a="):
        SymmetricBeta(alpha, "a")
