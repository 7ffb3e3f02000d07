"""The pictures: one a label, each chunk on its own, the character where it can be read."""

import numpy as np
import pytest

from kerasoft.data import glyph_painter
from kerasoft.data.glyph_draws import Draws
from kerasoft.data.glyph_masks import masks_of
from kerasoft.data.glyph_painter import CHUNK, paint


@pytest.fixture(scope="module")
def masks():
    return masks_of([("a", ("DejaVuSans", "DejaVuSerif")), ("■", ("DejaVuSans",))])


def test_no_labels_no_pictures(masks):
    assert paint(np.zeros(0, np.int32), masks, 0).shape == (0, 32, 32, 3)


def test_first_chunk_does_not_depend_on_the_next(masks):
    labels = np.arange(CHUNK + 3) % 2
    both = paint(labels, masks, 0)
    np.testing.assert_array_equal(both[:CHUNK], paint(labels[:CHUNK], masks, 0))
    assert (both[:3] != both[CHUNK:]).any()


def test_pose_keeps_the_subject_in_the_picture(masks):
    rows = np.full(500, 2)  # the square fills its body, so it is the worst case
    coverage = glyph_painter._coverage(Draws(0, 0), masks, rows, glyph_painter._SUBJECT)
    ink = coverage.sum(axis=(1, 2, 3)) / 255
    assert coverage.dtype == np.int32 and coverage.min() == 0 and coverage.max() == 255
    assert ink.min() > 150 and ink.max() < 32 * 32


def test_unturned_pose_gives_back_the_mask(masks):
    style = glyph_painter._Style(size=(28, 28), angle=0, shift=0, slant=0, squeeze=1 << 16)
    coverage = glyph_painter._coverage(Draws(0, 0), masks, np.array([0]), style)[0, :, :, 0]
    halved = masks.pixels[0].reshape(32, 2, 32, 2).astype(int).sum(axis=(1, 3)) // 4
    np.testing.assert_array_equal(coverage, halved)


def test_colours_have_the_luma_asked_for():
    luma = np.repeat(np.arange(90, 160), 100)
    colours = glyph_painter._colours(Draws(0, 0), luma)
    found = colours @ np.array([77, 150, 29]) / 256
    assert abs(found - luma).max() < 12  # clipping at the edge of the gamut
    assert colours.min() >= 0 and colours.max() <= 255
