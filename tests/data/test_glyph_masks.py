"""Outlines and masks: exact shapes, against FreeType's own rasteriser."""

import numpy as np
import pytest

from kerasoft.data.glyph_masks import SIDE, body, mask, masks_of
from kerasoft.data.glyph_outlines import FACES, characters, outline

MARGIN = (SIDE - body()) // 2


def freetype_area(face, character, pixels):
    """Ink of a character as FreeType draws it, as a share of its bounding box."""
    import matplotlib
    from matplotlib.ft2font import FT2Font

    font = FT2Font(f"{matplotlib.get_data_path()}/fonts/ttf/{face}.ttf")
    font.set_size(pixels, 72)
    font.set_text(character)
    font.draw_glyphs_to_bitmap(antialiased=True)
    image = np.asarray(font.get_image())
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() / 255


def box_area(pixels):
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() / 255


def test_ink_is_that_of_freetype():
    for character in "08B@&R%Ж∞■♚":
        own = box_area(mask("DejaVuSans", ord(character), side=256))
        assert own == pytest.approx(freetype_area("DejaVuSans", character, 400), abs=0.03)


def test_square_fills_the_body():
    pixels = mask("DejaVuSans", ord("■"))
    assert pixels.dtype == np.uint8 and pixels.shape == (SIDE, SIDE)
    expected = np.zeros((SIDE, SIDE), np.uint8)
    expected[MARGIN:-MARGIN, MARGIN:-MARGIN] = 255
    np.testing.assert_array_equal(pixels, expected)


def test_upright_and_not_mirrored():
    arrow = mask("DejaVuSans", ord("↑")).astype(int)
    assert (arrow[: SIDE // 4] > 0).any(axis=0).sum() > (arrow[-SIDE // 4 :] > 0).any(axis=0).sum()
    rightwards = mask("DejaVuSans", ord("→")).astype(int)
    right, left = rightwards[:, SIDE * 3 // 4 :], rightwards[:, : SIDE // 4]
    assert (right > 0).any(axis=1).sum() > (left > 0).any(axis=1).sum()


def test_holes_are_holes():
    pixels = mask("DejaVuSans", ord("0"))
    assert pixels[SIDE // 2, SIDE // 2] == 0 and pixels.max() == 255


def test_size_and_place_are_forgotten():
    assert np.array_equal(mask("DejaVuSans", ord("■")), mask("DejaVuSans", ord("▪")))


def test_blank_has_no_outline_and_no_ink():
    assert outline("DejaVuSans", ord(" ")).shape == (0, 4)
    assert not mask("DejaVuSans", ord(" ")).any()


def test_outlines_are_closed_in_every_face():
    for face in FACES:
        assert ord("g") in characters(face)
        segments = outline(face, ord("g"))
        starts, ends = segments[:, :2], segments[:, 2:]
        assert sorted(map(tuple, starts)) == sorted(map(tuple, ends))


def test_computer_modern_gives_letters_and_digits_alone():
    assert len(characters("cmr10")) == 62


def test_masks_of_classes_follow_one_another():
    masks = masks_of([("a", ("DejaVuSans", "DejaVuSerif")), ("b", ("DejaVuSans",))])
    assert masks.first.tolist() == [0, 2] and masks.count.tolist() == [2, 1]
    np.testing.assert_array_equal(masks.pixels[2], mask("DejaVuSans", ord("b")))
