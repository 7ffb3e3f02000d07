"""Outlines to pixels, in whole numbers only: the same mask on every machine."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerasoft.data.glyph_outlines import outline

SIDE = 64
"""Height and width of a mask, in pixels."""

_FINE = 4  # sub-pixels a pixel, each way
_UNIT = 256  # fixed-point units a sub-pixel


@dataclass(frozen=True)
class Masks:
    """The masks of several classes, each in one or more faces.

    Attributes:
        pixels: uint8, shape `(M, SIDE, SIDE)`; the masks of a class follow one another.
        first: int64, shape `(C,)`, the row of the first mask of each class.
        count: int64, shape `(C,)`, the number of masks of each class.
    """

    pixels: np.ndarray
    first: np.ndarray
    count: np.ndarray


def masks_of(drawings: Sequence[tuple[str, Sequence[str]]]) -> Masks:
    """Masks of classes, each given as a character and the faces to draw it with."""
    pixels = [mask(face, ord(character)) for character, faces in drawings for face in faces]
    count = np.array([len(faces) for _, faces in drawings])
    return Masks(np.stack(pixels), np.cumsum(count) - count, count)


def body(side: int = SIDE) -> int:
    """Pixels that the longer side of a character takes; the rest is an empty border around it."""
    return side * 7 // 8


def mask(face: str, code_point: int, side: int = SIDE) -> np.ndarray:
    """A character as coverage, stretched to fill the body: 0 outside the ink, 255 inside.

    Size and place on the line are thus forgotten: a full stop and a bullet give the same mask.

    Returns:
        uint8, shape `(side, side)`, row 0 on top; all 0 for a blank.
    """
    segments = outline(face, code_point)
    if not len(segments):
        return np.zeros((side, side), np.uint8)
    inside = _winding(_fit(segments, side), side * _FINE) != 0
    counts = inside.reshape(side, _FINE, side, _FINE).sum(axis=3).sum(axis=1)
    return (counts * 255 // _FINE**2).astype(np.uint8)


def _fit(segments: np.ndarray, side: int) -> np.ndarray:
    """Centre the bounding box, its longer side as long as the body; y turns downwards."""
    points = segments.reshape(-1, 2) * (1, -1)
    low, high = points.min(axis=0), points.max(axis=0)
    longer = max(int((high - low).max()), 1)
    centred = (2 * points - low - high) * (body(side) * _FINE * _UNIT) // (2 * longer)
    return (centred + side * _FINE * _UNIT // 2).reshape(-1, 4)


def _winding(segments: np.ndarray, grid: int) -> np.ndarray:
    """How often the contours wind around the centre of each sub-pixel, shape `(grid, grid)`."""
    height = np.arange(grid) * _UNIT + _UNIT // 2
    above = segments[:, 1::2, None] <= height
    edge, row = np.nonzero(above[:, 0] != above[:, 1])
    x0, y0, x1, y1 = segments[edge].T
    crossing = x0 + (height[row] - y0) * (x1 - x0) // (y1 - y0)
    column = np.clip((crossing + _UNIT // 2) // _UNIT, 0, grid - 1)
    turns = np.zeros((grid, grid), np.int8)
    np.add.at(turns, (row, column), np.where(y1 > y0, 1, -1).astype(np.int8))
    return turns.cumsum(axis=1, dtype=np.int8)
