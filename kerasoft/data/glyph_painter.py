"""Masks to small coloured pictures, in whole numbers only: the same pixels on every machine.

A picture is made in layers:

1. a background that flows between four similar colours, one a corner;
2. pieces of other characters, large, at any angle, in colours near that of the background;
3. the character of the label, nearly upright, in a colour that is clearly darker or lighter;
4. pieces of other characters again, small and half transparent, over all;
5. grain.

Angles, sizes, places, slants and colours are drawn anew for each picture. Fractions are in fixed
point, 1 / 65536; brightness ("luma") is a whole number from 0 to 255.
"""

import math
from dataclasses import dataclass

import numpy as np

from kerasoft.data.glyph_draws import Draws
from kerasoft.data.glyph_masks import SIDE, Masks, body

PICTURE = 32
"""Height and width of a picture, in pixels."""

CHUNK = 500
"""Pictures that are made at once. Each chunk has its own stream of random numbers."""

PAINTING = 0
"""The family of streams of random numbers that `paint` draws from, one a chunk."""

LEAST_CONTRAST = 60
"""How far the luma of a character is from that of its background, at least, before the grain."""

_ONE = 1 << 16
_TURN = 1440  # angles are in quarters of a degree
_SINE = np.array([round(math.sin(math.tau * i / _TURN) * _ONE) for i in range(_TURN)])
_LUMA = (77, 150, 29)  # weights of red, green, blue in 1 / 256


@dataclass(frozen=True)
class _Style:
    """From where to where the pose of a layer is drawn.

    Attributes:
        size: pixels that the longer side of the character takes.
        angle: degrees to either side.
        shift: pixels from the middle of the picture, to each side.
        slant: sideways shift for a unit of height, in 1 / 65536, to either side.
        squeeze: mask columns for a unit of width, in 1 / 65536, at least; at most as far above 1
            as this is below. The subject is thus narrowed or widened by up to a third.
    """

    size: tuple[int, int]
    angle: int
    shift: int
    slant: int
    squeeze: int


