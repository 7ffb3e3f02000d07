"""On JAX a call is one compiled program that loops over its steps."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import jax
import jax.numpy as jnp
import keras
import numpy as np

from kerasoft.classifier import Classifier

Logs = dict[str, jax.Array]
_COMPILERS = ThreadPoolExecutor(2)  # training and evaluation at once


class DeviceSteps:
    """See `kerasoft.training.device_steps`."""

    def __init__(self, model: Classifier, images: np.ndarray, labels: np.ndarray):
        self.model = model
        self.data = jnp.asarray(images), jnp.asarray(labels)
        self._programs: dict[tuple, Future] = {}
        self._latest: deque[Logs] = deque(maxlen=2)
        _build_metrics(model, *self.data)

    @staticmethod
    def steps_per_call(steps: int) -> int:
        """All of them, so that the host is not asked between two; on a CPU, which runs loops of
        convolutions slowly, one."""
        return 1 if jax.default_backend() == "cpu" else steps

    def prepare(self, kind: str, rows: np.ndarray) -> Callable[[], object]:
        return self._program(kind, rows).result

    def train(self, rows: np.ndarray) -> Logs:
        return self._run("train", rows)

    def test(self, rows: np.ndarray) -> Logs:
        return self._run("test", rows)

    def _run(self, kind: str, rows: np.ndarray) -> Logs:
        # No further ahead than two calls: Ctrl-C would wait for all that is queued.
        if len(self._latest) == 2:
            jax.block_until_ready(self._latest[0])
        groups = self._variables(kind)
        program = self._program(kind, rows).result()
        logs, state = program(_values(groups), *self.data, rows)
        for variables, values in zip(groups, state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        self._latest.append(logs)
        return logs

    def _variables(self, kind: str) -> list[list[keras.Variable]]:
        """In the order in which Keras's steps on JAX want their values."""
        model = self.model
        optimizer = [model.optimizer.variables] if kind == "train" else []
        weights = [model.trainable_variables, model.non_trainable_variables]
        return [*weights, *optimizer, model.metrics_variables]

    def _program(self, kind: str, rows: np.ndarray) -> Future:
        """Compiled for rows of this shape, beside other work; uncompiled in an eager model."""
        key = (kind, rows.shape)
        if key not in self._programs:
            program = _repeated(self.model.train_step if kind == "train" else self.model.test_step)
            if self.model.jit_compile and not self.model.run_eagerly:
                # The state is given away: a step needs no second copy of the weights.
                program = jax.jit(program, donate_argnums=0)
                state = _values(self._variables(kind))
                finish = program.lower(state, *self.data, rows).compile
            else:
                finish = partial(jax.disable_jit(), program)
            self._programs[key] = _COMPILERS.submit(finish)
        return self._programs[key]


def _repeated(step: Callable) -> Callable:
    def program(state, images, labels, rows):
        def one(state, rows):
            batch = images[rows], labels[rows]
            logs, state = step(state, batch)
            return state, logs

        if (
            len(rows) == 1
        ):  # in a loop, even of one round, a CPU's convolutions are ten times slower
            state, logs = one(state, rows[0])
            return logs, state
        state, logs = jax.lax.scan(one, state, rows)
        return jax.tree.map(lambda values: values[-1], logs), state

    return program


def _values(groups: list[list[keras.Variable]]) -> tuple[list[jax.Array], ...]:
    return tuple([variable.value for variable in variables] for variables in groups)


def _build_metrics(model: Classifier, images: jax.Array, labels: jax.Array) -> None:
    """Metrics make their variables when first used, which must not be within a compiled step."""
    shape = model.compute_output_shape((1, *images.shape[1:]))
    with keras.StatelessScope():  # makes the variables when it ends
        jax.eval_shape(
            lambda labels, probabilities: model.compute_metrics(None, labels, probabilities),
            labels[:1],
            jax.ShapeDtypeStruct(shape, "float32"),
        )
