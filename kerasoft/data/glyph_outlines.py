"""The outlines of characters in the fonts that Matplotlib ships, in whole font units.

FreeType only reads the fonts here; it neither scales nor hints nor rasterises. Outlines are thus
the numbers that stand in the font files, whatever the version of FreeType. Only faces that every
supported Matplotlib ships, byte for byte the same, are used.
"""

import functools
import string
from pathlib import Path
from typing import Any

import numpy as np

_UPRIGHT = ("DejaVuSans", "DejaVuSerif", "DejaVuSansMono", "STIXGeneral")
_BOLD = ("DejaVuSans-Bold", "DejaVuSerif-Bold", "DejaVuSansMono-Bold", "STIXGeneralBol")
_SLANTED = (
    *("DejaVuSans-Oblique", "DejaVuSerif-Italic"),
    *("DejaVuSansMono-Oblique", "STIXGeneralItalic"),
)
_BOLD_SLANTED = (
    *("DejaVuSans-BoldOblique", "DejaVuSerif-BoldItalic"),
    *("DejaVuSansMono-BoldOblique", "STIXGeneralBolIta"),
)
_COMPUTER_MODERN = ("cmr10", "cmb10", "cmss10", "cmtt10")

FACES = (*_UPRIGHT, *_BOLD, *_SLANTED, *_BOLD_SLANTED, *_COMPUTER_MODERN)
"""File stems of the faces; each family comes once before any comes again."""

CURVE_PIECES = 4
"""Straight pieces that stand for one curve; also the square root of the unit of `outline`."""

_MOVE, _CURVE, _CLOSE = 1, 3, 79  # the codes of FT2Font.get_path


@functools.cache
def characters(face: str) -> frozenset[int]:
    """The code points that a face draws.

    Computer Modern has TeX's own encodings: its letters and digits alone stand where Unicode has
    them.
    """
    charmap = frozenset(_font(face).get_charmap())
    if face in _COMPUTER_MODERN:
        return charmap & frozenset(map(ord, string.ascii_letters + string.digits))
    return charmap


def outline(face: str, code_point: int) -> np.ndarray:
    """The closed contours of a character, as directed straight segments.

    Returns:
        int64, shape `(S, 4)`: rows `x0, y0, x1, y1`, y upwards, in 1 / `CURVE_PIECES` ** 2 of a
        font unit, in which the points of a quadratic curve are whole numbers. `S` is 0 for a
        blank.
    """
    font = _font(face)
    font.load_char(code_point, flags=_raw_flags())
    vertices, codes = font.get_path()
    if not len(vertices):
        return np.zeros((0, 4), np.int64)
    units = np.rint(vertices * 64).astype(np.int64)  # get_path divides by 64, which is exact
    contours = np.split(np.arange(len(codes)), np.flatnonzero(codes == _MOVE)[1:])
    return np.concatenate([_segments(units[part], codes[part]) for part in contours])


def _segments(vertices: np.ndarray, codes: np.ndarray) -> np.ndarray:
    points = [vertices[:1] * CURVE_PIECES**2]
    row = 1
    while row < len(codes) and codes[row] != _CLOSE:
        if codes[row] == _CURVE:
            points.append(_curve(*vertices[row - 1 : row + 2]))
        else:
            points.append(vertices[row : row + 1] * CURVE_PIECES**2)
        row += 2 if codes[row] == _CURVE else 1
    ring = np.concatenate(points)
    return np.hstack([ring, np.roll(ring, -1, axis=0)])


def _curve(start: np.ndarray, control: np.ndarray, end: np.ndarray) -> np.ndarray:
    t = np.arange(1, CURVE_PIECES + 1)[:, None]
    s = CURVE_PIECES - t
    return s * s * start + 2 * s * t * control + t * t * end


@functools.cache
def _font(face: str) -> Any:
    import matplotlib
    from matplotlib.ft2font import FT2Font

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return FT2Font(str(folder / f"{face}.ttf"))


@functools.cache
def _raw_flags() -> Any:
    """No scaling, no hinting, no transformation; Matplotlib before 3.10 had no enumeration."""
    from matplotlib import ft2font

    if hasattr(ft2font, "LoadFlags"):
        return ft2font.LoadFlags.NO_SCALE | ft2font.LoadFlags.IGNORE_TRANSFORM
    return ft2font.LOAD_NO_SCALE | ft2font.LOAD_IGNORE_TRANSFORM
