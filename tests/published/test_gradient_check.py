"""(p - y) x^T, by three ways."""

import dataclasses

import numpy as np
import pytest

from kerasoft.published import gradient_check
from kerasoft.published.gradient_check import GradientIsRight, check_gradient
from kerasoft.published.results import Results


@pytest.mark.parametrize("seed", [0, 1])
def test_three_ways_agree(seed):
    check = check_gradient(seed)
    assert check.error(check.numeric) < 1e-7
    assert check.error(check.backend) < 1e-5
    assert check.numeric.shape == check.backend.shape == check.formula.shape == (10, 15)
    np.testing.assert_allclose(check.formula.sum(axis=0), 0.0, atol=1e-15)  # p and y sum to 1


def test_a_wrong_formula_would_show(monkeypatch):
    check = check_gradient()
    wrong = dataclasses.replace(check, formula=-check.formula)
    assert wrong.error(wrong.numeric) == pytest.approx(2.0)
    monkeypatch.setattr(gradient_check, "check_gradient", lambda: wrong)
    verdicts = [GradientIsRight("It is.", "linear").judge(Results("", {}, {}))]
    monkeypatch.undo()
    verdicts.append(GradientIsRight("It is.", "linear").judge(Results("", {}, {})))
    assert [one.holds for one in verdicts] == [False, True]
