"""Trees by name, from counts or from nested lists."""

import math
from collections.abc import Sequence

import numpy as np

from kerasoft.cifar100 import CLASS_TO_SUPERCLASS
from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.trees.binary_tree import balanced_tree
from kerasoft.heads.trees.huffman import huffman_tree
from kerasoft.heads.trees.nested_lists import links, plain
from kerasoft.heads.trees.nested_tree import NestedTree
from kerasoft.heads.trees.taxonomy import taxonomy
from kerasoft.heads.trees.tree import Tree


def names() -> tuple[str, ...]:
    """The trees that have a name."""
    return "balanced", "huffman", "cifar100"


def get(tree: str | list, num_classes: int, counts: Sequence[float] | None = None) -> Tree:
    """Makes the tree that the arguments of `HierarchicalSoftmax` ask for.

    Raises:
        InvalidArgumentError: if an argument is not allowed.
    """
    if isinstance(tree, np.ndarray):
        tree = tree.tolist()
    if (counts is None) == (tree == "huffman"):
        raise InvalidArgumentError(
            '`counts` must be given for the tree "huffman", and for no other.',
            tree=tree if isinstance(tree, str) else type(tree).__name__,
            counts=counts if counts is None else type(counts).__name__,
        )
    made = _made(tree, num_classes, counts)
    made.given = tree if isinstance(tree, str) else plain(tree)
    made.counts = None if counts is None else np.array(counts)
    return made


def _made(tree: str | list, num_classes: int, counts: Sequence[float] | None) -> Tree:
    if isinstance(tree, list | tuple):
        return NestedTree(links(tree, num_classes))
    if tree == "balanced":
        return balanced_tree(num_classes)
    if tree == "huffman":
        return huffman_tree(_checked(counts, num_classes))
    if tree == "cifar100":
        return _cifar100(num_classes)
    raise InvalidArgumentError(
        f"`tree` must be one of {', '.join(names())}, or nested lists of class ids.", tree=tree
    )


def _cifar100(num_classes: int) -> NestedTree:
    if num_classes != len(CLASS_TO_SUPERCLASS):
        raise InvalidArgumentError(
            'The tree "cifar100" has 100 classes: `num_classes` must be 100.',
            num_classes=num_classes,
        )
    return NestedTree(links(taxonomy(CLASS_TO_SUPERCLASS), num_classes))


def _checked(counts: Sequence[float], num_classes: int) -> np.ndarray:
    """Counts as float64, whose smallest differences from integers up to 2^53 are none."""
    try:
        numbers = np.asarray(counts)
    except ValueError:  # lists of different lengths
        numbers = np.zeros(0)
    if numbers.shape != (num_classes,) or numbers.dtype.kind not in "iuf":
        raise InvalidArgumentError(
            f"`counts` must be {num_classes} numbers, one a class.",
            shape=numbers.shape,
            dtype=str(numbers.dtype),
        )
    numbers = numbers.astype("float64")
    total = numbers.sum()
    if not (numbers >= 0).all() or not 0 < total < math.inf:
        raise InvalidArgumentError(
            "`counts` must be finite, not negative and not all 0.",
            smallest=float(numbers.min()),
            total=float(total),
        )
    return numbers
