"""Orthogonalised momentum, against NumPy."""

import keras
import numpy as np
import pytest
from backend import to_numpy
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.training.muon import Muon, orthogonalised

RNG = np.random.default_rng(0)


def quintic(matrix, steps):
    """The iteration by its singular values, in float64."""
    u, s, v = np.linalg.svd(matrix.astype("float64"), full_matrices=False)
    s = s / np.sqrt((s**2).sum())
    for _ in range(steps):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return u @ np.diag(s) @ v


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (5, 5), (1, 3), (27, 8)])
def test_orthogonalised(shape):
    matrix = RNG.normal(size=shape).astype("float32")
    found = to_numpy(orthogonalised(ops.convert_to_tensor(1e-3 * matrix), 5))
    np.testing.assert_allclose(found, quintic(matrix, 5), atol=2e-4)
    singular = np.linalg.svd(found, compute_uv=False)
    assert singular.max() < 1.3 and singular.min() > 0.5


def test_zeros_and_half_precision():
    assert not to_numpy(orthogonalised(ops.zeros((3, 4)))).any()
    half = orthogonalised(ops.cast(RNG.normal(size=(3, 4)), "bfloat16"))
    assert keras.backend.standardize_dtype(half.dtype) == "float32"


def variables():
    kernel = keras.Variable(RNG.normal(size=(3, 3, 2, 5)).astype("float32"), name="kernel")
    bias = keras.Variable(np.ones(5, "float32"), name="bias")
    return kernel, bias


def test_two_steps_by_hand():
    kernel, bias = variables()
    optimizer = Muon(0.1, momentum=0.5, other_rate=3.0)
    truth = [to_numpy(kernel), to_numpy(bias)]
    averages = [np.zeros_like(array) for array in truth]
    for _ in range(2):
        gradients = [RNG.normal(size=array.shape) for array in truth]
        optimizer.apply(
            [ops.convert_to_tensor(g, dtype="float32") for g in gradients], [kernel, bias]
        )
        averages = [0.5 * a + g for a, g in zip(averages, gradients, strict=True)]
        directions = [g + 0.5 * a for a, g in zip(averages, gradients, strict=True)]
        step = quintic(directions[0].reshape(-1, 5), 3).reshape(truth[0].shape)
        truth[0] = truth[0] * np.sqrt(5) / np.linalg.norm(truth[0]) - 0.1 * step
        truth[1] = truth[1] - 0.3 * directions[1]
        np.testing.assert_allclose(to_numpy(kernel), truth[0], atol=1e-4)
        np.testing.assert_allclose(to_numpy(bias), truth[1], atol=1e-5)


def test_the_scale_of_the_gradient_does_not_matter():
    gradient = RNG.normal(size=(3, 3, 2, 5)).astype("float32")
    found = []
    for scale in (1.0, 1e4):
        kernel = keras.Variable(np.ones((3, 3, 2, 5), "float32"))
        Muon(0.1).apply([ops.convert_to_tensor(scale * gradient)], [kernel])
        found.append(to_numpy(kernel))
    np.testing.assert_allclose(*found, atol=1e-5)


def test_it_trains_within_fit_and_is_saved(tmp_path):
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, use_bias=False, data_format="channels_last")(images)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.GlobalAveragePooling2D(data_format="channels_last")(x)
    model = keras.Model(images, keras.layers.Dense(3)(x))
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 20)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(Muon(schedule, weight_decay=1e-4, global_clipnorm=1.0), loss)
    inputs = RNG.normal(size=(24, 8, 8, 3)).astype("float32")
    labels = np.arange(24) % 3
    inputs += labels[:, None, None, None]
    losses = model.fit(inputs, labels, batch_size=8, epochs=6, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.optimizer, Muon)
    assert np.isfinite(loaded.fit(inputs, labels, verbose=0).history["loss"][0])


@pytest.mark.parametrize(
    "options", [{"momentum": 1.0}, {"other_rate": 0.0}, {"newton_schulz_steps": 0}]
)
def test_bad_arguments(options):
    with pytest.raises(InvalidArgumentError, match=f"`{next(iter(options))}`.*Received"):
        Muon(**options)
