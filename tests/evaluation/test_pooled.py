"""Reports of several runs as one."""

import dataclasses

import numpy as np
import pytest
from evaluation_fakes import LogProbModel, random_log_probs

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation import evaluate
from kerasoft.evaluation.pooled import pooled


def report(log_probs, labels, **names):
    return evaluate(LogProbModel(log_probs), np.zeros((len(labels), 1)), labels, **names)


@pytest.mark.parametrize("infinite", [False, True])
def test_it_is_the_report_on_all_predictions(infinite):
    parts = [random_log_probs(150, 7, seed) for seed in range(3)]
    if infinite:
        parts[1][0][0] = [-np.inf, 0, *5 * [-np.inf]]
    parts.append(random_log_probs(40, 7, 9))
    everything = report(*(np.concatenate(both) for both in zip(*parts, strict=True)))
    found = pooled([report(*part) for part in parts])
    for field in dataclasses.fields(found):
        mine, theirs = (getattr(one, field.name) for one in (found, everything))
        if field.name == "reliability":
            mine, theirs = (
                [[np.nan if x is None else x for x in dataclasses.astuple(b)] for b in bins]
                for bins in (mine, theirs)
            )
        if field.name == "class_names":
            assert mine == theirs
        else:
            np.testing.assert_allclose(mine, theirs, rtol=1e-6, err_msg=field.name)


def test_one_class():
    assert pooled([report(np.zeros((3, 1)), np.zeros(3, int))]).kappa == 0.0


def test_reports_of_other_classes_are_refused():
    with pytest.raises(InvalidArgumentError, match="same classes"):
        pooled([report(*random_log_probs(20, classes)) for classes in (4, 5)])
    with pytest.raises(InvalidArgumentError, match="at least one"):
        pooled([])