_SUBJECT = _Style(size=(17, 26), angle=22, shift=4, slant=_ONE // 7, squeeze=_ONE * 3 // 4)
_BEHIND = _Style(size=(20, 60), angle=180, shift=20, slant=0, squeeze=_ONE)
_BEFORE = _Style(size=(6, 14), angle=180, shift=16, slant=0, squeeze=_ONE)


def paint(labels: np.ndarray, masks: Masks, seed: int) -> np.ndarray:
    """One picture a label.

    Args:
        labels: integers, shape `(N,)`, each a class of `masks`.
        masks: how the classes look.
        seed: fixes all pictures, together with `labels`.

    Returns:
        uint8, shape `(N, PICTURE, PICTURE, 3)`.
    """
    pictures = np.empty((len(labels), PICTURE, PICTURE, 3), np.uint8)
    for chunk, start in enumerate(range(0, len(labels), CHUNK)):
        rows = slice(start, start + CHUNK)
        pictures[rows] = _paint_chunk(labels[rows], masks, Draws(seed, PAINTING, chunk))
    return pictures


def _paint_chunk(labels: np.ndarray, masks: Masks, draws: Draws) -> np.ndarray:
    n = len(labels)
    ground, contrast = _brightness(draws, n)
    canvas = _background(draws, ground, contrast)
    for _ in range(2):
        tint = ground + (contrast * draws.integers(-18, 22, n) >> 6)
        _lay(canvas, _coverage(draws, masks, _anything(draws, masks, n), _BEHIND), draws, tint)
    subject = masks.first[labels] + draws.index(masks.count[labels])
    _lay(canvas, _coverage(draws, masks, subject, _SUBJECT), draws, ground + contrast)
    veil = _coverage(draws, masks, _anything(draws, masks, n), _BEFORE) >> 1
    _lay(canvas, veil, draws, ground + (contrast * draws.integers(0, 52, n) >> 6))
    return _grain(canvas, draws)


def _anything(draws: Draws, masks: Masks, n: int) -> np.ndarray:
    return draws.integers(0, len(masks.pixels) - 1, n)


def _brightness(draws: Draws, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Luma of the background, and what is to be added for that of the character; both `(n,)`."""
    dark = draws.integers(24, 110, n)
    gap = draws.integers(LEAST_CONTRAST, 120, n)
    is_light_on_dark = draws.integers(0, 1, n) == 1
    return np.where(is_light_on_dark, dark, dark + gap), np.where(is_light_on_dark, gap, -gap)


def _colours(draws: Draws, luma: np.ndarray) -> np.ndarray:
    """Random colours of the luma given, in the gamut; int32, shape `(..., 3)`."""
    red, blue = draws.integers(-80, 80, 2, *luma.shape)
    green = -(_LUMA[0] * red + _LUMA[2] * blue) // _LUMA[1]
    chroma = np.stack([red, green, blue], axis=-1)
    return np.clip(luma[..., None] + chroma, 0, 255).astype(np.int32)


def _background(draws: Draws, ground: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """int32, shape `(n, PICTURE, PICTURE, 3)`."""
    n = len(ground)
    base = _colours(draws, ground)[:, None, None]
    lumas = contrast[:, None, None] * draws.integers(-16, 16, n, 2, 2) >> 6
    corners = base + lumas[..., None] + draws.integers(-16, 16, n, 2, 2, 3)
    ramp = np.arange(PICTURE)
    weights = np.stack([PICTURE - 1 - ramp, ramp])
    across = np.einsum("nyxc,xw->nywc", corners, weights)
    flow = np.einsum("nywc,yh->nhwc", across, weights) // (PICTURE - 1) ** 2
    return np.clip(flow, 0, 255).astype(np.int32)


def _coverage(draws: Draws, masks: Masks, rows: np.ndarray, style: _Style) -> np.ndarray:
    """Masks in random poses, int32 in 0..255, shape `(n, PICTURE, PICTURE, 1)`.

    Each pixel is the mean of the mask at 2 x 2 points.
    """
    matrix, offset = _pose(draws, len(rows), style)
    points = 2 * np.arange(2 * PICTURE) + 1 - 2 * PICTURE  # in quarter pixels from the middle
    column, line = (_grid(matrix[:, i], offset[:, i], points) for i in range(2))
    cells = (rows.astype(np.int32)[:, None, None] * SIDE + line) * SIDE + column
    samples = masks.pixels.reshape(-1).take(cells)
    quarters = samples.reshape(-1, PICTURE, 2, PICTURE, 2).astype(np.uint16)
    sums = quarters[:, :, 0] + quarters[:, :, 1]
    return ((sums[..., 0] + sums[..., 1]) >> 2).astype(np.int32)[..., None]


def _grid(across_down: np.ndarray, offset: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Mask column (or line) under each point; int32, `(n, 2 * PICTURE, 2 * PICTURE)`."""
    across, down = (across_down[:, i, None] * points for i in range(2))
    across = (across + offset[:, None]).astype(np.int32)[:, None, :]
    grid = across + down.astype(np.int32)[:, :, None]
    grid >>= 16
    return np.clip(grid, 0, SIDE - 1, out=grid)


def _pose(draws: Draws, n: int, style: _Style) -> tuple[np.ndarray, np.ndarray]:
    """The map from the picture, in quarter pixels from its middle, to mask pixels.

    Returns:
        int64 in 1 / 65536: the matrix, shape `(n, 2, 2)`, and the offset, shape `(n, 2)`.
    """
    size = draws.integers(16 * style.size[0], 16 * style.size[1], n)  # in 1 / 16 pixel
    angle = draws.integers(-4 * style.angle, 4 * style.angle, n)
    scale = body() * 4 * _ONE // size  # mask pixels a quarter pixel
    width = draws.integers(style.squeeze, 2 * _ONE - style.squeeze, n)
    slant = draws.integers(-style.slant, style.slant, n)
    cosine, sine = _SINE[(angle + _TURN // 4) % _TURN], _SINE[angle % _TURN]
    rotation = np.stack([cosine, sine, -sine, cosine], axis=-1).reshape(n, 2, 2)
    matrix = rotation * scale[:, None, None] >> 16
    matrix[:, 0] = (matrix[:, 0] * width[:, None] >> 16) + (matrix[:, 1] * slant[:, None] >> 16)
    shift = draws.integers(-4 * style.shift, 4 * style.shift, n, 1, 2)
    return matrix, SIDE // 2 * _ONE - (matrix * shift).sum(axis=2)


def _lay(canvas: np.ndarray, coverage: np.ndarray, draws: Draws, luma: np.ndarray) -> None:
    """Paint over the canvas, in place, in random colours of the luma given."""
    colours = _colours(draws, luma)[:, None, None]
    canvas += (colours - canvas) * coverage // 255


def _grain(canvas: np.ndarray, draws: Draws) -> np.ndarray:
    n = len(canvas)
    strength = draws.integers(0, 36, n, 1, 1, 1).astype(np.int32)
    grain = draws.octets(n, PICTURE, PICTURE * 3).reshape(canvas.shape).astype(np.int32) - 128
    canvas += grain * strength >> 7
    return np.clip(canvas, 0, 255).astype(np.uint8)
