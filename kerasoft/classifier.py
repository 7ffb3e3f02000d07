"""A backbone and a head as one model that trains with the head's own loss."""

import threading
import warnings
from collections.abc import Callable, Mapping
from contextlib import contextmanager

import keras
import numpy as np
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.head import Head
from kerasoft.losses.classification_loss import Reduction, aligned
from kerasoft.ops.precision import Tensor
from kerasoft.ops.vjp import vjp

_OPTIONS_WITHOUT_ROWS = (
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "gradient_accumulation_steps",
)
_PRIVATE_OPTIMIZERS = "keras.src.backend."  # where a backend's own optimizer subclass lives


@keras.saving.register_keras_serializable(package="kerasoft")
class Classifier(keras.Model):
    """Images (or anything else) to class probabilities; the loss always comes from the head.

    `fit`, `evaluate`, `predict` and `save` are those of any Keras model. There is no loss to
    choose: `compile` takes an optimizer and metrics, and naming a loss is an error, because a
    second softmax inside the loss is the most common way to ruin a classifier.

    Within a training or evaluation step the model hands the features on, not the probabilities, so
    that the head computes its loss from them at its own cost and precision; only metrics, where
    there are any, ask for the full distribution (without noise). With heads that never hold a score
    for every class in training, they do so in evaluation only, unless `compile` asks for more.

    Args:
        backbone: a Keras model or layer from inputs to features (..., D).
        head: a `kerasoft.heads.Head`.
        augmentation: a Keras layer that changes inputs while training only, or None.
        metadata: JSON-serialisable facts that travel with the saved model (such as its data set and
            class names).
        mixing: what mixes the inputs of each training step with each other (after augmentation), as
            `kerasoft.augmentation.MixUp` does, or None. The loss is then that of each input's own
            label and that of its partner's, by their shares. Each label counts with the sample
            weight of the example it came with, and not at all if it is to be ignored. Training
            metrics compare with the input's own label.
        **kwargs: as in every Keras model.

    Raises:
        InvalidArgumentError: if `head` is no `Head`, `augmentation` cannot be called, or `mixing`
            has no method `mix`.

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
        mixing: keras.layers.Layer | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(head, Head):
            raise InvalidArgumentError("`head` must be a kerasoft.heads.Head.", head=head)
        if augmentation is not None and not callable(augmentation):
            raise InvalidArgumentError(
                "`augmentation` must be a layer such as kerasoft.augmentation.RandomFlip.",
                augmentation=augmentation,
            )
        if mixing is not None and not hasattr(mixing, "mix"):
            raise InvalidArgumentError(
                "`mixing` must be a layer such as kerasoft.augmentation.MixUp.", mixing=mixing
            )
        self.backbone = backbone
        self.head = head
        self.augmentation = augmentation
        self.metadata = dict(metadata or {})
        self.mixing = mixing
        self._current = threading.local()  # replicas trace their steps in threads of their own
        self._metrics_wanted = {"train": False, "test": False}
        self._metrics_begun = False
        self._reduction = Reduction()

    def build(self, input_shape: tuple) -> None:
        if not self.backbone.built:
            self.backbone.build(input_shape)
        if not self.head.built:
            self.head.build(self.backbone.compute_output_shape(input_shape))

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        if training and self.augmentation is not None:
            inputs = self.augmentation(inputs, training=True)
        mixed = {}
        if training and self.mixing is not None and self._step_kind == "train":
            inputs, partners, shares = self.mixing.mix(inputs, training=True)
            mixed = {"partners": partners, "shares": shares}
        features = self.backbone(inputs, training=training)
        if self._step_kind is None:
            return self.head(features, training=training and not self.head.updates_rows)
        output = {"features": features, **mixed}
        if self._metrics_wanted[self._step_kind]:
            output["probabilities"] = self.head(ops.stop_gradient(features), training=False)
        return output

    def log_prob(self, inputs: Tensor) -> Tensor:
        """Inputs to float32 log-probabilities (..., C), where nothing underflows."""
        return self.head.log_prob(self.backbone(inputs, training=False))

    def predict_log_prob(
        self, x: np.ndarray, batch_size: int = 256, verbose: int | str = 0
    ) -> np.ndarray:
        """`predict`, but float32 log-probabilities (N, C) instead of probabilities."""
        return _Answers(self, self.log_prob).predict(x, batch_size=batch_size, verbose=verbose)

    def predict_top_k(
        self, x: np.ndarray, k: int = 5, batch_size: int = 256, verbose: int | str = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """`predict`, but only the k most probable classes, by the head's `top_k`.

        Returns:
            float32 log-probabilities (N, k), falling, and int32 class ids (N, k).

        Raises:
            InvalidArgumentError: if `k` is not an integer between 1 and the number of classes.
        """
        self.head.check_k(k)

        def best(inputs: Tensor) -> tuple[Tensor, Tensor]:
            log_probs, ids = self.head.top_k(self.backbone(inputs, training=False), k)
            return log_probs, ops.cast(ids, "int32")

        return _Answers(self, best).predict(x, batch_size=batch_size, verbose=verbose)

    def compile(
        self,
        optimizer: str | keras.optimizers.Optimizer = "adam",
        loss: None = None,
        metrics: list | None = None,
        training_metrics: bool | None = None,
        jit_compile: str | bool = "auto",
        **kwargs,
    ) -> None:
        """Configures training, as in Keras but for the loss.

        Args:
            optimizer: a Keras optimizer or its name.
            loss: must be None: the head brings its own.
            metrics: Keras metrics over probabilities; nothing if empty; if None `["accuracy"]`, or
                nothing where examples have several labels.
            training_metrics: whether training steps compute them as well as evaluation does. None
                says no where the head trains without holding a score for every class, else yes.
            jit_compile, **kwargs: as in `keras.Model.compile`.

        Raises:
            InvalidArgumentError: if a loss is given, or, where the head updates rows by itself, an
                optimizer with an option that would not reach them, TensorFlow replicas, each of
                which would update rows of its own, or inputs that are mixed.
        """
        if loss is not None or kwargs.get("loss_weights") is not None:
            raise InvalidArgumentError(
                "A Classifier trains with its head's own loss; a loss given to compile() would "
                "apply softmax a second time to what is a distribution already. Leave it out.",
                loss=loss,
            )
        if self.head.updates_rows:
            self._refuse_replicas()
            self._refuse_mixing()
            _refuse_options_without_rows(optimizer)
        if metrics is None:  # what is right for several labels, Keras has no name for
            metrics = ["accuracy"] if self.head.num_true == 1 else []
        wanted = bool(metrics or kwargs.get("weighted_metrics"))
        in_training = training_metrics
        if in_training is None:
            in_training = self.head.holds_all_scores
        self._metrics_wanted = {"train": wanted and in_training, "test": wanted}
        self._metrics_begun = False  # before that TensorFlow has not even built them
        self._asked = {"jit_compile": jit_compile, "training_metrics": training_metrics}
        super().compile(optimizer=optimizer, metrics=metrics, jit_compile=jit_compile, **kwargs)

    @property
    def may_compile_steps(self) -> bool:
        """Whether `compile` was asked to compile steps, or left that to the backend."""
        return self._asked["jit_compile"] is not False

    def _refuse_replicas(self) -> None:
        strategy = getattr(self, "distribute_strategy", None)  # TensorFlow's models have one
        replicas = getattr(strategy, "num_replicas_in_sync", 1)
        if replicas > 1:
            raise InvalidArgumentError(
                "Replicas would each update rows of their own. Train on one device, or use "
                "row_optimizer=None.",
                num_replicas=replicas,
            )

    def _refuse_mixing(self) -> None:
        if self.mixing is not None:
            raise InvalidArgumentError(
                "A head that updates its rows by itself cannot train with mixed inputs yet. Leave "
                "`mixing` out, or use row_optimizer=None.",
                mixing=self.mixing,
            )

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
        weights = self._example_weights(features, y, sample_weight)

        def mean(values: Tensor) -> Tensor:
            return self._reduction(values, features, weights)

        if self._step_kind == "train" and self.head.updates_rows:
            none = ops.zeros_like(features[..., 0], dtype="float32")
            (upstream,) = vjp(mean, [none], ops.ones(()))
            loss = mean(self.head.update(features, y, upstream))
        elif "shares" in y_pred:
            loss = self._mixed_loss(y_pred, y, weights)
        else:
            loss = self.head.mean_loss(features, y, mean, training=training)
        return loss + sum(ops.sum(extra) for extra in self.losses)

    def _mixed_loss(self, y_pred: dict, labels: Tensor, weights: Tensor | None) -> Tensor:
        """The mean loss where each input is partly another, with labels and weights of its own."""
        features, partners, shares = y_pred["features"], y_pred["partners"], y_pred["shares"]

        def part(labels: Tensor, weights: Tensor | None, shares: Tensor) -> Tensor:
            def mean(values: Tensor) -> Tensor:
                weighted = aligned(shares, values)
                if weights is not None:
                    weighted = weighted * aligned(ops.cast(weights, "float32"), values)
                return self._reduction(values, features, weighted)

            return self.head.mean_loss(features, labels, mean, training=True)

        theirs = None if weights is None else ops.take(weights, partners, axis=0)
        return part(labels, weights, shares) + part(
            ops.take(labels, partners, axis=0), theirs, 1.0 - shares
        )

    def _example_weights(
        self, features: Tensor, labels: Tensor, sample_weight: Tensor | None
    ) -> Tensor | None:
        """The sample weights, such that the mean is one over the examples that count."""
        kept = self.head.kept(features, self.head.standardized(features, labels))
        if kept is None:
            return sample_weight
        kept = ops.cast(kept, "float32")
        share = self._reduction(kept, features)
        weights = kept / ops.where(share == 0, 1.0, share)
        if sample_weight is None:
            return weights
        return weights * aligned(ops.cast(sample_weight, "float32"), weights)

    def compute_metrics(
        self, x: Tensor, y: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> dict:
        if _is_step_output(y_pred):
            if self._step_kind and not self._metrics_wanted[self._step_kind]:
                return self._loss_alone()
            y_pred = y_pred.get("probabilities")
        self._metrics_begun = True
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def get_metrics_result(self) -> dict:
        return super().get_metrics_result() if self._metrics_begun else self._loss_alone()

    def _loss_alone(self) -> dict:
        """The result of a step that computes no other metric: Keras keeps the loss first."""
        return {"loss": self.metrics[0].result()}

    def fit(self, x=None, y=None, *arguments, **options) -> keras.callbacks.History:
        """As in Keras; class ids that are none raise, where labels come as arrays.

        Raises:
            InvalidArgumentError: if arrays come without labels, or a label is no class. (In labels
                that come from a data set or a generator it makes the loss NaN.)
        """
        if self.head.num_true > 1 and options.get("class_weight") is not None:
            raise InvalidArgumentError(
                "`class_weight` is for examples of one label each; give sample weights.",
                num_true=self.head.num_true,
            )
        self._check_labels(x, y)
        validation = options.get("validation_data")
        if isinstance(validation, (tuple, list)):
            self._check_labels(*validation[:2])
        return super().fit(x, y, *arguments, **options)

    def evaluate(self, x=None, y=None, *arguments, **options):
        """As in Keras; labels are looked at as in `fit`."""
        self._check_labels(x, y)
        return super().evaluate(x, y, *arguments, **options)

    def _check_labels(self, x: object, y: object) -> None:
        if y is None and hasattr(x, "shape"):
            raise InvalidArgumentError("`y` must hold the labels of `x`.", y=None)
        if hasattr(y, "shape") or isinstance(y, (tuple, list)):
            self.head.check_labels(ops.convert_to_numpy(y))

    def train_step(self, *args):  # (state, data) on JAX, (data) elsewhere
        with self._step("train"):
            return super().train_step(*args)

    def test_step(self, *args):
        with self._step("test"):
            return super().test_step(*args)

    @property
    def _step_kind(self) -> str | None:
        """ "train" or "test" within a step."""
        return getattr(self._current, "kind", None)

    @contextmanager
    def _step(self, kind: str):
        self._current.kind = kind
        try:
            with warnings.catch_warnings():
                if self.head.updates_rows:  # then something is trained all the same
                    warnings.filterwarnings("ignore", message=".*not have any trainable weights")
                yield
        finally:
            self._current.kind = None

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return self.head.compute_output_shape(self.backbone.compute_output_shape(input_shape))

    def get_compile_config(self) -> dict:
        """As Keras's, without what ties it to one backend, so that every other can load it."""
        config = super().get_compile_config()
        if config:
            config.update(self._asked)  # Keras keeps its answer to "auto"
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
            "mixing": keras.saving.serialize_keras_object(self.mixing),
        }

    @classmethod
    def from_config(cls, config: dict) -> "Classifier":
        parts = ("backbone", "head", "augmentation", "mixing")
        ready = {name: keras.saving.deserialize_keras_object(config.get(name)) for name in parts}
        return cls(**{**config, **ready})


class _Answers(keras.Model):
    """A view of a classifier whose `predict` gives what `answer` makes of inputs."""

    def __init__(
        self, classifier: Classifier, answer: Callable[[Tensor], Tensor | tuple[Tensor, ...]]
    ):
        super().__init__(name="answers")
        self.classifier = classifier  # so that JAX gets its weights as arguments, not as constants
        self.answer = answer
        self.built = True  # and without build(), which Keras would look for and miss

    def call(self, inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self.answer(inputs)


def _refuse_options_without_rows(optimizer: str | keras.optimizers.Optimizer) -> None:
    """Raises where the model's optimizer has an option that row updates would pass by."""
    optimizer = keras.optimizers.get(optimizer)
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    for option in _OPTIONS_WITHOUT_ROWS:
        value = getattr(optimizer, option, None)
        if value:
            raise InvalidArgumentError(
                f"The head updates its rows by its own `row_optimizer`, which {option} of the "
                "model's optimizer does not reach. Leave it out, or use row_optimizer=None.",
                **{option: value},
            )


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
