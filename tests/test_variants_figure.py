"""The figure of docs/variants.md: its numbers, and that the script draws it."""

import importlib.util
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

SCRIPT = Path(__file__).parent.parent / "docs" / "variants.py"


@pytest.fixture(scope="module")
def variants():
    spec = importlib.util.spec_from_file_location("draw_variants", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_curves(variants):
    curves = {label: variants.curve(op) for label, (op, _) in variants.VARIANTS.items()}
    others = np.exp(variants.OTHER_SCORES).sum()
    expected = np.exp(variants.OWN_SCORES) / (np.exp(variants.OWN_SCORES) + others)
    np.testing.assert_allclose(curves["softmax; gumbel without noise"], expected, rtol=1e-5)
    for label, curve in curves.items():
        assert np.all((curve >= 0) & (curve <= 1 + 1e-6)), label
        assert label.startswith("taylor") or np.all(np.diff(curve) >= -1e-6), label


def test_support_grows_with_temperature_and_shrinks_with_alpha(variants):
    sparsemax, entmax15 = (
        variants.support_by_temperature(variants.VARIANTS[name][0])
        for name in ("sparsemax", "entmax15")
    )
    by_alpha = variants.support_by_alpha()
    assert np.all(np.diff(sparsemax) >= 0) and np.all(np.diff(entmax15) >= 0)
    assert np.all(np.diff(by_alpha) <= 0) and np.all(sparsemax <= entmax15)
    at_one = np.argmin(np.abs(variants.TEMPERATURES - 1))
    for alpha, support in ((1.5, entmax15), (2.0, sparsemax)):
        assert by_alpha[np.argmin(np.abs(variants.ALPHAS - alpha))] == support[at_one]
    assert by_alpha[0] == 100


def test_script_draws(variants, tmp_path):
    variants.main(["--output", str(tmp_path / "figure.png")])
    pixels = matplotlib.image.imread(tmp_path / "figure.png")[..., :3]
    assert pixels.shape[0] > 400 and pixels.shape[1] > 1000
    assert (np.abs(pixels - 1.0).max(axis=-1) > 0.1).mean() > 0.01
    assert (tmp_path / "figure.png").stat().st_size < 150_000
