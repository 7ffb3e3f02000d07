"""What the heads share whose loss reads a few rows of a table."""

from functools import partial
from typing import Protocol

import keras
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.label_head import LabelHead, flat
from kerasoft.heads.rows import RowOptimizer, draw_rows, read_rows, registry
from kerasoft.ops.precision import Tensor
from kerasoft.ops.vjp import vjp


class Plan(Protocol):
    """What a step computes with, decided before it computes: which rows, and what they are for."""

    rows: Tensor  # int32 (R,): rows of the table, -1 for none


class RowHead(LabelHead):
    """Base class of the heads whose training step touches R rows of the class embeddings.

    A subclass gives `num_rows`, `plan` and `row_loss`, besides `log_prob` and `complexity`.

    With a `row_optimizer` the class embeddings are no trainable variables: the `Classifier` calls
    `update` in every training step, which differentiates with respect to the gathered rows alone
    and changes them in place. Without one they are variables like any other, and the model's
    optimizer passes over all of them in every step.

    Args:
        num_classes: number of classes C.
        use_bias: whether to add one learned number a row.
        kernel_initializer: initializer of the class embeddings.
        row_optimizer: None, or "sgd", "adagrad" or "adam" for `RowSGD`, `RowAdagrad` and `RowAdam`
            with their default learning rates, or one of these. It works within
            `Classifier.fit` and knows nothing of the model's optimizer and its options.
        **kwargs: as in every head.

    Weights:
        class_embeddings (num_rows, D) and bias (num_rows,).

    Raises:
        InvalidArgumentError: if an argument is not allowed.
    """

    def __init__(
        self,
        num_classes: int,
        use_bias: bool = True,
        kernel_initializer: str | keras.initializers.Initializer = "glorot_uniform",
        row_optimizer: str | RowOptimizer | None = None,
        **kwargs,
    ):
        super().__init__(num_classes, **kwargs)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.row_optimizer = registry.get(row_optimizer)

    @property
    def updates_rows(self) -> bool:
        return self.row_optimizer is not None and self.trainable

    @property
    def num_rows(self) -> int:
        """Rows of the class embeddings."""
        raise NotImplementedError

    def plan(self, ids: Tensor, training: bool | None) -> Plan:
        """Decides what a step touches.

        Args:
            ids: int32 class ids (N,), -1 for none: no row may be touched for it.
            training: whether this is a training step.
        """
        raise NotImplementedError

    def row_loss(self, features: Tensor, embeddings: Tensor, biases: Tensor, plan: Plan) -> Tensor:
        """The loss of each example from the rows of the plan.

        Args:
            features: (N, D).
            embeddings: float32 (R, D).
            biases: float32 (R,).
            plan: what `plan` gave.

        Returns:
            float32 (N,). Differentiable; a value depends on no other example's features.
        """
        raise NotImplementedError

    def build(self, features_shape: tuple) -> None:
        by_model = self.row_optimizer is None
        self.class_embeddings = self.add_weight(
            shape=(self.num_rows, features_shape[-1]),
            initializer=partial(draw_rows, self.kernel_initializer),
            trainable=by_model,
            autocast=False,
            name="class_embeddings",
        )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.num_rows,),
                initializer="zeros",
                trainable=by_model,
                autocast=False,
                name="bias",
            )
        if not by_model:
            self.row_optimizer.add_slots(self._tables())

    def call(self, features: Tensor, training: bool | None = None) -> Tensor:
        self._refuse_to_train(training)
        return super().call(features, training)

    def values(self, features: Tensor, labels: Tensor, training: bool | None = False) -> Tensor:
        self._refuse_to_train(training)
        return super().values(features, labels, training)

    def _refuse_to_train(self, training: bool | None) -> None:
        if training and self.updates_rows:
            raise InvalidArgumentError(
                "A head with a `row_optimizer` trains within a Classifier's fit(), or by its own "
                "update(): nothing else has a gradient in its class embeddings.",
                row_optimizer=self.row_optimizer.name,
            )

    def label_loss(self, features: Tensor, ids: Tensor, training: bool | None) -> Tensor:
        plan = self.plan(ids, training)
        return self.row_loss(features, *self._gathered(plan), plan)

    def update(self, features: Tensor, labels: Tensor, upstream: Tensor) -> Tensor:
        """One step of the row optimizer, and the loss before it.

        Args:
            features: (..., D).
            labels: class ids (...) or (..., 1).
            upstream: float32 (...): how much each example's loss counts in what is minimised.

        Returns:
            The loss of each example, as `loss` gives it in training; its gradient in the features
            is that of the embeddings before the step.

        Raises:
            InvalidArgumentError: if the labels are one weight a class: such a loss has no rows.

        O(R D) time and memory, and O(R log R) to sum what belongs to the same row.
        """
        if not self.built:
            self.build(features.shape)
        labels = self.standardized(features, labels)
        if not self.are_ids(features, labels):
            raise InvalidArgumentError(
                "With a `row_optimizer` labels must be class ids.", labels_shape=labels.shape
            )
        kept = self.kept(features, labels)
        if kept is not None:
            labels = self.without_ignored(labels, kept)
        known, ids = self.flat_ids(labels)
        features = ops.where(known[..., None], features, ops.zeros_like(features))
        plan = self.plan(ids, True)
        rows = self._gathered(plan)
        upstream = ops.reshape(ops.where(known, upstream, 0.0), (-1,))
        self._step(flat(features), rows, plan, upstream)
        values = ops.reshape(self.row_loss(flat(features), *rows, plan), ops.shape(known))
        values = ops.where(known, values, float("nan"))
        return values if kept is None else ops.where(kept, values, 0.0)

    def _gathered(self, plan: Plan) -> tuple[Tensor, Tensor]:
        """The embeddings (R, D) and biases (R,) that a plan needs; anything for rows of -1."""
        rows = ops.maximum(plan.rows, 0)
        embeddings = read_rows(self.class_embeddings, rows)
        if self.use_bias:
            return embeddings, read_rows(self.bias, rows)
        return embeddings, ops.zeros_like(embeddings[:, 0])

    def _step(
        self, features: Tensor, rows: tuple[Tensor, Tensor], plan: Plan, upstream: Tensor
    ) -> None:
        """Changes the rows of the plan against their gradient.

        The gradients are computed at a scale of 1, so that in float16 they do not underflow where
        a large batch makes `upstream` small.
        """
        features = ops.stop_gradient(features)
        scale = ops.max(ops.abs(upstream))
        scale = ops.where(scale > 0, scale, 1.0)
        gradients = vjp(
            lambda embeddings, biases: self.row_loss(features, embeddings, biases, plan),
            rows,
            upstream / scale,
        )
        gradients = [scale * one for one in gradients[: len(self._tables())]]
        touched = plan.rows
        if self.compute_dtype == "float16":  # an overflow spoils one step, as with loss scaling
            finite = [ops.all(ops.isfinite(one)) for one in gradients]
            touched = ops.where(ops.all(ops.stack(finite)), touched, -1)
        self.row_optimizer.update(touched, gradients)

    def _tables(self) -> list[keras.Variable]:
        return [self.class_embeddings, self.bias] if self.use_bias else [self.class_embeddings]

    def inference_config(self) -> dict:
        return {**self.get_config(), "row_optimizer": None}

    def get_config(self) -> dict:
        config = {
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "row_optimizer": keras.saving.serialize_keras_object(self.row_optimizer),
        }
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config: dict) -> "RowHead":
        row_optimizer = keras.saving.deserialize_keras_object(config["row_optimizer"])
        return cls(**{**config, "row_optimizer": row_optimizer})
