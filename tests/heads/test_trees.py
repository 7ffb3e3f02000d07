"""Trees: paths and log-probabilities against a walk in float64, Huffman's optimality, errors."""

import heapq
import time

import numpy as np
import pytest
from backend import NAME, gradient, quick, random_scores, to_numpy
from keras import ops
from nested_trees import balanced, canonical, chain, collapsed, first_rows, walk
from nested_trees import random as random_tree

from kerasoft.cifar100 import CLASS_TO_SUPERCLASS
from kerasoft.errors import InvalidArgumentError
from kerasoft.heads import trees
from kerasoft.heads.trees.huffman import code_lengths


def tensors(tree):
    return {name: ops.convert_to_tensor(numbers) for name, numbers in tree.arrays.items()}


def loss(tree, scores, ids):
    """The loss of ids (N,) at scores (num_rows,), and the rows (N, S) it reads."""
    path = tree.path(ids, tensors(tree))
    rows = ops.reshape(path.rows, (-1, tree.slots.size))
    picked = ops.take(scores, ops.maximum(rows, 0))
    return trees.path_loss(tree.slots, picked, rows >= 0, path.targets), rows


def check(cases, scale=3.0):
    """That trees do what their nested lists say: pairs of both, in one compiled function."""
    scores = random_scores((2, max(tree.num_rows for tree, _ in cases)), scale)

    def run(scores):
        results = []
        for tree, _ in cases:
            mine = scores[:, : tree.num_rows]
            ids = ops.concatenate([ops.arange(tree.num_classes), ops.convert_to_tensor([-1])])
            losses, rows = loss(tree, mine[0], ops.cast(ids, "int32"))
            results.append((tree.log_probs(mine, tensors(tree)), losses, rows))
        return results

    for case, results in zip(cases, quick(run)(ops.cast(scores, "float32")), strict=True):
        check_one(*case, scores, *(to_numpy(result) for result in results))


