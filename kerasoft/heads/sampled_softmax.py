"""The sampled head: training scores the labels and a few other classes."""

from collections.abc import Sequence
from numbers import Integral
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.complexity import Complexity
from kerasoft.heads.row_head import RowHead
from kerasoft.heads.rows import RowOptimizer
from kerasoft.heads.samplers import UNIT, Sampler, class_distribution
from kerasoft.heads.several_labels import SeveralLabels
from kerasoft.ops.chunked_top_k import chunked_top_k
from kerasoft.ops.linear_cross_entropy import linear_cross_entropy
from kerasoft.ops.linear_scores import classes_at_a_time, linear_scores
from kerasoft.ops.precision import Tensor
from kerasoft.ops.sampled_cross_entropy import sampled_cross_entropy
from kerasoft.ops.softmax import log_softmax

_DEFAULT_SAMPLES = 1024
_CHUNK_SCORES = 2**24  # 64 MB of float32


class SampledPlan(NamedTuple):
    """The classes of a step: N T labels, then S candidates that all examples share.

    Attributes:
        rows: int32 (N T + S,), with -1 for ignored labels and for candidates drawn twice.
        true_log_counts: float32 (N, T), the log of how often a draw has the label.
        sampled_log_counts: float32 (S,), the same of the candidates.
    """

    rows: Tensor
    true_log_counts: Tensor
    sampled_log_counts: Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class SampledSoftmax(SeveralLabels, RowHead):
    """Softmax over all classes, trained on the labels and a fresh sample of S other classes.

        s_k = features . class_embeddings_k + bias_k
        training:   loss = -log softmax([s_y - log pi_y, (s_k - log pi_k) for k sampled])_y
        otherwise:  loss = -log softmax(s)_y

    All examples of a step share the sample: distinct classes, S of them or a few less where one is
    drawn twice and counts once (see `Strata`). pi_k is the exact probability that class k is in
    the sample, so that classes often sampled do not weigh more. The gradient of the training loss
    is biased, the less the larger S; with S = C, the default up to 1024 classes, it is that of the
    full softmax.

    Products are made in the compute dtype and go on in float32. Outside training the loss and
    `top_k` pass over the classes in chunks, so that memory stays bounded.

    Args:
        num_classes: number of classes C.
        num_sampled: classes to sample each step, S, from 1 to C; min(C, 1024) if None.
        sampler: "log_uniform" (class ids by falling frequency), "uniform", "unigram" (from
            `counts`), or C positive numbers to sample in proportion to.
        counts: how often each class occurs, for "unigram". A class never seen counts as seen once.
        num_true: true classes of each example, T. Above 1, labels are class ids (..., T), each
            with a target of 1 / T.
        remove_accidental_hits: whether a sampled class that is a label of an example takes no part
            as a negative in that example's loss.
        chunk_size: classes that evaluation scores at a time; if None, as many as make 64 MB of
            scores.
        use_bias: whether to add one learned number a class.
        kernel_initializer: initializer of the class embeddings.
        row_optimizer: None, or what updates only the rows of a step: see `RowHead`.
        seed: an integer to repeat a run's samples, or None.
        **kwargs: as in every head.

    Weights:
        class_embeddings (C, D) and bias (C,); the sampler's tables of O(C) numbers, not trained.

    Raises:
        InvalidArgumentError: if an argument is not allowed.

    References:
        Bengio & Senécal, "Adaptive importance sampling to accelerate training of a neural
        probabilistic language model", IEEE Transactions on Neural Networks 2008;
        Jean et al., "On using very large target vocabulary for neural machine translation", ACL
        2015; Madow, "On the theory of systematic sampling, II", Annals of Mathematical Statistics
        1949.
    """

    def __init__(
        self,
        num_classes: int,
        num_sampled: int | None = None,
        sampler: str | Sequence[float] = "log_uniform",
        counts: Sequence[float] | None = None,
        num_true: int = 1,
        remove_accidental_hits: bool = True,
        chunk_size: int | None = None,
        use_bias: bool = True,
        kernel_initializer: str | keras.initializers.Initializer = "glorot_uniform",
        row_optimizer: str | RowOptimizer | None = None,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(num_classes, use_bias, kernel_initializer, row_optimizer, **kwargs)
        weights = class_distribution(sampler, self.num_classes, counts)
        self.distribution = sampler if isinstance(sampler, str) else np.array(sampler, "float64")
        self.counts = None if counts is None else np.array(counts, "float64")
        if num_sampled is None:
            num_sampled = min(self.num_classes, _DEFAULT_SAMPLES)
        fewest = -(-self.num_classes // UNIT)
        self.num_sampled = _integer("num_sampled", num_sampled, fewest, self.num_classes)
        self.num_true = _integer("num_true", num_true, 1, self.num_classes)
        self.remove_accidental_hits = remove_accidental_hits
        self.chunk_size = None if chunk_size is None else _integer("chunk_size", chunk_size, 1)
        self.seed = seed
        self.sampler = Sampler(weights, self.num_sampled, seed, name="sampler")

    @property
    def complexity(self) -> Complexity:
        return Complexity(training="O(D S + S log C)", inference="O(C D)", parameters="O(C D)")

    @property
    def num_rows(self) -> int:
        return self.num_classes

    def build(self, features_shape: tuple) -> None:
        super().build(features_shape)
        self.sampler.build()

    def plan(self, ids: Tensor, training: bool | None) -> SampledPlan:
        candidates = self.sampler.draw()
        labels = ops.reshape(ids, (-1, self.num_true))
        return SampledPlan(
            ops.concatenate([ids, candidates], axis=0),
            self.sampler.log_expected_count(ops.maximum(labels, 0)),
            self.sampler.log_expected_count(ops.maximum(candidates, 0)),
        )

    def row_loss(
        self, features: Tensor, embeddings: Tensor, biases: Tensor, plan: SampledPlan
    ) -> Tensor:
        sampled = slice(-self.num_sampled, None)
        scores = linear_scores(features, embeddings[sampled], biases[sampled], self.compute_dtype)
        return sampled_cross_entropy(
            self._true_scores(features, embeddings, biases) - plan.true_log_counts,
            scores - plan.sampled_log_counts,
            self._removed(plan.rows),
        )

    def _true_scores(self, features: Tensor, embeddings: Tensor, biases: Tensor) -> Tensor:
        """The scores (N, T) of each example's own labels."""
        labels = slice(None, -self.num_sampled)
        shape = (-1, self.num_true, features.shape[-1])
        own = self._rounded(ops.reshape(embeddings[labels], shape))
        scores = ops.sum(self._rounded(features)[:, None, :] * own, axis=-1)
        return scores + ops.reshape(ops.cast(biases[labels], "float32"), (-1, self.num_true))

    def _rounded(self, x: Tensor) -> Tensor:
        """Factors as the compute dtype has them; products of them are exact in float32."""
        return ops.cast(ops.cast(x, self.compute_dtype), "float32")

    def _removed(self, rows: Tensor) -> Tensor:
        """Which candidates (N, S) take no part: drawn twice, or a label of the example."""
        labels, candidates = rows[: -self.num_sampled], rows[-self.num_sampled :]
        removed = ops.expand_dims(candidates < 0, 0)
        labels = ops.reshape(labels, (-1, self.num_true, 1))
        if not self.remove_accidental_hits:
            return ops.logical_or(removed, ops.zeros_like(labels[:, 0], dtype="bool"))
        return ops.logical_or(removed, ops.any(labels == candidates, axis=1))

    def label_loss(self, features: Tensor, ids: Tensor, training: bool | None) -> Tensor:
        if training:
            return super().label_loss(features, ids, training)
        ids = ops.reshape(ids, (-1, self.num_true))
        shares = ops.full_like(ids, 1.0 / self.num_true, dtype="float32")
        features, size = ops.cast(features, self.compute_dtype), self._chunk_size(features)
        embeddings, biases = self._classes()
        return linear_cross_entropy(
            features, embeddings, (ids, shares), biases, reduction=None, chunk_size=size
        )

    def log_prob(self, features: Tensor, training: bool | None = False) -> Tensor:
        if not self.built:
            self.build(features.shape)
        return log_softmax(linear_scores(features, *self._classes(), self.compute_dtype))

    def top_k(self, features: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
        size = self._chunk_size(features)
        if size >= self.num_classes:
            return super().top_k(features, k)
        k = _integer("k", k, 1, self.num_classes)
        if not self.built:
            self.build(features.shape)
        return chunked_top_k(features, *self._classes(), k, size, self.compute_dtype)

    def _classes(self) -> tuple[Tensor, Tensor | None]:
        """All embeddings (C, D) and biases (C,), read once."""
        embeddings = ops.convert_to_tensor(self.class_embeddings)
        return embeddings, ops.convert_to_tensor(self.bias) if self.use_bias else None

    def _chunk_size(self, features: Tensor) -> int:
        if self.chunk_size is not None:
            return self.chunk_size
        return classes_at_a_time(features.shape[:-1], _CHUNK_SCORES)

    def get_config(self) -> dict:
        named = isinstance(self.distribution, str)
        config = {
            "num_sampled": self.num_sampled,
            "sampler": self.distribution if named else self.distribution.tolist(),
            "counts": None if self.counts is None else self.counts.tolist(),
            "num_true": self.num_true,
            "remove_accidental_hits": self.remove_accidental_hits,
            "chunk_size": self.chunk_size,
            "seed": self.seed,
        }
        return {**super().get_config(), **config}


def _integer(name: str, value: int, lowest: int, highest: int | None = None) -> int:
    integer = isinstance(value, Integral) and not isinstance(value, bool)
    if not integer or value < lowest or (highest is not None and value > highest):
        allowed = f"between {lowest} and {highest}" if highest else f"of at least {lowest}"
        raise InvalidArgumentError(f"`{name}` must be an integer {allowed}.", **{name: value})
    return int(value)
