"""Weights that are drawn on the host."""

import random

import keras
import numpy as np
import pytest
from backend import to_numpy

from kerasoft.backbones.initializers import HostDirac, HostNormal
from kerasoft.errors import InvalidArgumentError

SHAPE = (3, 3, 64, 128)


@pytest.mark.parametrize(
    "stddev, expected",
    [(0.02, 0.02), ("fan_in", np.sqrt(2 / (9 * 64))), ("fan_out", np.sqrt(2 / (9 * 128)))],
)
def test_moments(stddev, expected):
    draws = to_numpy(HostNormal(stddev, seed=0)(SHAPE))
    standard_error = expected / np.sqrt(draws.size)
    assert abs(draws.mean()) < 4 * standard_error
    assert abs(draws.std() - expected) < 4 * standard_error
    assert 3.5 < abs(draws / expected).max() < 6  # not truncated


def test_a_seed_means_the_same_on_every_backend():
    draws = to_numpy(HostNormal(1.0, seed=7)((3,)))
    np.testing.assert_allclose(draws, [0.00123015, 0.29874554, -0.27413786], atol=1e-7)


def test_depthwise_kernels_have_the_fan_of_a_channel():
    draws = to_numpy(HostNormal("fan_out", seed=0)((5, 5, 4000, 1)))
    np.testing.assert_allclose(draws.std(), np.sqrt(2 / 25), rtol=0.01)


def test_without_a_seed_it_is_that_of_python():
    draws = []
    for seed in (3, 3, 4):
        random.seed(seed)
        draws.append(to_numpy(HostNormal(1.0)((4,))))
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).all()


def test_each_kernel_gets_its_own_numbers():
    initializer = HostNormal(1.0)
    first = to_numpy(initializer((4,)))
    np.testing.assert_array_equal(first, to_numpy(initializer((4,))))
    assert (first != to_numpy(initializer.clone()((4,)))).all()
    seeded = HostNormal(1.0, seed=5)
    np.testing.assert_array_equal(to_numpy(seeded((4,))), to_numpy(seeded.clone()((4,))))


def test_it_is_saved_with_its_layer():
    layer = keras.layers.Dense(4, kernel_initializer=HostNormal("fan_in", seed=5))
    copy = keras.layers.Dense.from_config(layer.get_config())
    for one in (layer, copy):
        one.build((None, 3))
    np.testing.assert_array_equal(to_numpy(layer.kernel), to_numpy(copy.kernel))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtypes(dtype):
    draws = HostNormal(1.0, seed=1)((2, 3), dtype=dtype)
    expected = dtype if dtype != "float64" or keras.config.backend() != "jax" else "float32"
    assert keras.backend.standardize_dtype(draws.dtype) == expected


@pytest.mark.parametrize("stddev", ["fan_avg", -1.0, None])
def test_bad_arguments(stddev):
    with pytest.raises(InvalidArgumentError, match="`stddev`.*Received"):
        HostNormal(stddev)


@pytest.mark.parametrize("inputs, outputs", [(3, 5), (5, 3), (4, 4)])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_dirac_hands_channels_on(inputs, outputs, size):
    kernel = to_numpy(HostDirac(seed=0)((size, size, inputs, outputs)))
    images = np.random.default_rng(0).normal(size=(1, 7, 7, inputs)).astype("float32")
    found = to_numpy(
        keras.ops.conv(
            images, kernel.astype("float32"), padding="same", data_format="channels_last"
        )
    )[..., : min(inputs, outputs)]
    if size == 2:  # even windows have their middle at one side
        found, images = found[:, :-1, :-1], images[:, 1:, 1:]
    np.testing.assert_allclose(found, images[..., : min(inputs, outputs)], atol=1e-6)
    rest = kernel[..., min(inputs, outputs) :]
    assert rest.size == 0 or 0.3 < rest.std() / np.sqrt(2 / (size**2 * inputs)) < 2
    copy = HostDirac.from_config(HostDirac(seed=0).get_config())
    np.testing.assert_array_equal(to_numpy(copy(kernel.shape)), kernel)
