"""How numbers are read off reports, and written."""

import dataclasses

import numpy as np
import pytest

from kerasoft.evaluation import Report, score
from kerasoft.published.quantities import ACCURACY, MACRO_F1, MINUTES, STEADY_SECONDS, micro_f1


def test_micro_f1_is_accuracy_and_macro_f1_is_not():
    log_probs = np.log([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    scores = score(log_probs, np.array([0, 1, 1, 0]))
    values = {field.name: getattr(scores, field.name) for field in dataclasses.fields(scores)}
    report = Report(**values, class_names=("a", "b"))
    assert micro_f1(report) == report.accuracy == 0.75
    assert report.f1 == pytest.approx((4 / 5 + 2 / 3) / 2)  # of class a and of class b


@pytest.mark.parametrize(
    "quantity, value, text, size, width",
    [
        (ACCURACY, 0.5709, "57.09%", "57.09 points", "57.09"),
        (MACRO_F1, 0.3802, "0.3802", "0.3802", "0.38"),
        (STEADY_SECONDS, 6.487, "6.487 s", "6.487 s", "6.5"),
        (STEADY_SECONDS, 1234.5, "1,234 s", "1,234 s", "1.2e+03"),
        (MINUTES, 24.0, "24 minutes", "24 minutes", "24"),
    ],
)
def test_texts(quantity, value, text, size, width):
    assert quantity.text(value) == text
    assert quantity.size(-value) == size and quantity.width(value) == width
    assert quantity.signed(value) == f"+{size}"
    assert quantity.signed(-value) == f"\N{MINUS SIGN}{size}"
