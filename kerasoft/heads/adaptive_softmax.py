"""The adaptive head: rare classes share a logit, and have small embeddings of their own."""

from collections.abc import Sequence
from functools import partial

import keras
import numpy as np
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.heads import cutoffs as divisions
from kerasoft.heads.complexity import Complexity
from kerasoft.heads.label_head import LabelHead
from kerasoft.heads.rows import draw_rows
from kerasoft.ops.linear_scores import linear_scores
from kerasoft.ops.masked_linear_cross_entropy import masked_linear_cross_entropy
from kerasoft.ops.precision import Tensor
from kerasoft.ops.softmax import log_softmax


@keras.saving.register_keras_serializable(package="kerasoft")
class AdaptiveSoftmax(LabelHead):
    """Softmax in two steps: a short list of frequent classes or a cluster; then within the cluster.

        log p(c) = log softmax(head)_c                                         in the short list
        log p(c) = log softmax(head)_(short list + i) + log softmax(tail i)_c  in cluster i

        head = features . head_embeddings^T (+ bias)
        tail i = (features . projection_i^T) . embeddings_i^T

    Exact: a distribution over all classes, whose loss is its own -log p. An example costs the head,
    and its label's cluster if it has one: the rarer the classes, the fewer examples and the fewer
    dimensions a score there has.

    Args:
        num_classes: number of classes C.
        cutoffs: ranks at which the clusters start, increasing integers from 1 to C - 1; classes
            below the first are the short list, and no cutoffs at all make a plain softmax. "auto"
            takes what `kerasoft.heads.cutoffs.least_cost` estimates to be fastest, when built.
        div_value: cluster i has D // div_value^(i + 1) dimensions, i = 0, 1, ...
        head_bias: whether the head adds one learned number to each of its scores.
        counts: how often each class occurs, C numbers in any unit; the head then ranks the classes
            itself. Without them a class id is its rank, 0 for the most frequent class, and "auto"
            takes frequencies to fall as 1 / (rank + 1).
        kernel_initializer: initializer of the embeddings and projections.
        ignore_class: as in every head.
        **kwargs: as in every Keras layer.

    Weights:
        head_embeddings (short list + clusters, D), head_bias (short list + clusters,);
        tail_i_projection (d_i, D) and tail_i_embeddings (n_i, d_i) for each cluster; and with
        counts, not trained, ranks (C,).

    Raises:
        InvalidArgumentError: if an argument is not allowed; when built, if `div_value` leaves a
            cluster without dimensions.

    References:
        Grave, Joulin, Cissé, Grangier and Jégou, "Efficient softmax approximation for GPUs", ICML
        2017, arXiv:1609.04309. Parametrised as `torch.nn.AdaptiveLogSoftmaxWithLoss`.
    """

    def __init__(
        self,
        num_classes: int,
        cutoffs: str | Sequence[int] = "auto",
        div_value: float = 4.0,
        head_bias: bool = False,
        counts: Sequence[float] | None = None,
        kernel_initializer: str | keras.initializers.Initializer = "glorot_uniform",
        ignore_class: int | None = None,
        **kwargs,
    ):
        super().__init__(num_classes, ignore_class=ignore_class, **kwargs)
        self._cutoffs = divisions.check_cutoffs(cutoffs, self.num_classes)
        self._counts = divisions.check_counts(counts, self.num_classes)
        self.div_value = divisions.check_div_value(div_value)
        self.head_bias = head_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    @property
    def cutoffs(self) -> str | list[int]:
        """Ranks at which the clusters start; "auto" until built."""
        return self._cutoffs if isinstance(self._cutoffs, str) else list(self._cutoffs)

    @property
    def complexity(self) -> Complexity:
        """H: short list and clusters; p_i, n_i, d_i: probability, classes, dimensions of one."""
        return Complexity(
            training="O(D (H + sum_i d_i) + sum_i p_i n_i d_i)",
            inference="O(D (H + sum_i d_i) + sum_i n_i d_i)",
            parameters="O(D (H + sum_i d_i) + sum_i n_i d_i)",
        )

    def build(self, features_shape: tuple) -> None:
        dimensions = features_shape[-1]
        if self._cutoffs == "auto":
            frequencies = divisions.Frequencies(self.num_classes, self._counts)
            self._cutoffs = divisions.least_cost(frequencies, dimensions, self.div_value)
        sizes = self._tail_dimensions(dimensions)
        self._edges = [*self._cutoffs, self.num_classes]
        logits = self._edges[0] + len(sizes)
        self._head_embeddings = self._table("head_embeddings", logits, dimensions)
        if self.head_bias:
            self._bias = self.add_weight(
                shape=(logits,), initializer="zeros", autocast=False, name="head_bias"
            )
        self._tails = []
        for i, size in enumerate(sizes):
            classes = self._edges[i + 1] - self._edges[i]
            projection = self._table(f"tail_{i}_projection", size, dimensions)
            self._tails.append((projection, self._table(f"tail_{i}_embeddings", classes, size)))
        self._ranks = None if self._counts is None else self._add_ranks()

    def label_loss(self, features: Tensor, ids: Tensor, training: bool | None) -> Tensor:
        features = ops.cast(features, self.compute_dtype)
        ranks = self._ranks_of(ids)
        values = self._head_loss(features, ranks)
        for i in range(len(self._tails)):
            start, stop = self._edges[i : i + 2]
            inside = ops.logical_and(ranks >= start, ranks < stop)
            projected, embeddings = self._tail(features, i)
            within = ops.where(inside, ranks - start, -1)
            values = values + masked_linear_cross_entropy(projected, embeddings, within)
        return values

    def log_prob(self, features: Tensor, training: bool | None = False) -> Tensor:
        if not self.built:
            self.build(features.shape)
        features = ops.cast(features, self.compute_dtype)
        head = log_softmax(self._head_scores(features))
        parts = [head[..., : self._edges[0]]]
        for i in range(len(self._tails)):
            entry = self._edges[0] + i
            within = log_softmax(linear_scores(*self._tail(features, i), None, self.compute_dtype))
            parts.append(head[..., entry : entry + 1] + within)
        log_p = ops.concatenate(parts, axis=-1)
        return log_p if self._ranks is None else ops.take(log_p, self._ranks.value, axis=-1)

    def get_config(self) -> dict:
        config = {
            "cutoffs": self.cutoffs,
            "div_value": self.div_value,
            "head_bias": self.head_bias,
            "counts": None if self._counts is None else self._counts.tolist(),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
        return {**super().get_config(), **config}

    def _table(self, name: str, rows: int, columns: int) -> keras.Variable:
        return self.add_weight(
            shape=(rows, columns),
            initializer=partial(draw_rows, self.kernel_initializer),
            autocast=False,
            name=name,
        )

    def _add_ranks(self) -> keras.Variable:
        """The rank of each class, equal counts in the order of their ids."""
        ranks = np.empty(self.num_classes, "int32")
        ranks[np.argsort(-self._counts, kind="stable")] = np.arange(self.num_classes)
        return self.add_weight(
            shape=ranks.shape,
            initializer=lambda shape, dtype: ops.convert_to_tensor(ranks, dtype=dtype),
            dtype="int",  # TensorFlow keeps int32 variables off the GPU
            trainable=False,
            name="ranks",
        )

    def _tail_dimensions(self, dimensions: int) -> list[int]:
        clusters = len(self._cutoffs)
        sizes = divisions.tail_dimensions(dimensions, self.div_value, clusters)
        if len(sizes) < clusters:
            raise InvalidArgumentError(
                "`div_value` must leave every cluster a dimension: D // div_value^(cluster + 1) "
                "must be at least 1.",
                div_value=self.div_value,
                cluster=len(sizes),
                D=dimensions,
            )
        return sizes

    def _ranks_of(self, ids: Tensor) -> Tensor:
        """Ranks (N,) of class ids (N,); -1 stays -1."""
        if self._ranks is None:
            return ids
        ranks = ops.cast(ops.take(self._ranks.value, ops.maximum(ids, 0), axis=0), "int32")
        return ops.where(ids >= 0, ranks, -1)

    def _head_scores(self, features: Tensor) -> Tensor:
        """Features (..., D) to float32 scores (..., short list + clusters)."""
        bias = self._bias if self.head_bias else None
        return linear_scores(features, self._head_embeddings, bias, self.compute_dtype)

    def _head_loss(self, features: Tensor, ranks: Tensor) -> Tensor:
        """-log p of the class in the short list, or of its cluster."""
        entries = ops.clip(ranks, 0, self._edges[0] - 1)
        for i, start in enumerate(self._edges[:-1]):
            entries = ops.where(ranks >= start, self._edges[0] + i, entries)
        log_p = log_softmax(self._head_scores(features))
        return -ops.take_along_axis(log_p, ops.expand_dims(entries, -1), axis=-1)[:, 0]

    def _tail(self, features: Tensor, i: int) -> tuple[Tensor, Tensor]:
        """Features projected to the dimensions of cluster i, and the embeddings of its classes."""
        projection, embeddings = self._tails[i]
        # Reshaped to be a tensor: of a variable, TensorFlow wants to hear in another way.
        projection = ops.transpose(ops.cast(projection, features.dtype))
        return ops.matmul(features, projection), ops.reshape(embeddings, embeddings.shape)
