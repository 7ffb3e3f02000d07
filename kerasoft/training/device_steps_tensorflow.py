"""On TensorFlow a call is a loop within one graph, around a step that XLA may compile."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from kerasoft.classifier import Classifier

Logs = dict[str, tf.Tensor]
_CALLS_AN_EPOCH = 8  # what is compiled is a step: more calls only show more progress


class DeviceSteps:
    """See `kerasoft.training.device_steps`."""

    def __init__(self, model: Classifier, images: np.ndarray, labels: np.ndarray):
        self.model = model
        self.data = tf.convert_to_tensor(images), tf.convert_to_tensor(labels)
        self.train = self._repeated(model.train_step)
        self.test = self._repeated(model.test_step)

    @staticmethod
    def steps_per_call(steps: int) -> int:
        return -(-steps // _CALLS_AN_EPOCH) if tf.config.list_physical_devices("GPU") else 1

    def prepare(self, kind: str, rows: np.ndarray) -> Callable[[], object]:
        """Nothing: TensorFlow compiles when it runs."""
        return lambda: None

    def _repeated(self, step: Callable) -> Callable[[np.ndarray], Logs]:
        def one(rows: tf.Tensor) -> Logs:
            return step(tuple(tf.gather(array, rows) for array in self.data))

        def many(rows: tf.Tensor) -> Logs:
            logs = one(rows[0])
            for others in rows[1:]:
                logs = one(others)
            return logs

        if self.model.run_eagerly:
            return many
        one = tf.function(one, jit_compile=self.model.jit_compile, reduce_retracing=True)
        return tf.function(many, reduce_retracing=True)
