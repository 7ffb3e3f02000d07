"""One figure for light and for dark pages."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kerasoft.evaluation.plots.style import png_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

DARK = "#171717"  # what white becomes: the colour of dark pages
DARK_LUMINANCE = 0.0086  # of `DARK`, white has 1
GLARE = 0.05  # that WCAG adds to luminances before it divides them

# Ottosson (2020): OKLab, in which lightness can be changed and the hue stays.
RGB_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
CONES_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


class Themed(NamedTuple):
    """A figure as two PNG files' contents."""

    light: bytes
    dark: bytes


def themed(figure: Figure) -> Themed:
    """`figure`, drawn in colours for a white page, as PNG for light and for dark pages.

    In the dark one each colour keeps its hue and has as much contrast with the page as it had
    with white: ink is nearly white there, and the pale end of a colour map nearly black. Both
    have 256 colours, which takes a third of the bytes of `png_bytes` and is not seen.
    """
    from PIL import Image

    with Image.open(io.BytesIO(png_bytes(figure))) as drawn:
        light = drawn.convert("RGB").quantize(method=Image.Quantize.MAXCOVERAGE)
    dark = light.copy()
    dark.putpalette(for_dark_page(np.reshape(light.getpalette(), (-1, 3))).ravel().tolist())
    return Themed(_png(light), _png(dark))


def for_dark_page(colours: np.ndarray) -> np.ndarray:
    """Colours for a white page, (n, 3) of 0 to 255, as uint8 ones for a dark page."""
    lightness, *hue = CONES_TO_LAB @ np.cbrt(RGB_TO_CONES @ _linear(colours / 255).T)
    # The cube of the lightness is nearly the luminance, whose ratio to the page's is the contrast.
    contrast = (1 + GLARE) / (lightness**3 + GLARE)
    luminance = np.clip(contrast * (DARK_LUMINANCE + GLARE) - GLARE, 0, 1)
    cones = np.linalg.solve(CONES_TO_LAB, np.stack([np.cbrt(luminance), *hue])) ** 3
    linear = np.linalg.solve(RGB_TO_CONES, cones).T
    return np.round(255 * _encoded(np.clip(linear, 0, 1))).astype(np.uint8)


def _linear(encoded: np.ndarray) -> np.ndarray:
    """Amounts of light for sRGB values, both in [0, 1]."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def _encoded(linear: np.ndarray) -> np.ndarray:
    """The inverse of `_linear`."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _png(image: Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
