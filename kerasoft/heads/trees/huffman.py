"""Huffman's tree: frequent classes have short paths."""

import numpy as np

from kerasoft.heads.trees.binary_tree import BinaryTree


def huffman_tree(counts: np.ndarray) -> BinaryTree:
    """The binary tree of least mean depth for class counts (C,), in canonical form."""
    depths = code_lengths(counts)
    return BinaryTree(np.bincount(depths).tolist(), depths)


def code_lengths(counts: np.ndarray) -> np.ndarray:
    """The depth of each class in a Huffman tree of float64 counts (C,): int32 (C,).

    Sorted counts and sums that only grow need no heap: the two smallest are always at the heads of
    two queues. Of equal ones the leaf is taken first, and of equal leaves the lower class; among
    all optimal trees that gives one of least depth, and classes of count 0 a balanced part of it.
    O(C log C).
    """
    order = np.argsort(counts, kind="stable")
    lengths = np.empty(len(counts), "int32")
    lengths[order] = _depths(_parents(counts[order].tolist()))[: len(counts)]
    return lengths


def _parents(leaves: list[float]) -> list[int]:
    """The parent of every node but the root: first the leaves, then the sums as they are made."""
    count = len(leaves)
    leaves.append(float("inf"))
    sums = [float("inf")] * count
    parents = [0] * (2 * count - 2)
    leaf, merged = 0, 0
    for made in range(count - 1):
        total = 0.0
        for _ in range(2):
            if leaves[leaf] <= sums[merged]:
                total += leaves[leaf]
                parents[leaf] = count + made
                leaf += 1
            else:
                total += sums[merged]
                parents[count + merged] = count + made
                merged += 1
        sums[made] = total
    return parents


def _depths(parents: list[int]) -> list[int]:
    """The depth of every node, from parents that all come later than their children."""
    depths = [0] * (len(parents) + 1)
    for node in range(len(parents) - 1, -1, -1):
        depths[node] = depths[parents[node]] + 1
    return depths
