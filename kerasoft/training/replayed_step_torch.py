"""A training step as PyTorch's own operations, written down once and replayed.

Keras on PyTorch walks through all its layers in Python at every step, which on a GPU takes longer
than the arithmetic. The operations that reach PyTorch are the same every time.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import keras
import torch
from keras.optimizers.schedules import LearningRateSchedule
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._python_dispatch import TorchDispatchMode

from kerasoft.classifier import Classifier
from kerasoft.ops.tracing import written_down

Logs = dict[str, torch.Tensor]
_WARM_UP = 3  # runs before a CUDA graph is recorded: libraries choose and allocate in them


class NotReplayable(Exception):
    """The step does something that cannot be written down."""


class ReplayedStep:
    """`model.train_step` for batches of one shape: rows to logs, and the weights move on.

    On a GPU it is one CUDA graph. An optimizer that decides by values (one that scales losses, or
    gathers gradients) works beside it as ever. Random numbers come from PyTorch's own generator.

    Args:
        model: a built and compiled classifier, on which `train_step` has run once.
        batch: from row numbers (B,) to a batch of examples.
        rows: int32 (B,) on the device, of any examples.
        fused: whether PyTorch's compiler fuses the operations first. Where it cannot, one warning
            says so.

    Raises:
        NotReplayable: if the step decides by values, or draws random numbers with a seed that the
            host reads, such as Keras's `Dropout` does where it has a seed. The model is unchanged.
    """

    def __init__(self, model: Classifier, batch: Callable, rows: torch.Tensor, fused: bool = False):
        self.model = model
        with _unchanged(model):
            try:
                program = _write_down(model, batch, rows, _optimizer_within)
            except NotReplayable:
                program = _write_down(model, batch, rows, _optimizer_beside)
            self._program = _fused(program, rows) if fused else program
            self._graph = None
            if rows.is_cuda:
                self._record(rows)

    def __call__(self, rows: torch.Tensor) -> Logs:
        with torch.no_grad():
            if self._graph is None:
                gradients, logs = self._program(rows)
            else:
                self._rows.copy_(rows)
                self._graph.replay()
                gradients, logs = self._results
            if gradients:
                self.model.optimizer.apply(gradients, self.model.trainable_weights)
        return logs

    def _record(self, rows: torch.Tensor) -> None:
        self._rows = rows.clone()
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        try:
            with torch.no_grad(), _fastest_convolutions():
                with torch.cuda.stream(aside):
                    for _ in range(_WARM_UP):
                        self._program(self._rows)
                    # What waits for the host would spoil the graph and all random numbers after.
                    with _waiting_refused():
                        self._program(self._rows)
                torch.cuda.current_stream().wait_stream(aside)
                self._graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(self._graph):
                    self._results = self._program(self._rows)
        except RuntimeError as error:
            raise NotReplayable(str(error)) from error


@contextmanager
def _fastest_convolutions() -> Iterator[None]:
    """Within it cuDNN tries its algorithms for each new shape, and takes the fastest."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


@contextmanager
def _waiting_refused() -> Iterator[None]:
    """Within it an operation that makes the host wait for the GPU raises RuntimeError."""
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


def _write_down(
    model: Classifier, batch: Callable, rows: torch.Tensor, optimizing: Callable
) -> torch.fx.GraphModule:
    """From rows to the gradients that the optimizer still waits for, and logs."""

    def step(rows: torch.Tensor) -> tuple[list[torch.Tensor], Logs]:
        with optimizing(model.optimizer) as gradients, _NothingRead():
            logs = model.train_step(batch(rows))
        return list(gradients), logs

    try:
        with written_down():
            return on_one_device(make_fx(step)(rows), rows.device)
    except RuntimeError as error:
        raise NotReplayable(str(error)) from error
    finally:
        model.zero_grad()


class _NothingRead(TorchDispatchMode):
    """Within it no value may reach the host, nor decide a shape.

    PyTorch itself takes every single number that is no argument, such as the count of steps, for a
    constant, and writes down the shapes that it sees.
    """

    def __torch_dispatch__(self, operation, types, arguments=(), options=None):
        if _waits_for_values(operation, arguments):
            raise RuntimeError(f"{operation} waits for values.")
        return operation(*arguments, **(options or {}))


def _waits_for_values(operation: torch._ops.OpOverload, arguments: tuple) -> bool:
    if operation is torch.ops.aten.index.Tensor:
        return any(index is not None and index.dtype == torch.bool for index in arguments[1])
    of_values = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}
    return not of_values.isdisjoint(operation.tags)


def on_one_device(program: torch.fx.GraphModule, device: torch.device) -> torch.fx.GraphModule:
    """The same program without copies from the host: a CUDA graph takes none."""
    for node in program.graph.nodes:
        if node.op == "get_attr":
            value = getattr(program, node.target)
            if value.device != device:
                setattr(program, node.target, value.to(device))
        elif node.kwargs.get("device") is not None:
            node.kwargs = {**node.kwargs, "device": device}
    program.recompile()
    return program


def _fused(program: torch.fx.GraphModule, rows: torch.Tensor) -> Callable:
    """The program in fewer operations, for the same numbers up to rounding."""
    fused = torch.compile(program)
    try:
        with torch.no_grad():
            fused(rows)  # compiles
    except Exception as error:  # compilers fail in many ways
        reason = str(error).strip().partition("\n")[0]
        warnings.warn(f"PyTorch cannot compile here; steps stay unfused. {reason}", stacklevel=2)
        return program
    return fused


@contextmanager
def _optimizer_within(optimizer: keras.optimizers.Optimizer) -> Iterator[list]:
    """Within it each weight is updated by itself, as on any backend; no gradient is left.

    Keras's way for PyTorch, all weights at once, reads the learning rate on the host.
    """
    if not isinstance(optimizer._learning_rate, (keras.Variable, LearningRateSchedule)):
        raise NotReplayable("The learning rate is a function, of what may change.")

    def update(gradients: list, variables: list, learning_rate: torch.Tensor) -> None:
        for gradient, variable in zip(gradients, variables, strict=True):
            optimizer.update_step(gradient, variable, learning_rate)

    optimizer._backend_update_step = update
    try:
        yield []
    finally:
        del optimizer._backend_update_step  # the method of the class is back


@contextmanager
def _optimizer_beside(optimizer: keras.optimizers.Optimizer) -> Iterator[list]:
    """Within it `optimizer.apply` only hands over the gradients."""
    gradients: list = []
    optimizer.apply = lambda grads, variables=None: gradients.extend(grads)
    try:
        yield gradients
    finally:
        del optimizer.apply


@contextmanager
def _unchanged(model: Classifier) -> Iterator[None]:
    """Every variable gets its value back, metrics and optimizer included."""
    variables = [*model.variables, *model.metrics_variables, *model.optimizer.variables]
    values = [variable.value.detach().clone() for variable in variables]
    try:
        yield
    finally:
        with torch.no_grad():
            for variable, value in zip(variables, values, strict=True):
                variable.value.copy_(value)
