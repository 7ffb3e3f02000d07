"""A backbone and a head as one model that trains with the head's own loss."""

from collections.abc import Mapping
from contextlib import contextmanager

import keras
import numpy as np
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.head import Head
from kerasoft.losses.classification_loss import Reduction
from kerasoft.ops.precision import Tensor

_PRIVATE_OPTIMIZERS = "keras.src.backend."  # where a backend's own optimizer subclass lives


@keras.saving.register_keras_serializable(package="kerasoft")
class Classifier(keras.Model):
    """Images (or anything else) to class probabilities; the loss always comes from the head.

    `fit`, `evaluate`, `predict` and `save` are those of any Keras model. There is no loss to
    choose: `compile` takes an optimizer and metrics, and naming a loss is an error, because a
    second softmax inside the loss is the most common way to ruin a classifier.

    Within a training or evaluation step the model hands the features on, not the probabilities, so
    that the head computes its loss from them at its own cost and precision; only metrics, where
    there are any, ask for the full distribution (without noise).

    Args:
        backbone: a Keras model or layer from inputs to features (..., D).
        head: a `kerasoft.heads.Head`.
        augmentation: a Keras layer that changes inputs while training only, or None.
        metadata: JSON-serialisable facts that travel with the saved model (such as its data set and
            class names).
        **kwargs: as in every Keras model.

    Raises:
        InvalidArgumentError: if `head` is no `Head`.

    Example:
        >>> classifier = kerasoft.Classifier(
        ...     kerasoft.backbones.simple_cnn(), kerasoft.heads.SoftmaxHead(100, softmax="gumbel")
        ... )
        >>> classifier.compile(optimizer="adam")
        >>> classifier.fit(images, labels, epochs=5)  # uint8 (N, 32, 32, 3), int (N,)
    """

    def __init__(
        self,
        backbone: keras.layers.Layer,
        head: Head,
        augmentation: keras.layers.Layer | None = None,
        metadata: Mapping[str, object] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(head, Head):
            raise InvalidArgumentError("`head` must be a kerasoft.heads.Head.", head=head)
        self.backbone = backbone
        self.head = head
        self.augmentation = augmentation
        self.metadata = dict(metadata or {})
        self._within_step = False
        self._has_metrics = False
        self._reduction = Reduction()

    def build(self, input_shape: tuple) -> None:
        if not self.backbone.built:
            self.backbone.build(input_shape)
        if not self.head.built:
            self.head.build(self.backbone.compute_output_shape(input_shape))

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        if training and self.augmentation is not None:
            inputs = self.augmentation(inputs, training=True)
        features = self.backbone(inputs, training=training)
        if not self._within_step:
            return self.head(features, training=training)
        output = {"features": features}
        if self._has_metrics:
            output["probabilities"] = self.head(ops.stop_gradient(features), training=False)
        return output

    def log_prob(self, inputs: Tensor) -> Tensor:
        """Inputs to float32 log-probabilities (..., C), where nothing underflows."""
        return self.head.log_prob(self.backbone(inputs, training=False))

    def predict_log_prob(
        self, x: np.ndarray, batch_size: int = 256, verbose: int | str = 0
    ) -> np.ndarray:
        """`predict`, but float32 log-probabilities (N, C) instead of probabilities."""
        return _LogProbabilities(self).predict(x, batch_size=batch_size, verbose=verbose)

    def compile(
        self,
        optimizer: str | keras.optimizers.Optimizer = "adam",
        loss: None = None,
        metrics: list | None = None,
        jit_compile: str | bool = "auto",
        **kwargs,
    ) -> None:
        """Configures training, as in Keras but for the loss.

        Args:
            optimizer: a Keras optimizer or its name.
            loss: must be None: the head brings its own.
            metrics: Keras metrics over probabilities; `["accuracy"]` if None, nothing if empty.
            jit_compile, **kwargs: as in `keras.Model.compile`.

        Raises:
            InvalidArgumentError: if a loss is given.
        """
        if loss is not None or kwargs.get("loss_weights") is not None:
            raise InvalidArgumentError(
                "A Classifier trains with its head's own loss; a loss given to compile() would "
                "apply softmax a second time to what is a distribution already. Leave it out.",
                loss=loss,
            )
        metrics = ["accuracy"] if metrics is None else metrics
        self._has_metrics = bool(metrics or kwargs.get("weighted_metrics"))
        self._jit_compile_asked = jit_compile
        super().compile(optimizer=optimizer, metrics=metrics, jit_compile=jit_compile, **kwargs)

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor | None = None,
        training: bool = True,
    ) -> Tensor:
        if not _is_step_output(y_pred):
            y_pred = {"features": self.backbone(x, training=training)}
        features = y_pred["features"]
        values = self.head.loss(features, y, training=training)
        mean = self._reduction(values, features, sample_weight)
        return mean + sum(ops.sum(extra) for extra in self.losses)

    def compute_metrics(
        self, x: Tensor, y: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> dict:
        if _is_step_output(y_pred):
            y_pred = y_pred.get("probabilities")
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def train_step(self, *args):  # (state, data) on JAX, (data) elsewhere
        with self._step():
            return super().train_step(*args)

    def test_step(self, *args):
        with self._step():
            return super().test_step(*args)

    @contextmanager
    def _step(self):
        self._within_step = True
        try:
            yield
        finally:
            self._within_step = False

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return self.head.compute_output_shape(self.backbone.compute_output_shape(input_shape))

    def get_compile_config(self) -> dict:
        """As Keras's, without what ties it to one backend, so that every other can load it."""
        config = super().get_compile_config()
        if config:
            config["jit_compile"] = self._jit_compile_asked  # Keras keeps its answer to "auto"
            config["optimizer"] = _portable(config.get("optimizer"))
        return config

    def compile_from_config(self, config: dict) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "head": keras.saving.serialize_keras_object(self.head),
            "augmentation": keras.saving.serialize_keras_object(self.augmentation),
            "metadata": self.metadata,
        }

    @classmethod
    def from_config(cls, config: dict) -> "Classifier":
        parts = ("backbone", "head", "augmentation")
        ready = {name: keras.saving.deserialize_keras_object(config[name]) for name in parts}
        return cls(**{**config, **ready})


class _LogProbabilities(keras.Model):
    """A view of a classifier whose `predict` gives log-probabilities."""

    def __init__(self, classifier: Classifier):
        super().__init__(name="log_probabilities")
        self.classifier = classifier

    def call(self, inputs: Tensor) -> Tensor:
        return self.classifier.log_prob(inputs)


def _portable(optimizer: object) -> object:
    """A serialised optimizer, and whatever it wraps (loss scaling does), by its public name."""
    if not (isinstance(optimizer, dict) and "class_name" in optimizer):
        return optimizer
    if str(optimizer["module"]).startswith(_PRIVATE_OPTIMIZERS):
        name = optimizer["class_name"]
        optimizer = {**optimizer, "module": "keras.optimizers", "registered_name": name}
    settings = {name: _portable(value) for name, value in optimizer["config"].items()}
    return {**optimizer, "config": settings}


def _is_step_output(y_pred: Tensor | dict) -> bool:
    return isinstance(y_pred, dict) and "features" in y_pred
