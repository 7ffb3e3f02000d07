"""Binary trees in canonical form, where a path is arithmetic on the class id."""

import numpy as np
from keras import ops

from kerasoft.heads.trees.tree import Path, Slots, Tree, binary_log_probs, constant, look_up
from kerasoft.ops.precision import Tensor


class BinaryTree(Tree):
    """The binary tree with given numbers of leaves on each level, inner nodes left of the leaves.

    On each level the inner nodes come first; those of all levels are numbered in that order and
    node i owns row i. Leaves are ranked in the same order. The two children of the b-th node of a
    level are the 2b-th and the (2b + 1)-th of the next, so that the ancestors of the b-th node are
    b >> 1, b >> 2, ... on the levels above it.

    Args:
        leaves: number of leaves on each level, from the root's.
        depths: int (C,), the level of each class, or None if class c is the c-th leaf.
    """

    def __init__(self, leaves: list[int], depths: np.ndarray | None = None):
        inner = _inner_nodes(leaves)
        self.num_classes, self.num_inner = sum(leaves), sum(inner)
        self.num_rows = max(self.num_inner, 1)
        self.depth, self.arity = len(leaves) - 1, 2
        self.slots = Slots(binary=max(self.depth, 1))
        self.arrays = {} if depths is None else _ranking(depths)
        self._inner = np.array(inner, "int32")
        self._first_inner = _before(inner)
        self._first_leaf = _before(leaves)

    def path(self, ids: Tensor, arrays: dict[str, Tensor]) -> Path:
        known = (ids >= 0)[:, None]
        rank = ops.maximum(ids, 0)
        if arrays:
            rank = look_up(arrays["rank"], rank)
        levels = ops.arange(self.slots.size, dtype="int32")
        level, at = self._place(rank[:, None])
        inside = ops.logical_and(known, levels < level)
        rows = constant(self._first_inner[: self.slots.size]) + _shifted(at, level - levels)
        bit = ops.bitwise_and(_shifted(at, level - levels - 1), 1)
        sign = 1.0 - 2.0 * ops.cast(bit, "float32")
        rows, signs = ops.where(inside, rows, -1), ops.where(inside, sign, 0.0)
        return Path(ops.reshape(rows, (-1,)), signs)

    def _place(self, rank: Tensor) -> tuple[Tensor, Tensor]:
        """The level of leaves of given ranks (N, 1), and their place on it."""
        below = ops.cast(rank >= constant(self._first_leaf[1:]), "int32")
        level = ops.cast(ops.sum(below, axis=-1, keepdims=True), "int32")
        return level, rank - ops.take(constant(self._first_leaf - self._inner), level)

    def log_probs(self, scores: Tensor, arrays: dict[str, Tensor]) -> Tensor:
        edges = binary_log_probs(scores)
        level, leaves = ops.zeros_like(scores[:, :1]), []
        for first, inner in zip(self._first_inner[:-1], self._inner[:-1], strict=True):
            if inner < level.shape[1]:
                leaves.append(level[:, inner:])
            below = level[:, :inner, None] + edges[:, first : first + inner]
            level = ops.reshape(below, (-1, 2 * int(inner)))
        by_rank = ops.concatenate([*leaves, level], axis=-1)
        return ops.take(by_rank, arrays["rank"], axis=-1) if arrays else by_rank

    def rows_below(self, nodes: Tensor, arrays: dict[str, Tensor]) -> Tensor:
        return nodes[..., None]

    def children(
        self, nodes: Tensor, scores: Tensor, level: Tensor, arrays: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        first, below_first, below_inner, below_leaf = (
            ops.take(constant(numbers), level)
            for numbers in (
                self._first_inner[:-1],
                self._first_inner[1:],
                self._inner[1:],
                self._first_leaf[1:],
            )
        )
        at = 2 * (nodes - first)[..., None] + ops.arange(2, dtype="int32")
        rank = ops.clip(below_leaf + at - below_inner, 0, self.num_classes - 1)
        classes = look_up(arrays["class"], rank) if arrays else rank
        below = ops.where(at < below_inner, below_first + at, self.num_inner + classes)
        return binary_log_probs(scores[..., 0]), below


def balanced_tree(num_classes: int) -> BinaryTree:
    """The tree of least depth, ceil(log2 C): the shallower leaves are the first classes.

    It is the heap: node i has the children 2i + 1 and 2i + 2, and class c is node C - 1 + c.
    """
    depth = (num_classes - 1).bit_length()
    if depth == 0:
        return BinaryTree([1])
    full = 2**depth
    return BinaryTree([0] * (depth - 1) + [full - num_classes, 2 * num_classes - full])


def _inner_nodes(leaves: list[int]) -> list[int]:
    """Inner nodes on each level, from the leaves there."""
    inner, nodes = [], 1
    for count in leaves:
        inner.append(nodes - count)
        nodes = 2 * inner[-1]
    return inner


def _before(counts: list[int]) -> np.ndarray:
    """How many there are on the levels above each level."""
    return np.concatenate([[0], np.cumsum(counts)[:-1]]).astype("int32")


def _ranking(depths: np.ndarray) -> dict[str, np.ndarray]:
    """Leaves in order of their level, and of their class on each level."""
    classes = np.argsort(depths, kind="stable").astype("int32")
    rank = np.empty_like(classes)
    rank[classes] = np.arange(len(classes), dtype="int32")
    return {"rank": rank, "class": classes}


def _shifted(x: Tensor, places: Tensor) -> Tensor:
    """x >> places, for places of any sign and size."""
    return ops.right_shift(x, ops.clip(places, 0, 31))
