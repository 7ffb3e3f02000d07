"""Verdicts on numbers made by hand."""

import pytest

from kerasoft.published.claims import Below, Breaks, Contrast, Level, Same
from kerasoft.published.quantities import ACCURACY, MICRO_F1, STEADY_SECONDS
from kerasoft.published.results import Results


def results(apart="", failures=(), **variants):
    """A number a seed by variant; of accuracy and of seconds alike."""
    names = (ACCURACY.name, STEADY_SECONDS.name)
    scores = {
        ("part", variant): {seed: dict.fromkeys(names, value) for seed, value in enumerate(values)}
        for variant, values in variants.items()
    }
    return Results(apart, scores, dict(failures))


def level(value=0.5, tolerance=0.02):
    return Level(
        "It reaches 50%.", "part", variant="a", quantity=ACCURACY, value=value, tolerance=tolerance
    )


@pytest.mark.parametrize(
    "values, holds, reason",
    [
        ([0.50, 0.501, 0.499], True, "all of the interval is within 2.00 points"),
        ([0.60, 0.601, 0.599], False, "higher: none of the interval is within 2.00 points"),
        ([0.40, 0.401, 0.399], False, "lower"),
        ([0.52, 0.521, 0.519], None, "only a part of the interval"),  # 0.5175 to 0.5225
        ([0.45, 0.50, 0.55], None, "take more seeds"),  # far wider than the tolerance
        ([0.9], None, "one seed"),
    ],
)
def test_level(values, holds, reason):
    verdict = level().judge(results(a=values))
    assert verdict.holds is holds and reason in verdict.reason


def test_level_says_both_numbers():
    claim = level()
    assert claim.reported() == "50.00%"
    assert claim.judge(results(a=[0.6])).measured == "60.00% (n = 1)"
    measured = claim.judge(results(a=[0.6, 0.6, 0.6])).measured
    assert measured == "60.00% (60.00% to 60.00%, n = 3)"


@pytest.mark.parametrize(
    "values, holds",
    [([0.02, 0.021, 0.019], True), ([0.5, 0.51, 0.52], False), ([0.07, 0.09], None), ([0.0], None)],
)
def test_below(values, holds):
    verdict = below().judge(results(a=values))
    assert verdict.holds is holds and below().reported() == "under 8.00%"


def below():
    return Below("It stays under 8%.", "part", variant="a", quantity=ACCURACY, value=0.08)


def test_no_run_no_verdict():
    reason = {("part", "a"): ["no weights"]}
    for claim in (level(), below(), contrast(), breaks()):
        assert claim.judge(results()).holds is None
        assert claim.judge(results("quick scale")).reason == "quick scale"
        verdict = claim.judge(results(failures=reason))
        assert verdict.holds is None and verdict.reason == "no weights" and verdict.measured == "-"


def test_what_is_apart_decides_nothing():
    many = {"a": [0.3, 0.3, 0.3], "b": [0.6, 0.61, 0.6]}
    for claim in (level(), below(), contrast(), breaks()):
        assert claim.judge(results(**many)).holds is not None
        verdict = claim.judge(results("quick scale", **many))
        assert verdict.holds is None and verdict.reason.startswith("quick scale")


def contrast(values=(0.55, 0.50), quantity=ACCURACY, relative=False):
    return Contrast(
        "a is better than b.",
        "part",
        variant="a",
        than="b",
        quantity=quantity,
        values=values,
        relative=relative,
    )


@pytest.mark.parametrize(
    "own, other, holds, reason",
    [
        ([0.60, 0.61, 0.62], [0.55, 0.559, 0.571], True, "on the reported side"),
        ([0.55, 0.559, 0.571], [0.60, 0.61, 0.62], False, "on the other side"),
        ([0.600, 0.610, 0.620], [0.601, 0.610, 0.619], False, "holds 0 and not"),
        ([0.5, 0.6, 0.7], [0.6, 0.5, 0.6], None, "both 0 and what was reported"),
        ([0.9], [0.1], None, "one seed"),
        ([0.301, 0.302], [0.300, 0.301], None, "the same difference in every seed"),
    ],
)
def test_contrast(own, other, holds, reason):
    verdict = contrast().judge(results(a=own, b=other))
    assert verdict.holds is holds and reason in verdict.reason


def test_contrast_pairs_seeds():
    """Each seed differs by 1 point, which the spread of seeds alone would hide."""
    own, other = [0.51, 0.61, 0.71], [0.50, 0.60, 0.7001]
    assert contrast().judge(results(a=own, b=other)).holds is True
    only_two = results(a=own, b=other)
    del only_two.scores["part", "b"][2]
    assert "n = 2" in contrast().judge(only_two).measured


def test_no_difference_at_all():
    same = {"a": [0.5, 0.6, 0.7], "b": [0.5, 0.6, 0.7]}
    assert contrast().judge(results(**same)).holds is False
    assert (
        contrast().judge(results("quick scale", **same)).reason
        == "quick scale; it shows no difference"
    )


def test_times_are_compared_as_ratios():
    claim = contrast((5.4, 6.0), STEADY_SECONDS, relative=True)
    assert claim.reported() == "\N{MINUS SIGN}10.0%: 5.4 s and 6 s"
    same = results(a=[60.1, 59.9, 60.0], b=[60.0, 60.0, 60.0])
    assert claim.judge(same).holds is False  # no difference, on whatever machine
    faster = results(a=[54.1, 53.9, 54.0], b=[60.0, 60.0, 60.0])
    assert claim.judge(faster).holds is True


def test_contrast_of_shares_is_in_points():
    assert contrast().reported() == "+5.00 points: 55.00% and 50.00%"
    assert contrast((0.167, 0.23)).reported().startswith("\N{MINUS SIGN}6.30 points")


def breaks():
    return Breaks("It ends in NaN.", "part", variant="a")


def test_breaks():
    verdict = breaks().judge(results(a=[0.1]))
    assert verdict.holds is False and verdict.measured.startswith("1 of 1 trained to the end")
    nan = {("part", "a"): ["the loss became nan"]}
    assert breaks().judge(results(failures=nan)).holds is True
    verdict = breaks().judge(results(a=[0.1, 0.2], failures=nan))
    assert verdict.holds is True and verdict.measured.startswith("2 of 3")
    assert breaks().judge(Results("quick scale", {}, nan)).holds is None
    other = {("part", "a"): ["OSError: /home/fernando/x", "out of memory: the dominance kernel"]}
    assert breaks().judge(results(failures=other)).holds is None


def test_same():
    claim = Same("One is the other.", "part", quantity=ACCURACY, other=MICRO_F1)
    pairs = [(0.3, 0.3), (0.4, 0.4 + 1e-12)]
    scores = [{ACCURACY.name: one, MICRO_F1.name: other} for one, other in pairs]
    found = Results("quick scale", {("part", "a"): dict(enumerate(scores))}, {})
    assert claim.judge(found).holds is True  # at any scale
    scores[1][MICRO_F1.name] = 0.41
    verdict = claim.judge(found)
    assert verdict.holds is False and verdict.measured == "equal in 1 of 2 runs"
    assert claim.judge(Results("", {}, {})).holds is None
