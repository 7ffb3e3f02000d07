"""Training on two replicas of TensorFlow, in a process of its own that has two devices."""

import json
import subprocess
import sys

import pytest
from backend import NAME

SCRIPT = """
import json
import tensorflow as tf

device = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)

import keras
import numpy as np
from kerasoft import Classifier, heads

X = np.random.default_rng(0).normal(size=(32, 5)).astype("float32")
Y = np.arange(32) % 7

def losses(strategy, **options):
    with strategy.scope():
        keras.utils.set_random_seed(0)
        body = keras.Sequential([keras.Input((5,)), keras.layers.Dense(6)])
        model = Classifier(body, heads.HierarchicalSoftmax(7, **options))
        model.compile(keras.optimizers.SGD(0.5))
    fitted = model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    return fitted.history["loss"] + [model.evaluate(X, Y, batch_size=8, verbose=0)[0]]

two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
found = {"one": losses(tf.distribute.get_strategy()), "two": losses(two)}
try:
    losses(two, row_optimizer="sgd")
except ValueError as error:
    found["refused"] = str(error)
print(json.dumps(found))
"""


@pytest.mark.skipif(NAME != "tensorflow", reason="replicas of TensorFlow")
def test_two_replicas_train_like_one_and_rows_are_refused():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["two"] == pytest.approx(found["one"], rel=1e-5)
    assert found["refused"].startswith("Replicas would each update rows of their own.")
    assert found["refused"].endswith("Received: num_replicas=2")
