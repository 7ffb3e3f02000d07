"""Hierarchical softmax: a class is a way down a tree, and only that way is computed to train it."""

import math
from collections.abc import Sequence

import keras
from keras import ops

from kerasoft.heads import trees
from kerasoft.heads.complexity import Complexity
from kerasoft.heads.label_head import flat
from kerasoft.heads.row_head import RowHead
from kerasoft.heads.rows import RowOptimizer, read_rows
from kerasoft.heads.tree_search import best_leaves
from kerasoft.ops.linear_scores import linear_scores
from kerasoft.ops.precision import Tensor

_WORTH = 32  # a row that is gathered costs as much as so many in one matrix product


@keras.saving.register_keras_serializable(package="kerasoft")
class HierarchicalSoftmax(RowHead):
    """The probability of a class is the product of the decisions on its path from the root.

        p(class) = product over the path of P(child | node)

    A node of two children is one logistic decision, sigmoid(+-(f . w + b)), and owns one row w of
    the class embeddings. A node of k >= 3 children is a softmax over k rows. A node of one child
    decides nothing. These are probabilities of one distribution over exactly C classes, whatever
    the tree; the tree decides what a training example costs and which classes are learned together.

    Trees:
        "balanced": binary, of depth ceil(log2 C). Neighbouring class ids share most of their path,
            so an order of the ids in which similar classes are neighbours is learned more easily.
        "huffman": binary, from class counts: the mean depth over examples that follow the counts is
            the least possible, below their entropy in bits + 1. Rare classes lie deeper than in the
            balanced tree: where all counts are positive, up to 1.44 log2(sum / least) + 1.
        "cifar100": the 20 superclasses of CIFAR-100 with 5 classes each.
        nested lists of class ids, such as [[0, 1], [2, [3, 4, 5]]]: any depth and branching;
            `taxonomy` makes one from superclasses.

    A path takes the same number S of rows for every class, those of the largest decision on each
    level: the depth in a binary tree, 20 + 5 in "cifar100". Of the rows a path does not need, none
    is changed.

    Args:
        num_classes: number of classes C.
        tree: "balanced", "huffman", "cifar100" or nested lists of class ids.
        counts: with "huffman", C numbers, how often each class occurs: finite, not negative, not
            all 0. Classes of count 0 are leaves of a balanced subtree. Kept in the config.
        use_bias: whether to add one learned number a row.
        kernel_initializer: initializer of the class embeddings.
        row_optimizer: as in `RowHead`: with one, a training step touches S rows an example and no
            others.
        ignore_class: as in every head.
        **kwargs: as in every Keras layer.

    Weights:
        class_embeddings (num_rows, D) and bias (num_rows,); C - 1 rows in a binary tree. Trees
        other than "balanced" also keep two to five int32 vectors of O(C) numbers; none trains.

    Raises:
        InvalidArgumentError: if the tree is unknown, or misses or repeats a class, or names
            something else or has an empty list; if `counts` are missing, not needed or not allowed.

    Complexity: loss O(S D) an example, which is O(D log C) in a balanced tree; `log_prob` O(C D).
    `top_k` reads O(k * arity) rows a level where a search finds the best classes for certain, and
    every row where it does not or where the tree is too small for a search to pay.

    References:
        Goodman, "Classes for Fast Maximum Entropy Training", ICASSP 2001.
        Morin and Bengio, "Hierarchical Probabilistic Neural Network Language Model", AISTATS 2005.
        Mikolov, Sutskever, Chen, Corrado and Dean, "Distributed Representations of Words and
        Phrases and their Compositionality", NeurIPS 2013 (Huffman's tree).
    """

    def __init__(
        self,
        num_classes: int,
        tree: str | list = "balanced",
        counts: Sequence[float] | None = None,
        use_bias: bool = True,
        kernel_initializer: str | keras.initializers.Initializer = "glorot_uniform",
        row_optimizer: str | RowOptimizer | None = None,
        **kwargs,
    ):
        super().__init__(
            num_classes,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            row_optimizer=row_optimizer,
            **kwargs,
        )
        self._tree = trees.get(tree, self.num_classes, counts)

    @property
    def tree(self) -> str | list:
        """The name or the nested lists that the tree was made from."""
        given = self._tree.given
        return given if isinstance(given, str) else trees.plain(given)

    @property
    def num_rows(self) -> int:
        return self._tree.num_rows

    @property
    def complexity(self) -> Complexity:
        rows = "log C" if self.tree == "balanced" else str(self._tree.slots.size)
        return Complexity(training=f"O(D {rows})", inference="O(C D)", parameters="O(C D)")

    def build(self, features_shape: tuple) -> None:
        super().build(features_shape)
        self._arrays = {
            name: self.add_weight(
                shape=numbers.shape,
                # No assignment after: Keras forgets those where it builds a model symbolically.
                initializer=lambda shape, dtype, numbers=numbers: ops.convert_to_tensor(
                    numbers, dtype=dtype
                ),
                dtype="int",  # TensorFlow keeps int32 variables off the GPU
                trainable=False,
                name=f"tree_{name}",
            )
            for name, numbers in self._tree.arrays.items()
        }

    def plan(self, ids: Tensor, training: bool | None) -> trees.Path:
        return self._tree.path(ids, self._tensors())

    def row_loss(
        self, features: Tensor, embeddings: Tensor, biases: Tensor, plan: trees.Path
    ) -> Tensor:
        slots = self._tree.slots
        embeddings = ops.reshape(embeddings, (-1, slots.size, embeddings.shape[-1]))
        rows, biases = (ops.reshape(x, (-1, slots.size)) for x in (plan.rows, biases))
        scores = self._products(features, embeddings) + ops.cast(biases, "float32")
        return trees.path_loss(slots, scores, rows >= 0, plan.targets)

    def log_prob(self, features: Tensor, training: bool | None = False) -> Tensor:
        if not self.built:
            self.build(features.shape)
        log_probs = self._tree.log_probs(self._scores(flat(features)), self._tensors())
        return ops.reshape(log_probs, (*ops.shape(features)[:-1], self.num_classes))

    def top_k(self, features: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
        """The k most probable classes, as `Head.top_k` gives them, exactly.

        Where the tree is large, this walks down it with the best nodes only, as long as that is
        certain to find the best classes of every example; otherwise every class is looked at.
        On JAX it belongs within `jax.jit`.

        Raises:
            InvalidArgumentError: if `k` is not an integer between 1 and `num_classes`.
        """
        self.check_k(k)
        if not self._search_pays(k):
            return super().top_k(features, k)
        if not self.built:
            self.build(features.shape)
        shape = (*ops.shape(features)[:-1], int(k))
        features = flat(features)
        *found, certain = best_leaves(
            self._tree,
            self._tensors(),
            lambda rows: self._scores_of(features, rows),
            count=ops.shape(features)[0],
            k=int(k),
            width=_width(k),
        )
        best = ops.cond(certain, lambda: tuple(found), lambda: self._full_top_k(features, int(k)))
        return tuple(ops.reshape(x, shape) for x in best)

    def _search_pays(self, k: int) -> bool:
        """Whether a search reads so many fewer rows that it is worth to gather them."""
        arity = self._tree.arity if self._tree.slots.wide else 1
        if self._tree.depth == 0:
            return False
        return _WORTH * _width(k) * arity * self._tree.depth < self._tree.num_rows

    def _full_top_k(self, features: Tensor, k: int) -> tuple[Tensor, Tensor]:
        log_probs, ids = super().top_k(features, k)
        return log_probs, ops.cast(ids, "int32")

    def _scores(self, features: Tensor) -> Tensor:
        """Features (N, D) to float32 scores (N, num_rows) of all rows."""
        bias = self.bias if self.use_bias else None
        return linear_scores(features, self.class_embeddings, bias, self.compute_dtype)

    def _scores_of(self, features: Tensor, rows: Tensor) -> Tensor:
        """Features (N, D) to float32 scores of rows (N, ..., width)."""
        flat_rows = ops.reshape(rows, (-1,))
        embeddings = read_rows(self.class_embeddings, flat_rows)
        per_example = math.prod(rows.shape[1:])
        embeddings = ops.reshape(embeddings, (-1, per_example, embeddings.shape[-1]))
        scores = ops.reshape(self._products(features, embeddings), ops.shape(rows))
        if self.use_bias:
            biases = read_rows(self.bias, flat_rows)
            scores = scores + ops.reshape(ops.cast(biases, "float32"), ops.shape(rows))
        return scores

    def _products(self, features: Tensor, embeddings: Tensor) -> Tensor:
        """Features (N, D) and embeddings (N, S, D) to float32 products (N, S)."""
        features = ops.cast(features, self.compute_dtype)[..., None]
        products = ops.matmul(ops.cast(embeddings, self.compute_dtype), features)
        return ops.cast(ops.squeeze(products, -1), "float32")

    def _tensors(self) -> dict[str, Tensor]:
        return {name: ops.convert_to_tensor(array) for name, array in self._arrays.items()}

    def get_config(self) -> dict:
        counts = self._tree.counts
        config = {"tree": self.tree, "counts": None if counts is None else counts.tolist()}
        return {**super().get_config(), **config}


def _width(k: int) -> int:
    """How many nodes a search for the k best classes keeps: more are dropped less regrettably."""
    return max(32, 8 * int(k))
