"""Chunks of linear cross-entropy."""

import pytest

from kerasoft.ops.cross_entropy_plan import classes_in_two_passes, rows_in_one_pass


@pytest.mark.parametrize(
    "rows, most, expected",
    [
        (100, 100, 100),
        (100, 99, None),  # too few rows a chunk
        (8192, 1023, None),
        (8192, 2048, 2048),
        (8192, 4000, 2048),  # four equal chunks rather than three of different sizes
        (8192, 1920, 1664),  # five, as eight would be many more
        (1, 0, None),
        (0, 5, None),
        (8276, 1037, 1035),  # rounded up there would not be room for it
    ],
)
def test_rows_in_one_pass(rows, most, expected):
    assert rows_in_one_pass(rows, most) == expected


def test_classes_in_two_passes():
    assert classes_in_two_passes(1024, False) == 4096
    assert classes_in_two_passes(10**9, False) == 256
    assert classes_in_two_passes(8192, True) == 4096
