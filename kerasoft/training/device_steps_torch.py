"""On PyTorch a call runs its steps one by one: on a GPU, or if asked to compile, replayed."""

from collections.abc import Callable

import numpy as np
import torch
from keras import ops

from kerasoft.classifier import Classifier
from kerasoft.training.replayed_step_torch import NotReplayable, ReplayedStep

Logs = dict[str, torch.Tensor]


class DeviceSteps:
    """See `kerasoft.training.device_steps`."""

    def __init__(self, model: Classifier, images: np.ndarray, labels: np.ndarray):
        self.model = model
        self.data = ops.convert_to_tensor(images), ops.convert_to_tensor(labels)
        asked = model.jit_compile  # which Keras says for itself on other backends alone
        self._may_replay = (asked or self.replays()) and not model.run_eagerly
        self._fused = asked or model.may_compile_steps
        self._replayed: ReplayedStep | None = None

    @staticmethod
    def replays() -> bool:
        """Whether replaying pays: a CPU works longer at a step than Keras talks about it."""
        return torch.cuda.is_available()

    @staticmethod
    def steps_per_call(steps: int) -> int:
        return 1

    def prepare(self, kind: str, rows: np.ndarray) -> Callable[[], object]:
        """Nothing: PyTorch compiles when it runs."""
        return lambda: None

    def train(self, rows: np.ndarray) -> Logs:
        self.model.train()
        try:
            if not self._may_replay:
                return self._run(self.model.train_step, rows)
            return self._replay(ops.convert_to_tensor(rows))
        finally:
            self.model.eval()

    def _replay(self, rows: torch.Tensor) -> Logs:
        """The first step of all runs as Keras does: metrics make their variables in it."""
        for numbers in rows:
            if self._replayed is not None:
                logs = self._replayed(numbers)
                continue
            logs = self.model.train_step(self._batch(numbers))
            if self._may_replay:
                self._write_down(numbers)
        return logs

    def _write_down(self, numbers: torch.Tensor) -> None:
        try:
            self._replayed = ReplayedStep(self.model, self._batch, numbers, fused=self._fused)
        except NotReplayable:
            self._may_replay = False

    def test(self, rows: np.ndarray) -> Logs:
        with torch.no_grad():
            return self._run(self.model.test_step, rows)

    def _run(self, step: Callable, rows: np.ndarray) -> Logs:
        for numbers in ops.convert_to_tensor(rows):
            logs = step(self._batch(numbers))
        return logs

    def _batch(self, numbers: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(array[numbers] for array in self.data)
