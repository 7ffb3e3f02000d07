"""One drawing for light and for dark pages."""

import io

import numpy as np
import pytest
from PIL import Image

from kerasoft.evaluation.plots import draw_confusion, png_bytes, style
from kerasoft.evaluation.plots.themed import DARK, for_dark_page, themed


def rgb(name):
    return [int(name[start : start + 2], 16) for start in (1, 3, 5)]


def luminance(colour):
    """As WCAG 2 defines it."""
    shares = np.array(colour) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(colour, page):
    lights = sorted(luminance(one) + 0.05 for one in (colour, page))
    return lights[1] / lights[0]


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.fixture(scope="module")
def figure(make_report):
    return draw_confusion(make_report(200, 10))


def test_white_becomes_the_dark_page_and_black_white():
    assert for_dark_page(np.array([rgb("#ffffff"), rgb("#000000")])).tolist() == [
        rgb(DARK),
        [255, 255, 255],
    ]


@pytest.mark.parametrize(
    "name", ["BLUE", "SKY_BLUE", "VERMILION", "GREEN", "INK", "GREY", "LIGHT_GREY"]
)
def test_contrast_stays_and_so_does_the_order_of_the_channels(name):
    colour = rgb(getattr(style, name))
    (dark,) = for_dark_page(np.array([colour]))
    before, after = contrast(colour, rgb("#ffffff")), contrast(dark, rgb(DARK))
    assert after == pytest.approx(before, rel=0.2)
    assert np.all(np.diff(dark.astype(int)[np.argsort(colour, kind="stable")]) >= 0)


def test_pictures(figure):
    plain, (light, dark) = png_bytes(figure), themed(figure)
    assert np.abs(pixels(light) - pixels(plain)[..., :3]).max() <= 8
    assert pixels(light)[0, 0].tolist() == [255, 255, 255]
    assert pixels(dark)[0, 0].tolist() == rgb(DARK)
    assert pixels(dark).shape == pixels(light).shape
    brightness = [luminance(picture) for picture in map(pixels, (light, dark))]
    assert np.corrcoef(*(one.ravel() for one in brightness))[0, 1] < -0.5


def test_pictures_are_small_and_the_same_each_time(figure):
    pictures = themed(figure)
    assert sum(map(len, pictures)) < len(png_bytes(figure))
    assert themed(figure) == pictures