def check_one(tree, nested, scores, log_probs, losses, rows):
    truth, paths = walk(nested, scores)
    assert tree.num_rows == max(first_rows(nested)[1], 1)
    assert log_probs.shape == truth.shape == (2, tree.num_classes)
    np.testing.assert_allclose(log_probs, truth, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.exp(log_probs).sum(-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(losses[:-1], -log_probs[0], rtol=1e-5, atol=1e-5)
    assert losses[-1] == 0.0 and (rows[-1] == -1).all()
    assert [sorted(mine[mine >= 0]) for mine in rows[:-1]] == paths


@pytest.mark.parametrize("first", [1, 17, 33, 49])
def test_balanced(first):
    sizes = range(first, first + 16)
    sizes = sizes[::5] if NAME == "jax" else sizes  # where each of them takes a second to compile
    check([(trees.get("balanced", c), balanced(c)) for c in sizes])


@pytest.mark.parametrize("num_classes", [100, 1000, 10007])
def test_balanced_large(num_classes):
    check([(trees.get("balanced", num_classes), balanced(num_classes))])


def test_balanced_has_least_depth_and_no_arrays():
    for num_classes in (*range(1, 70), 2**20 - 1, 2**20, 2**20 + 1, 10_000_000):
        tree = trees.get("balanced", num_classes)
        assert tree.depth == int(np.ceil(np.log2(num_classes))) and tree.arrays == {}
        assert tree.num_rows == max(num_classes - 1, 1)


def test_balanced_path_with_ten_million_classes():
    tree, num_classes = trees.get("balanced", 10_000_000), 10_000_000
    ids = np.random.default_rng(0).integers(num_classes, size=50)
    ids = np.array([0, 1, num_classes - 1, 6_777_215, 6_777_216, *ids], "int32")
    path = quick(lambda ids: tuple(tree.path(ids, {})))(ops.convert_to_tensor(ids))
    rows = to_numpy(path[0]).reshape(len(ids), -1)
    signs = to_numpy(path[1])
    for class_id, mine, sign in zip(ids, rows, signs, strict=True):
        node, above = num_classes + int(class_id), []
        while node > 1:
            above.append((node // 2 - 1, 1.0 - 2.0 * (node % 2)))
            node //= 2
        assert above[::-1] == [pair for pair in zip(mine, sign, strict=True) if pair[0] >= 0]


def counts_of(rng, num_classes):
    """Counts with ties and zeros."""
    counts = rng.zipf(1.3, num_classes).clip(max=10**6)
    counts[rng.random(num_classes) < 0.2] = 0
    counts[0] = max(counts[0], 1)
    return counts


def test_huffman():
    rng = np.random.default_rng(0)
    sizes = [1, 2, 5, 30, 100] if NAME == "jax" else [1, 2, 3, 4, 5, 7, 8, 13, 30, 64, 100, 1000]
    cases = []
    for counts in (counts_of(rng, size) for size in sizes):
        depths = code_lengths(counts.astype("float64")).tolist()
        cases.append((trees.get("huffman", len(counts), counts.tolist()), canonical(depths)))
    check(cases, scale=1.0)


def test_huffman_deeper_than_an_integer_is_wide():
    fibonacci = [1, 1]
    while len(fibonacci) < 48:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    depths = code_lengths(np.array(fibonacci, "float64")).tolist()
    assert max(depths) == 47
    check([(trees.get("huffman", 48, fibonacci), canonical(depths))], scale=1.0)


def heap_cost(counts):
    """Sum of count times depth in Huffman's tree: every merge puts its leaves one level down."""
    heap, cost = list(counts), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        heapq.heappush(heap, merged)
        cost += merged
    return cost


def test_huffman_is_optimal():
    rng = np.random.default_rng(1)
    for size in (2, 3, 10, 57, 500, 3000):
        counts = counts_of(rng, size)
        depths = code_lengths(counts.astype("float64"))
        assert (counts * depths).sum() == heap_cost(counts.tolist())
        assert np.sum(2.0**-depths) == 1.0
        p = counts[counts > 0] / counts.sum()
        entropy = -(p * np.log2(p)).sum()
        assert entropy - 1e-9 <= (counts * depths).sum() / counts.sum() <= entropy + 1


def test_huffman_depth_at_ties_and_zeros():
    assert code_lengths(np.array([1.0, 1.0, 1.0, 1.0])).tolist() == [2, 2, 2, 2]
    assert code_lengths(np.array([2.0, 2.0, 1.0, 1.0])).tolist() == [2, 2, 2, 2]
    counts = np.zeros(1025)
    counts[7] = 1.0
    depths = code_lengths(counts)
    assert depths[7] == 1 and max(depths) == 11
    np.testing.assert_array_equal(depths, code_lengths(counts.copy()))


def test_huffman_of_many_classes_takes_no_minutes():
    counts = 1e9 / np.arange(1, 200_001)
    start = time.perf_counter()
    tree = trees.get("huffman", len(counts), counts)
    assert time.perf_counter() - start < 10
    assert tree.num_rows == 199_999 and tree.depth < 32
    assert {array.dtype.name for array in tree.arrays.values()} == {"int32"}


def test_nested():
    rng = np.random.default_rng(2)
    nested = [[[0]], [0, 1], [2, 1, 0], [[0, 1], [2, [3, 4, 5]]], [[0, 1], [2, 3, 4]], chain(12)]
    sizes = [20] if NAME == "jax" else [2, 5, 9, 20, 60, 1000]
    nested += [random_tree(rng, c, w) for c in sizes for w in (2, 3, 6, 40)]
    check([(trees.get(tree, count(tree)), collapsed(tree)) for tree in nested], scale=1.0)


def count(nested):
    return sum(map(count, nested)) if isinstance(nested, list) else 1


def test_nested_takes_chains_of_any_length():
    tree = trees.get(chain(2000), 2000)
    assert tree.depth == 1999 and tree.num_rows == 1999


def test_slots_are_as_wide_as_their_own_level():
    wide_root = [[0, 1, 2], [3, 4], *range(5, 20)]
    assert trees.get(wide_root, 20).slots == trees.Slots(binary=1, wide=((1, 3), (1, 17)))
    assert trees.get(wide_root, 20).slots.size == 21


def test_cifar100():
    tree, nested = trees.get("cifar100", 100), trees.taxonomy(CLASS_TO_SUPERCLASS)
    assert len(nested) == 20 and {len(classes) for classes in nested} == {5}
    assert tree.slots == trees.Slots(binary=0, wide=((1, 5), (1, 20))) and tree.num_rows == 120
    check([(tree, nested)])


@pytest.mark.parametrize(
    "tree", ["balanced", "huffman", [[0, 1], [2, [3, 4, 5]]], [5, 4, 3, 2, 1, 0]]
)
@pytest.mark.parametrize("scale", [1.0, 1e5])
def test_gradient_of_the_loss_is_that_of_the_log_probability(tree, scale):
    tree = trees.get(tree, 6, [5, 4, 3, 2, 1, 0] if tree == "huffman" else None)
    scores, ids = random_scores((tree.num_rows,), scale), np.array([0, 3, -1, 5], "int32")

    def of_path(scores):
        return ops.sum(loss(tree, scores, ops.convert_to_tensor(ids))[0])

    def of_all(scores):
        log_probs = tree.log_probs(scores[None], tensors(tree))[0]
        return -log_probs[0] - log_probs[3] - log_probs[5]

    found = gradient(of_path, scores)
    np.testing.assert_allclose(found, gradient(of_all, scores), atol=1e-5)
    assert np.isfinite(found).all() and found.any()


def test_huge_scores_are_right():
    for nested in ([[0, 1], [2, [3, 4, 5]]], chain(6), [0, 1, 2, 3, 4, 5]):
        tree = trees.get(nested, 6)
        scores = np.array([[1e5, -1e5, 99999.0, 0.0, -99990.0, 1e5]])[:, : tree.num_rows]
        truth, _ = walk(nested, scores)

        def run(scores, tree=tree):
            losses, _ = loss(tree, scores[0], ops.arange(6, dtype="int32"))
            return tree.log_probs(scores, tensors(tree)), losses

        log_probs, losses = quick(run)(ops.convert_to_tensor(scores, dtype="float32"))
        np.testing.assert_allclose(to_numpy(log_probs), truth, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(-to_numpy(losses), truth[0], rtol=1e-6, atol=1e-6)


def test_taxonomy():
    assert trees.taxonomy([3, -1, 3, 7]) == [[1], [0, 2], [3]]
    assert trees.taxonomy(np.array([1, 0], "uint8")) == [[1], [0]]


@pytest.mark.parametrize("mapping", [[], [0.5, 1.0], [[0], [1]], "ab", None])
def test_taxonomy_that_is_not_allowed(mapping):
    with pytest.raises(InvalidArgumentError, match="`class_to_superclass` must be"):
        trees.taxonomy(mapping)


@pytest.mark.parametrize(
    ("tree", "received"),
    [
        ([[0, 1], [2]], r"missing=\[3\]"),
        ([[0, 1], [2, 2, 3]], "repeated=2"),
        ([[0, 1], [2, 3, 4]], "tree=4"),
        ([[0, 1], [2, -1]], "tree=-1"),
        ([[0, 1], [2, 3.0]], "tree=3.0"),
        ([[0, 1], [2, True]], "tree=True"),
        ([[0, 1], [2, "3"]], "tree='3'"),
        ([[0, 1], [2, 3, []]], r"tree=\[\]"),
        ([], r"tree=\[\]"),
        ("binary", "tree='binary'"),
        (None, "tree=None"),
        ("cifar100", "num_classes=4"),
    ],
)
def test_trees_that_are_not_allowed(tree, received):
    with pytest.raises(InvalidArgumentError, match=f"must.*Received: {received}$"):
        trees.get(tree, 4)


@pytest.mark.parametrize(
    "counts", [[1, 2], [1, 2, -1], [1, 2, np.inf], [1, 2, np.nan], [0, 0, 0], ["1", "2", "3"], 3]
)
def test_counts_that_are_not_allowed(counts):
    with pytest.raises(InvalidArgumentError, match="`counts` must be.*Received: "):
        trees.get("huffman", 3, counts)


@pytest.mark.parametrize(
    ("tree", "counts"), [("huffman", None), ("balanced", [1, 2, 3]), ([0, 1, 2], [1, 2, 3])]
)
def test_counts_belong_to_huffman(tree, counts):
    with pytest.raises(InvalidArgumentError, match='`counts` must be given for the tree "huffman"'):
        trees.get(tree, 3, counts)


def test_an_array_is_a_tree_too():
    assert trees.get(np.array([[0, 1], [2, 3]]), 4).given == [[0, 1], [2, 3]]


def test_numbers_of_numpy():
    tree = trees.get((np.int64(1), [np.int32(0), 2]), 3)
    assert tree.given == [1, [0, 2]]
    assert all(type(c) is int for c in [tree.given[0], *tree.given[1]])
