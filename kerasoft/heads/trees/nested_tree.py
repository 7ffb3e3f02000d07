"""Trees of any shape, given as nested lists of class ids."""

from collections import Counter

import numpy as np
from keras import ops

from kerasoft.heads.trees.nested_lists import Links
from kerasoft.heads.trees.tree import NO_CHILD, Path, Slots, Tree, binary_log_probs, look_up
from kerasoft.ops.precision import Tensor


class NestedTree(Tree):
    """The tree of given links, of any depth and branching.

    Inner nodes are numbered level by level. Their rows are laid out by arity, the binary nodes
    first: row r belongs to the r-th of these, and k rows in a row to each node of k >= 3 children.
    The edges, from a node to each child, are laid out alike: two for a row of a binary node, one
    for every other row. All that is kept is O(C) numbers.
    """

    def __init__(self, links: Links):
        arity = np.array(links.arity, "int32")
        self.num_inner = len(arity)
        self.num_classes = len(links.parent) - self.num_inner
        widths = np.where(arity == 2, 1, arity)
        self.num_rows = max(int(widths.sum()), 1)
        self.depth, self.arity = len(links.levels), int(arity.max(initial=2))
        self._binary = int((arity == 2).sum())
        self._groups = sorted(Counter(arity.tolist()).items())
        self._levels = [(start, stop, _slots(arity[start:stop])) for start, stop in links.levels]
        self.slots = self._shared_out()
        self.arrays = self._laid_out(links, arity, widths) if self.num_inner else {}

    def _shared_out(self) -> Slots:
        binary = sum(has_binary for *_, (has_binary, _) in self._levels)
        wide = Counter(width for *_, (_, width) in self._levels if width)
        return Slots(
            binary=binary if self._levels else 1,
            wide=tuple((count, width) for width, count in sorted(wide.items())),
        )

    def _laid_out(
        self, links: Links, arity: np.ndarray, widths: np.ndarray
    ) -> dict[str, np.ndarray]:
        by_arity = np.argsort(arity, kind="stable")
        first_row = np.empty_like(arity)
        first_row[by_arity] = np.cumsum(widths[by_arity]) - widths[by_arity]
        parent = np.array(links.parent, "int32")
        edge = _first_edge(first_row, self._binary)[parent] + np.array(links.position, "int32")
        child = np.empty(len(parent) - 1, "int32")
        child[edge[1:]] = np.arange(1, len(parent), dtype="int32")
        return {
            "parent": parent,
            "edge": edge.astype("int32"),
            "child": child,
            "first_row": first_row,
            "arity": arity,
        }

    def path(self, ids: Tensor, arrays: dict[str, Tensor]) -> Path:
        if not arrays:
            empty = ops.zeros_like(ids)
            return Path(empty - 1, ops.cast(empty, "float32")[:, None])
        binary, wide = [], []
        node = ops.where(ids >= 0, ids + self.num_inner, 0)
        for start, _, (has_binary, width) in reversed(self._levels):
            parent = look_up(arrays["parent"], node)
            reached = ops.logical_and(node > 0, parent >= start)
            decision = self._decision(node, parent, arrays)
            if has_binary:
                binary.append(self._binary_slot(reached, *decision))
            if width:
                wide.append(self._wide_slots(reached, width, *decision))
            node = ops.where(reached, parent, node)
        wide.sort(key=lambda slots: slots[0].shape[-1])
        parts = zip(*binary, *wide, strict=True)
        rows, targets = (ops.concatenate(part, axis=-1) for part in parts)
        return Path(ops.reshape(rows, (-1,)), targets)

    def _decision(self, node: Tensor, parent: Tensor, arrays: dict[str, Tensor]):
        """The first row and the arity of parents (N,), and which child of theirs the node is."""
        first_row = look_up(arrays["first_row"], parent)
        position = look_up(arrays["edge"], node) - _first_edge(first_row, self._binary)
        return first_row, look_up(arrays["arity"], parent), position

    def _binary_slot(self, reached: Tensor, first_row: Tensor, arity: Tensor, position: Tensor):
        full = ops.logical_and(reached, arity == 2)
        sign = ops.cast(1 - 2 * position, "float32")
        return ops.where(full, first_row, -1)[:, None], ops.where(full, sign, 0.0)[:, None]

    def _wide_slots(
        self, reached: Tensor, width: int, first_row: Tensor, arity: Tensor, position: Tensor
    ):
        children = ops.arange(width, dtype="int32")
        full = ops.logical_and(reached, arity > 2)[:, None]
        rows = ops.where(
            ops.logical_and(full, children < arity[:, None]), first_row[:, None] + children, -1
        )
        target = ops.logical_and(full, children == position[:, None])
        return rows, ops.cast(target, "float32")

    def log_probs(self, scores: Tensor, arrays: dict[str, Tensor]) -> Tensor:
        if not arrays:
            return ops.zeros_like(scores)
        edges, parent = arrays["edge"], arrays["parent"]
        given = self._edge_log_probs(scores)
        levels = [ops.zeros_like(scores[:, :1])]
        for (above, *_), (start, stop, _) in zip(self._levels[:-1], self._levels[1:], strict=True):
            before = ops.take(levels[-1], parent[start:stop] - above, axis=-1)
            levels.append(before + ops.take(given, edges[start:stop], axis=-1))
        inner = ops.concatenate(levels, axis=-1)
        before = ops.take(inner, parent[self.num_inner :], axis=-1)
        return before + ops.take(given, edges[self.num_inner :], axis=-1)

    def _edge_log_probs(self, scores: Tensor) -> Tensor:
        """log P(child | node) of every edge, in their order: one log-softmax for each arity."""
        start, parts = 0, []
        for arity, count in self._groups:
            size = count if arity == 2 else count * arity
            rows = scores[:, start : start + size]
            if arity == 2:
                below = binary_log_probs(rows)
            else:
                below = ops.log_softmax(ops.reshape(rows, (-1, count, arity)), axis=-1)
            parts.append(ops.reshape(below, (-1, count * arity)))
            start += size
        return ops.concatenate(parts, axis=-1)

    def rows_below(self, nodes: Tensor, arrays: dict[str, Tensor]) -> Tensor:
        rows = look_up(arrays["first_row"], nodes)[..., None]
        if self.slots.wide:
            rows = rows + ops.arange(self.arity, dtype="int32")
        return ops.minimum(rows, self.num_rows - 1)

    def children(
        self, nodes: Tensor, scores: Tensor, level: Tensor, arrays: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        arity = look_up(arrays["arity"], nodes)[..., None]
        positions = ops.arange(self.arity, dtype="int32")
        first_edge = _first_edge(look_up(arrays["first_row"], nodes), self._binary)[..., None]
        edges = ops.minimum(first_edge + positions, len(self.arrays["child"]) - 1)
        below = look_up(arrays["child"], edges)
        log_probs = binary_log_probs(scores[..., 0])
        if self.slots.wide:
            wide = ops.log_softmax(ops.where(positions < arity, scores, NO_CHILD), axis=-1)
            pair = ops.take(log_probs, ops.minimum(positions, 1), axis=-1)
            log_probs = ops.where(arity == 2, pair, wide)
        return ops.where(positions < arity, log_probs, float("-inf")), below


def _first_edge(first_row, binary: int):
    """The first edge of nodes by their first row, of NumPy arrays and of tensors."""
    minimum = np.minimum if isinstance(first_row, np.ndarray) else ops.minimum
    return first_row + minimum(first_row, binary)


def _slots(arity: np.ndarray) -> tuple[bool, int]:
    """Whether nodes of one level need the slot of a binary decision, and how wide a wide one."""
    wide = arity[arity > 2]
    return bool((arity == 2).any()), int(wide.max(initial=0))
