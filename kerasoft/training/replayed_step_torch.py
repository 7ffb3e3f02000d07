"""A training step as PyTorch's own operations, written down once and replayed.

Keras on PyTorch walks through all its layers in Python at every step, which on a GPU takes longer
than the arithmetic. The operations that reach PyTorch are the same every time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch.fx.experimental.proxy_tensor import make_fx

from kerasoft.classifier import Classifier
from kerasoft.ops.tracing import written_down

Logs = dict[str, torch.Tensor]
_WARM_UP = 3  # runs before a CUDA graph is recorded: libraries choose and allocate in them


class NotReplayable(Exception):
    """The step does something that cannot be written down."""


class ReplayedStep:
    """`model.train_step` for batches of one shape: rows to logs, and the weights move on.

    Forward pass, backward pass and metrics are replayed, on a GPU as one CUDA graph; the optimizer
    works as ever, because its learning rate is read by the host. Random numbers come from PyTorch's
    own generator.

    Args:
        model: a built and compiled classifier, on which `train_step` has run once.
        batch: from row numbers (B,) to a batch of examples.
        rows: int32 (B,) on the device, of any examples.

    Raises:
        NotReplayable: if the step decides by values, or draws random numbers with a seed that the
            host reads, such as Keras's `Dropout` does where it has a seed. The model is unchanged.
    """

    def __init__(self, model: Classifier, batch: Callable, rows: torch.Tensor):
        self.model = model
        with _unchanged(model):
            self._program = _write_down(model, batch, rows)
            self._graph = None
            if rows.is_cuda:
                try:
                    self._record(rows)
                except RuntimeError as error:
                    raise NotReplayable(str(error)) from error

    def __call__(self, rows: torch.Tensor) -> Logs:
        if self._graph is None:
            with torch.no_grad():
                gradients, logs = self._program(rows)
        else:
            self._rows.copy_(rows)
            self._graph.replay()
            gradients, logs = self._results
        with torch.no_grad():
            self.model.optimizer.apply(gradients, self.model.trainable_weights)
        return logs

    def _record(self, rows: torch.Tensor) -> None:
        self._rows = rows.clone()
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.no_grad(), torch.cuda.stream(aside):
            for _ in range(_WARM_UP):
                self._program(self._rows)
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.no_grad(), torch.cuda.graph(self._graph):
            self._results = self._program(self._rows)


def _write_down(model: Classifier, batch: Callable, rows: torch.Tensor) -> Callable:
    """From rows to gradients of all trainable weights, and logs."""

    def step(rows: torch.Tensor) -> tuple[list[torch.Tensor], Logs]:
        with _gradients_kept(model.optimizer) as gradients:
            logs = model.train_step(batch(rows))
        return list(gradients), logs

    try:
        with written_down():
            return make_fx(step)(rows)
    except RuntimeError as error:
        raise NotReplayable(str(error)) from error
    finally:
        model.zero_grad()


@contextmanager
def _gradients_kept(optimizer: object) -> Iterator[list]:
    """Within it `optimizer.apply` only hands over the gradients."""
    gradients: list = []
    optimizer.apply = lambda grads, variables=None: gradients.extend(grads)
    try:
        yield gradients
    finally:
        del optimizer.apply  # the method of the class is back


@contextmanager
def _unchanged(model: Classifier) -> Iterator[None]:
    """Every variable gets its value back, metrics included."""
    variables = [*model.variables, *model.metrics_variables]
    values = [variable.value.detach().clone() for variable in variables]
    try:
        yield
    finally:
        with torch.no_grad():
            for variable, value in zip(variables, values, strict=True):
                variable.value.copy_(value)
