"""One drawing for light and for dark pages."""

import io

import numpy as np
import pytest
from contrast import contrast, luminance, rgb
from PIL import Image

from kerasoft.evaluation.plots import draw_confusion, png_bytes, style
from kerasoft.evaluation.plots.themed import DARK, for_dark_page, themed


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
    colour = getattr(style, name)
    (dark,) = for_dark_page(np.array([rgb(colour)]))
    before, after = contrast(colour, "#ffffff"), contrast(bytes(dark).hex(), DARK)
    assert after == pytest.approx(before, rel=0.2)
    assert np.all(np.diff(dark.astype(int)[np.argsort(rgb(colour), kind="stable")]) >= 0)


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
