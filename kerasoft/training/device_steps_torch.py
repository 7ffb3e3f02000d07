"""On PyTorch a call runs its steps one by one, as Keras does."""

from collections.abc import Callable

import numpy as np
import torch
from keras import ops

from kerasoft.classifier import Classifier

Logs = dict[str, torch.Tensor]


class DeviceSteps:
    """See `kerasoft.training.device_steps`."""

    def __init__(self, model: Classifier, images: np.ndarray, labels: np.ndarray):
        self.model = model
        self.data = ops.convert_to_tensor(images), ops.convert_to_tensor(labels)
        compiled = model.jit_compile and not model.run_eagerly
        self._compiled = torch.compile if compiled else lambda step: step
        self._train_step = self._compiled(model.train_step)
        self._test_step = self._compiled(model.test_step)

    @staticmethod
    def steps_per_call(steps: int) -> int:
        return 1

    def prepare(self, kind: str, rows: np.ndarray) -> Callable[[], object]:
        """Nothing: PyTorch compiles when it runs."""
        return lambda: None

    def train(self, rows: np.ndarray) -> Logs:
        self.model.train()
        try:
            return self._run(self._train_step, rows)
        finally:
            self.model.eval()

    def test(self, rows: np.ndarray) -> Logs:
        with torch.no_grad():
            return self._run(self._test_step, rows)

    def _run(self, step: Callable, rows: np.ndarray) -> Logs:
        for numbers in ops.convert_to_tensor(rows):
            logs = step(tuple(array[numbers] for array in self.data))
        return logs
