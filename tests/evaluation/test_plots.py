"""Plots exist, have a sensible size, show something, and touch nothing global."""

import sys

import matplotlib.image
import numpy as np
import pytest

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation import plot_confusion, plot_history, plot_reliability
from kerasoft.evaluation.plots import draw_confusion, draw_history, png_bytes

NAN = float("nan")
HISTORY = {
    "epoch": [1, 2, 3],
    "loss": [3.0, 2.0, 1.5],
    "val_loss": [3.1, NAN, 2.0],
    "accuracy": [0.1, 0.4, 0.6],
    "val_accuracy": [0.1, NAN, 0.5],
    "top5": [0.4, 0.7, 0.9],
    "val_top5": [0.4, NAN, 0.8],
    "epoch_seconds": [9.0, 3.0, 3.1],
    "learning_rate": [0.1, 0.05, 0.0],
}


def check_picture(path, width, height):
    """Pixels between the (low, high) bounds, and at least 1 % of them not background."""
    pixels = matplotlib.image.imread(path)[..., :3]
    assert width[0] <= pixels.shape[1] <= width[1]
    assert height[0] <= pixels.shape[0] <= height[1]
    assert (np.abs(pixels - 1.0).max(axis=-1) > 0.1).mean() > 0.01
    assert path.stat().st_size < 1.5e6


@pytest.mark.parametrize(
    ("classes", "superclasses", "pixels"),
    [
        (1, 0, (700, 1500)),
        (2, 0, (700, 1500)),
        (10, 2, (900, 1800)),
        (100, 20, (1900, 2900)),
        (300, 0, (700, 1600)),
        (300, 20, (1500, 2600)),
    ],
)
def test_confusion(make_report, tmp_path, classes, superclasses, pixels):
    path = tmp_path / "new" / "confusion.png"
    plot_confusion(make_report(3 * classes, classes, superclasses), path)
    check_picture(path, pixels, pixels)
    assert [p.name for p in path.parent.iterdir()] == ["confusion.png"]


def test_classes_stand_by_superclass(make_report):
    names = [f"class_{c}" for c in range(9)]
    report = make_report(90, 9, 3, class_names=names)
    axes = draw_confusion(report).axes[0]
    order = [0, 3, 6, 1, 4, 7, 2, 5, 8]
    assert [t.get_text() for t in axes.get_yticklabels()] == [f"class {c}" for c in order]
    assert [t.get_text() for t in axes.get_xticklabels()] == [f"class {c}" for c in order]
    shares = (report.confusion / report.confusion.sum(axis=1, keepdims=True))[np.ix_(order, order)]
    np.testing.assert_allclose(axes.images[0].get_array(), shares)
    texts = {t.get_text() for t in axes.texts}
    assert {"super 0", "super 1", "super 2"} <= texts
    assert f"{report.accuracy:.2%}" in axes.get_title(loc="left")


def test_a_hundred_names_are_large_enough_to_read(make_report):
    figure = draw_confusion(make_report(100, 100, 20))
    assert all(5 <= t.get_fontsize() <= 9 for t in figure.axes[0].get_yticklabels())


def test_a_class_without_examples_is_a_gap(make_report):
    report = make_report(2, 3)
    assert report.class_support == (1, 1, 0)
    image = draw_confusion(report).axes[0].images[0].get_array()
    assert np.ma.getmaskarray(image).sum(axis=1).tolist() == [0, 0, 3]


def test_names_are_never_read_as_mathematics(make_report, tmp_path):
    report = make_report(4, 2, class_names=[r"$\frac$", "$"])
    plot_confusion(report, tmp_path / "confusion.png")


@pytest.mark.parametrize("classes", [1, 2, 100])
def test_reliability(make_report, tmp_path, classes):
    path = tmp_path / "reliability.png"
    plot_reliability(make_report(2 * classes, classes), path)
    check_picture(path, (800, 1200), (900, 1400))


@pytest.mark.parametrize("epochs", [1, 3])
def test_history(tmp_path, epochs):
    path = tmp_path / "history.png"
    plot_history({name: column[:epochs] for name, column in HISTORY.items()}, path)
    check_picture(path, (2500, 3600), (600, 1000))


def test_history_shows_only_what_there_is():
    axes = draw_history({"loss": [2, 1], "val_accuracy": [NAN, NAN], "note": ["a", "b"]}).axes
    assert [a.get_title(loc="left") for a in axes] == ["Loss"]
    assert axes[0].lines[0].get_xdata().tolist() == [1, 2]


def test_history_joins_over_gaps_and_labels_the_last_value():
    loss = draw_history(HISTORY | {"loss": [3.0, None, float("inf")]}).axes[0]
    train, validation = loss.lines
    assert train.get_ydata().tolist() == [3.0]
    assert validation.get_xdata().tolist() == [1, 3]
    assert {t.get_text() for t in loss.texts} == {"train 3.000", "validation 2.000"}
    assert train.get_color() != validation.get_color()
    assert train.get_linestyle() != validation.get_linestyle()
    assert train.get_marker() != validation.get_marker()


def test_equal_last_values_do_not_hide_each_other():
    columns = {name: [0.5, 0.9] for name in ("accuracy", "val_accuracy", "top5", "val_top5")}
    heights = sorted(t.xy[1] for t in draw_history(columns).axes[0].texts)
    assert np.diff(heights).min() > 0.06


@pytest.mark.parametrize("history", [{}, {"loss": []}, {"loss": [NAN]}, {"learning_rate": [1.0]}])
def test_history_without_anything_to_draw(history, tmp_path):
    with pytest.raises(InvalidArgumentError, match="`history`.*Received: "):
        plot_history(history, tmp_path / "history.png")
    assert not list(tmp_path.iterdir())


def test_history_of_unequal_columns(tmp_path):
    with pytest.raises(InvalidArgumentError, match="equal length.*Received: loss=2, val_loss=1"):
        plot_history({"loss": [1, 2], "val_loss": [1]}, tmp_path / "history.png")


def test_pyplot_stays_out(make_report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # importing it would raise
    png_bytes(draw_history(HISTORY))
    png_bytes(draw_confusion(make_report(4, 2)))
