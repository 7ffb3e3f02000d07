"""Contrast as WCAG 2 defines it, of colours like "#0072b2"."""

import numpy as np


def rgb(colour):
    """Red, green and blue, 0 to 255."""
    return list(bytes.fromhex(colour.removeprefix("#")))


def luminance(rgb):
    """Of colours (..., 3), in [0, 1]."""
    shares = np.asarray(rgb) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(colour, background):
    """From 1 to 21."""
    low, high = sorted(luminance(rgb(one)) + 0.05 for one in (colour, background))
    return high / low
