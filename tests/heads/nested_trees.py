"""Trees as nested lists, walked in float64 NumPy: the truth for every tree."""

import numpy as np
import reference


def balanced(num_classes, node=1):
    """The heap of C leaves, numbered from 1: the leaf of class c is node C + c."""
    if node >= num_classes:
        return node - num_classes
    return [balanced(num_classes, 2 * node), balanced(num_classes, 2 * node + 1)]


def canonical(depths):
    """The binary tree with classes at these depths; on each level what has children comes first."""
    nodes = []
    for depth in range(max(depths), -1, -1):
        pairs = [list(pair) for pair in zip(nodes[::2], nodes[1::2], strict=True)]
        nodes = pairs + [c for c, at in enumerate(depths) if at == depth]
    (root,) = nodes
    return root


def chain(num_classes):
    """Every node has one leaf and the rest: [0, [1, [2, 3]]]."""
    node = num_classes - 1
    for class_id in range(num_classes - 2, -1, -1):
        node = [class_id, node]
    return node if isinstance(node, list) else [node]


def random(rng, num_classes, widest):
    """Any shape, with classes in any order and a list of one thing here and there."""
    nodes = [int(c) for c in rng.permutation(num_classes)]
    while len(nodes) > 1:
        size = min(int(rng.integers(2, widest + 1)), len(nodes))
        picked = sorted(rng.choice(len(nodes), size, replace=False), reverse=True)
        node = [nodes.pop(at) for at in picked]
        nodes.insert(int(rng.integers(len(nodes) + 1)), [node] if rng.random() < 0.1 else node)
    return nodes


def collapsed(node):
    """Without lists of one thing."""
    while isinstance(node, list) and len(node) == 1:
        node = node[0]
    return [collapsed(child) for child in node] if isinstance(node, list) else node


def first_rows(nested):
    """The first row of each inner node, by its id(): sorted by arity, then level by level."""
    inner = [nested] if isinstance(nested, list) else []
    for node in inner:
        inner.extend(child for child in node if isinstance(child, list))
    rows, start = {}, 0
    for node in sorted(inner, key=len):
        rows[id(node)] = start
        start += len(node) if len(node) > 2 else 1
    return rows, start


def walk(nested, scores):
    """Scores (N, rows) to log-probabilities (N, C), and the rows on the path of each class."""
    found, paths, (rows, _) = {}, {}, first_rows(nested)

    def visit(node, log_prob, path):
        if not isinstance(node, list):
            found[node], paths[node] = log_prob, sorted(path)
            return
        first = rows[id(node)]
        mine = [first] if len(node) == 2 else list(range(first, first + len(node)))
        s = scores[:, mine]
        if len(node) == 2:
            s = np.concatenate([s, np.zeros_like(s)], axis=-1)  # sigmoid(s) is softmax([s, 0])
        for child, edge in zip(node, reference.log_softmax(s).T, strict=True):
            visit(child, log_prob + edge, path + mine)

    visit(nested, np.zeros(len(scores)), [])
    classes = range(len(found))
    return np.stack([found[c] for c in classes], -1), [paths[c] for c in classes]
