"""The most probable leaves of a tree, without a look at most of it."""

from collections.abc import Callable

from keras import ops

from kerasoft.heads.trees import Tree
from kerasoft.ops.precision import Tensor


def best_leaves(
    tree: Tree,
    arrays: dict[str, Tensor],
    scores: Callable[[Tensor], Tensor],
    count: Tensor | int,
    k: int,
    width: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """Walks down the tree, all examples together, and keeps the `width` best nodes of each.

    A child is never more probable than its parent. So the k best nodes kept are the k best leaves
    of the tree as soon as all of them are leaves and more probable than every other node kept and
    than every node that was ever dropped.

    Args:
        tree: the tree.
        arrays: its large arrays.
        scores: from rows of the table, int32 (N, ...), to their float32 scores.
        count: number of examples N.
        k: how many leaves.
        width: how many nodes to keep, above k.

    Returns:
        Log-probabilities (N, k), falling, class ids (N, k), and whether they are certain to be the
        best of all N examples.

    O(width * arity) rows a level, and at most `depth` levels.
    """

    def unfinished(level, log_probs, nodes, dropped):
        return ops.logical_and(level < tree.depth, ops.any(nodes[:, :k] < tree.num_inner))

    def expand(level, log_probs, nodes, dropped):
        given, below = _below(tree, arrays, scores, level, nodes)
        candidates = ops.reshape(log_probs[..., None] + given, (-1, width * tree.arity))
        best, at = ops.top_k(candidates, k=width + 1)
        nodes = ops.take_along_axis(ops.reshape(below, (-1, width * tree.arity)), at[:, :-1], -1)
        return level + 1, best[:, :-1], nodes, ops.maximum(dropped, best[:, -1])

    none = ops.full((count, width - 1), float("-inf"), dtype="float32")
    zero = ops.zeros((count, 1), dtype="float32")
    nodes = ops.full((count, width - 1), tree.num_inner, dtype="int32")
    _, log_probs, nodes, dropped = ops.while_loop(
        unfinished,
        expand,
        (
            ops.zeros((), dtype="int32"),
            ops.concatenate([zero, none], axis=-1),
            ops.concatenate([ops.cast(zero, "int32"), nodes], axis=-1),
            ops.full((count,), float("-inf"), dtype="float32"),
        ),
    )
    certain = ops.all(log_probs[:, k - 1] > ops.maximum(dropped, log_probs[:, k]))
    return *_in_order(log_probs[:, :k], nodes[:, :k] - tree.num_inner), certain


def _below(
    tree: Tree,
    arrays: dict[str, Tensor],
    scores: Callable[[Tensor], Tensor],
    level: Tensor,
    nodes: Tensor,
) -> tuple[Tensor, Tensor]:
    """log P(child | node) (N, W, arity) and the children; a leaf is its own only child."""
    inner = nodes < tree.num_inner
    at = ops.where(inner, nodes, 0)
    given, below = tree.children(at, scores(tree.rows_below(at, arrays)), level, arrays)
    itself = ops.where(ops.arange(tree.arity) == 0, 0.0, float("-inf"))
    inner = inner[..., None]
    return ops.where(inner, given, itself), ops.where(inner, below, nodes[..., None])


def _in_order(log_probs: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Equal ones in the order of their ids, as if picked from a list of all."""
    order = ops.argsort(ids, axis=-1)
    log_probs, ids = (ops.take_along_axis(x, order, axis=-1) for x in (log_probs, ids))
    order = ops.argsort(-log_probs, axis=-1)
    return tuple(ops.take_along_axis(x, order, axis=-1) for x in (log_probs, ids))
