"""Depthwise convolution and both its gradients, against float64 NumPy."""

import keras
import numpy as np
import pytest
from backend import NAME, quick, to_numpy
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.depthwise_conv import depthwise_conv
from kerasoft.ops.vjp import vjp


def padded(images, size, stride, padding):
    """Images with zeros around them as TensorFlow has them: the odd one below and on the right."""
    if padding == "valid":
        return images, (0, 0)
    before, after = [], []
    for length in images.shape[1:3]:
        total = max((-(-length // stride) - 1) * stride + size - length, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return np.pad(images, [(0, 0), *zip(before, after, strict=True), (0, 0)]), before


def truth(images, kernel, upstream, stride, padding):
    """The values, and the gradients in images and kernel, window by window."""
    size = kernel.shape[0]
    wide, (top, left) = padded(images.astype("float64"), size, stride, padding)
    values = np.zeros(upstream.shape)
    by_wide, by_kernel = np.zeros(wide.shape), np.zeros(kernel.shape)
    for i in range(values.shape[1]):
        for j in range(values.shape[2]):
            place = (slice(None), slice(i * stride, i * stride + size))
            place += (slice(j * stride, j * stride + size),)
            values[:, i, j] = np.einsum("nijc,ijc->nc", wide[place], kernel[..., 0])
            by_kernel[..., 0] += np.einsum("nijc,nc->ijc", wide[place], upstream[:, i, j])
            by_wide[place] += kernel[None, ..., 0] * upstream[:, i, j][:, None, None]
    height, width = images.shape[1:3]
    return values, by_wide[:, top : top + height, left : left + width], by_kernel


def problem(height, width, size, stride, padding, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    if padding == "same":
        shape = (-(-height // stride), -(-width // stride))
    else:
        shape = ((height - size) // stride + 1, (width - size) // stride + 1)
    return (
        rng.normal(size=(2, height, width, channels)).astype("float32"),
        rng.normal(size=(size, size, channels, 1)).astype("float32"),
        rng.normal(size=(2, *shape, channels)).astype("float32"),
    )


def all_of_it(stride, padding):
    def function(images, kernel, upstream):
        def values(*tensors):
            return depthwise_conv(*tensors, stride, padding)

        return values(images, kernel), *vjp(values, (images, kernel), upstream)

    return quick(function)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("height", "width", "size"), [(8, 8, 3), (7, 9, 5), (6, 5, 5)])
def test_values_and_gradients(height, width, size, stride, padding):
    data = problem(height, width, size, stride, padding)
    found = all_of_it(stride, padding)(*map(ops.convert_to_tensor, data))
    for one, right in zip(found, truth(*data, stride, padding), strict=True):
        np.testing.assert_allclose(to_numpy(one), right, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(NAME != "jax", reason="JAX has a way for each kind of device")
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_the_way_of_other_devices_than_this_one(padding):
    from kerasoft.ops import depthwise_conv_jax

    data = problem(7, 9, 5, 2, padding)
    ways = (depthwise_conv_jax._shifted, depthwise_conv_jax._convolved)
    one, other = (to_numpy(way(*map(ops.convert_to_tensor, data[:2]), 2, padding)) for way in ways)
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.skipif(NAME != "jax", reason="as Keras has it")
def test_double_precision():
    import jax

    data = [array.astype("float64") for array in problem(8, 8, 3, 1, "same")]
    with jax.enable_x64(True):
        found = all_of_it(1, "same")(*map(ops.convert_to_tensor, data))
        assert {keras.backend.standardize_dtype(x.dtype) for x in found} == {"float64"}
    for one, right in zip(found, truth(*data, 1, "same"), strict=True):
        np.testing.assert_allclose(np.asarray(one), right, rtol=0, atol=1e-11)


def test_half_precision():
    data = problem(8, 8, 3, 1, "same")
    tensors = [ops.cast(x, "bfloat16") for x in data]
    found = all_of_it(1, "same")(*tensors)
    assert {keras.backend.standardize_dtype(x.dtype) for x in found} == {"bfloat16"}
    for one, right in zip(found, truth(*map(to_numpy, tensors), 1, "same"), strict=True):
        np.testing.assert_allclose(to_numpy(one), right, rtol=0.02, atol=0.1)


@pytest.mark.parametrize(
    ("kernel", "options", "text"),
    [
        ((3, 3, 2, 1), {"padding": "SAME"}, "`padding` must be .* Received: padding='SAME'"),
        ((3, 3, 2, 1), {"padding": None}, "`padding` must be"),
        ((3, 3, 2, 1), {"stride": 0}, "`stride` must be a positive integer. Received: stride=0"),
        ((3, 3, 2, 1), {"stride": (2, 2)}, "`stride` must be"),
        ((3, 3, 2), {}, "`kernel` must be"),
        ((3, 2, 2, 1), {}, "`kernel` must be"),
        ((3, 3, 2, 2), {}, "`kernel` must be"),
        ((6, 6, 2, 1), {"padding": "valid"}, "`images` must be at least as large"),
    ],
)
def test_arguments_that_are_not_allowed(kernel, options, text):
    with pytest.raises(InvalidArgumentError, match=text):
        depthwise_conv(ops.ones((1, 5, 5, 2)), ops.ones(kernel), **options)


def test_within_a_functional_model():
    images, kernel, _ = problem(7, 9, 5, 2, "same")
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, depthwise_conv(inputs, ops.convert_to_tensor(kernel), 2))
    expected = depthwise_conv(*map(ops.convert_to_tensor, (images, kernel)), 2)
    found = to_numpy(model(ops.convert_to_tensor(images)))
    np.testing.assert_allclose(found, to_numpy(expected), rtol=1e-5, atol=1e-5)
