"""What every tree over the classes can do."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from keras import ops

from kerasoft.ops.precision import Tensor

NO_CHILD = -1e38  # a score that leaves no probability, yet small enough to subtract from


class Path(NamedTuple):
    """The decisions on the way from the root to each of N classes, S slots each.

    Attributes:
        rows: int32 (N * S,), the row of the table that each slot reads; -1 where a slot is empty.
        targets: float32 (N, S). In the slot of a binary decision 1 to take its first child and -1
            to take its second; in those of a wide decision 1 at the child to take, 0 at the others.
    """

    rows: Tensor
    targets: Tensor


@dataclass(frozen=True)
class Slots:
    """How the S slots of a path are shared out among its decisions; the same for every class.

    Attributes:
        binary: how many slots hold one binary decision each; they come first.
        wide: pairs (count, width): then come `count` decisions of `width` slots each, and so on.
    """

    binary: int
    wide: tuple[tuple[int, int], ...] = ()

    @property
    def size(self) -> int:
        return self.binary + sum(count * width for count, width in self.wide)


class Tree:
    """A tree whose leaves are the classes 0 to C - 1 and whose inner nodes own rows of a table.

    A node of two children is one logistic decision and owns one row; a node of k >= 3 children is a
    softmax and owns k rows, one a child. Nodes are numbered: the inner ones from 0 (the root), then
    the classes, so that class c is node num_inner + c.

    Attributes:
        num_classes: number of leaves C.
        num_inner: number of inner nodes.
        num_rows: rows of the table, at least 1.
        depth: decisions on the longest path.
        arity: children of the widest node, at least 2.
        slots: how the slots of a path are shared out.
        arrays: the large int32 arrays, by name. They are handed back to every method as `arrays`,
            as whatever tensors they have become.
        given: the name or the nested lists that it was made from.
        counts: the class counts that it was made from, or None.
    """

    num_classes: int
    num_inner: int
    num_rows: int
    depth: int
    arity: int
    slots: Slots
    arrays: dict[str, np.ndarray]
    given: str | list
    counts: np.ndarray | None

    def path(self, ids: Tensor, arrays: dict[str, Tensor]) -> Path:
        """The decisions that lead to class ids int32 (N,), none for ids of -1. O(N S)."""
        raise NotImplementedError

    def log_probs(self, scores: Tensor, arrays: dict[str, Tensor]) -> Tensor:
        """Float32 scores of all rows (N, num_rows) to log-probabilities (N, C). O(N C)."""
        raise NotImplementedError

    def rows_below(self, nodes: Tensor, arrays: dict[str, Tensor]) -> Tensor:
        """The rows that inner nodes int32 (...) own: (..., width), any row where there is none."""
        raise NotImplementedError

    def children(
        self, nodes: Tensor, scores: Tensor, level: Tensor, arrays: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """The nodes below inner nodes of one level.

        Args:
            nodes: int32 (...), inner nodes.
            scores: float32 scores of their rows (..., width).
            level: their distance from the root, an int32 scalar.
            arrays: the large arrays.

        Returns:
            log P(child | node) (..., arity), -inf where there is no child, and the children.
        """
        raise NotImplementedError


def binary_log_probs(scores: Tensor) -> Tensor:
    """Scores (...) of binary decisions to the log-probabilities (..., 2) of both children."""
    return -ops.stack([ops.softplus(-scores), ops.softplus(scores)], axis=-1)


def constant(numbers: np.ndarray) -> Tensor:
    """A few int32 numbers as a tensor."""
    return ops.convert_to_tensor(numbers, dtype="int32")


def look_up(array: Tensor, at: Tensor) -> Tensor:
    """Numbers of an array of integers, as int32 (the array itself is wider on TensorFlow)."""
    return ops.cast(ops.take(array, at), "int32")
