"""The figures of several variants: what is drawn where."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.plots import (
    Dots,
    draw_confusion_differences,
    draw_confusion_grid,
    draw_dots,
    draw_learning_curves,
    draw_reliability_curves,
)
from kerasoft.evaluation.plots.series import looks
from kerasoft.evaluation.statistics import Interval

NAN = float("nan")


def test_every_variant_has_a_look_of_its_own():
    names = [f"variant {number}" for number in range(20)]
    found = {(look["color"], look["linestyle"]) for look in looks(names).values()}
    assert len(found) == 20


def test_curves_are_means_with_bands_over_seeds():
    histories = {
        "one": [
            {"loss": [3.0, 1.0], "accuracy": [0.1, 0.3], "val_loss": [4.0, 2.0]},
            {"loss": [1.0, 2.0, 7.0], "accuracy": [0.2, NAN, 0.9], "val_loss": [4.0, NAN, 1.0]},
        ],
        "other": [{"loss": [5.0], "accuracy": [0.5]}],
    }
    axes = draw_learning_curves(histories).axes
    assert [one.get_title("left") for one in axes] == [
        "Loss, training", "Accuracy, training, %", "Loss, validation", "Accuracy, validation, %",
    ]  # fmt: skip
    (one, other), (accuracy, _) = axes[0].lines, axes[1].lines
    np.testing.assert_array_equal(one.get_xydata(), [[1, 2.0], [2, 1.5], [3, 7.0]])
    np.testing.assert_array_equal(other.get_xydata(), [[1, 5.0]])
    np.testing.assert_allclose(accuracy.get_ydata(), [15, 30, 90])
    band = axes[0].collections[0].get_paths()[0].get_extents()
    assert (band.ymin, band.ymax) == (1.0, 7.0)
    assert one.get_color() != other.get_color() and len(axes[2].lines) == 1


def test_curves_without_validation_have_one_row():
    figure = draw_learning_curves({"one": [{"loss": [1.0, 2.0], "val_loss": [NAN, NAN]}]})
    assert len(figure.axes) == 2


def test_curves_of_steps_lie_where_the_steps_are():
    histories = {"one": [{"step": [500], "loss": [3.0]}, {"step": [500, 1500], "loss": [1, 2]}]}
    axes = draw_learning_curves(histories, "step").axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[500, 2.0], [1500, 2.0]])
    assert axes.get_xlabel() == "step"


@pytest.mark.parametrize("histories", [{}, {"one": []}, {"one": [{"loss": [NAN]}]}])
def test_no_curves(histories):
    with pytest.raises(InvalidArgumentError, match="finite loss"):
        draw_learning_curves(histories)


def test_dots_are_runs_with_mean_and_interval():
    values = {"one": [1.0, 3.0], "two": [2.0], "three": [float("inf"), 1.0]}
    intervals = {"one": Interval(2.0, 0.5, 3.5, 2), "two": Interval(2.0, None, None, 1)}
    figure = draw_dots([Dots("Loss", values, intervals | {"three": None})] * 3)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["one", "two", "three"]
    drawn = [line.get_xydata().tolist() for line in axes.lines if line.get_color() != "#767676"]
    assert drawn == [
        [[1, 0], [3, 0]], [[2, 0]], [[0.5, 0], [3.5, 0]],
        [[2, 1]], [[2, 1]],
        [[1, 2]],
    ]  # fmt: skip
    assert [text.get_text() for text in axes.texts] == ["infinite"]
    assert [one.get_visible() for one in figure.axes] == [True, True, True, False]


def test_dots_of_what_is_never_negative_stay_there():
    below = {"one": Interval(1.0, -11.7, 13.7, 2)}
    (axes,) = draw_dots([Dots("Seconds", {"one": [0.0, 2.0]}, below)]).axes
    assert axes.get_xlim()[0] == 0
    (axes,) = draw_dots([Dots("Gain", {"one": [-1.0, 3.0]}, below)]).axes
    assert axes.get_xlim()[0] < -11.7


def test_reliability_curves(make_report):
    reports = {"one": make_report(300, 10), "two": make_report(60, 10)}
    left, right = draw_reliability_curves(reports).axes
    diagonal, *lines = left.lines
    for line, report in zip(lines, reports.values(), strict=True):
        filled = [one for one in report.reliability if one.count]
        expected = [[one.confidence, one.accuracy] for one in filled]
        np.testing.assert_array_equal(line.get_xydata(), expected)
    for patch in right.patches:
        assert np.sum(patch.get_data().values) == pytest.approx(1)


COUNTS = {
    "one": np.array([[8, 2], [5, 5]]),
    "two": np.array([[9, 1], [0, 0]]),
    "three": np.array([[6, 4], [5, 5]]),
}


def images(figure):
    return {one.get_title("left"): one.images[0].get_array() for one in figure.axes if one.images}


def test_confusions_side_by_side_share_one_scale():
    figure = draw_confusion_grid(COUNTS, ["a", "b"])
    found = images(figure)
    assert list(found) == ["one: 65.00%", "two: 90.00%", "three: 55.00%"]
    np.testing.assert_allclose(found["one: 65.00%"], [[0.8, 0.2], [0.5, 0.5]])
    limits = {one.images[0].get_clim() for one in figure.axes if one.images}
    assert limits == {(0, 1)}


def test_differences_of_confusions_are_centred():
    figure = draw_confusion_differences(COUNTS, "one", ["a", "b"])
    found = images(figure)
    assert list(found) == ["two minus one", "three minus one"]
    np.testing.assert_allclose(found["three minus one"], [[-0.2, 0.2], [0, 0]], atol=1e-12)
    image = figure.axes[1].images[0]
    assert image.get_clim() == pytest.approx((-0.2, 0.2))
    assert image.to_rgba(0.0) == pytest.approx(to_rgba("#f7f7f7"), abs=0.01)


def test_equal_confusions_have_no_difference():
    figure = draw_confusion_differences({"one": COUNTS["one"], "two": COUNTS["one"]}, "one", "ab")
    assert not images(figure)["two minus one"].any()


def test_every_column_of_panels_has_its_class_names():
    figure = draw_confusion_grid(dict.fromkeys("vwxyz", COUNTS["one"]), ["a_1", "$b"])
    panels = [one for one in figure.axes if one.images]
    named = [[text.get_text() for text in one.get_xticklabels()] == ["a 1", "$b"] for one in panels]
    assert named == [False, False, True, True, True]
