"""The depthwise layer is Keras's in everything but its gradient's way."""

import keras
import numpy as np
import pytest
from backend import to_numpy
from keras import ops

from kerasoft.backbones.depthwise_conv import DepthwiseConv2D
from kerasoft.ops.vjp import vjp

X = np.random.default_rng(0).normal(size=(2, 8, 7, 3)).astype("float32")
LAST = {"data_format": "channels_last"}
OPTIONS = [
    {"kernel_size": 3, "padding": "same", "use_bias": False},
    {"kernel_size": 5, "strides": 2, "padding": "same", "activation": "relu"},
    {"kernel_size": 3, "strides": 2},
    {"kernel_size": (3, 2), "padding": "same"},
    {"kernel_size": 3, "dilation_rate": 2},
    {"kernel_size": 3, "depth_multiplier": 2},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_values_gradients_and_weights_are_those_of_keras(options):
    own, theirs = (
        DepthwiseConv2D(**options, **LAST),
        keras.layers.DepthwiseConv2D(**options, **LAST),
    )
    own.build(X.shape)
    theirs.build(X.shape)
    theirs.set_weights([w + 0.1 for w in own.get_weights()])
    own.set_weights(theirs.get_weights())
    x = ops.convert_to_tensor(X)
    values = own(x)
    assert tuple(values.shape) == tuple(own.compute_output_shape(X.shape))
    np.testing.assert_allclose(to_numpy(values), to_numpy(theirs(x)), rtol=1e-5, atol=1e-5)
    upstream = ops.cos(ops.stop_gradient(values) * 3)
    for one, other in zip(vjp(own, (x,), upstream), vjp(theirs, (x,), upstream), strict=True):
        np.testing.assert_allclose(to_numpy(one), to_numpy(other), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_training_moves_the_weights_as_keras_does(policy):
    results = []
    for layer in (DepthwiseConv2D, keras.layers.DepthwiseConv2D):
        keras.utils.set_random_seed(0)
        keras.config.set_dtype_policy(policy)
        images = keras.Input(X.shape[1:])
        x = layer(3, strides=2, padding="same", name="depthwise", **LAST)(images)
        model = keras.Model(images, keras.layers.GlobalAveragePooling2D(**LAST)(x))
        model.compile(keras.optimizers.SGD(1.0), "mse")
        model.fit(X, np.ones((2, 3), "float32"), epochs=2, verbose=0)
        results.append(model.get_layer("depthwise").get_weights()[0])
    tolerance = 1e-5 if policy == "float32" else 2e-2
    np.testing.assert_allclose(*results, rtol=tolerance, atol=tolerance)


def test_saved_and_loaded(tmp_path):
    images = keras.Input(X.shape[1:])
    model = keras.Model(images, DepthwiseConv2D(3, padding="same", **LAST)(images))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[-1]) is DepthwiseConv2D
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
