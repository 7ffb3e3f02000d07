"""HierarchicalSoftmax: exact probabilities, a loss that reads one path, an exact search."""

import json

import keras
import numpy as np
import pytest
from backend import compiled, gradient, quick, random_scores, to_numpy
from keras import ops
from keras.src.testing import TestCase
from nested_trees import balanced, canonical, chain, walk

from kerasoft import Classifier
from kerasoft.errors import InvalidArgumentError
from kerasoft.heads import Head, HierarchicalSoftmax, hierarchical_softmax
from kerasoft.heads.tree_search import best_leaves
from kerasoft.heads.trees.huffman import code_lengths

COUNTS = [50, 0, 3, 8, 8, 1, 0, 21, 2, 13]
NESTED = [[7, 2], [0, [1, 4, [9, 6]], 8], 5, 3]
OPTIONS = {
    "balanced": {},
    "huffman": {"tree": "huffman", "counts": COUNTS},
    "nested": {"tree": NESTED},
    "deep": {"tree": chain(10), "use_bias": False},
}
TRUTH = {
    "balanced": balanced(10),
    "huffman": canonical(code_lengths(np.array(COUNTS, "float64")).tolist()),
    "nested": NESTED,
    "deep": chain(10),
}
KINDS = list(OPTIONS)


def built(num_classes=10, dimensions=4, scale=1.0, seed=0, **options):
    """A head whose weights are random numbers."""
    head = HierarchicalSoftmax(num_classes, **options)
    head.build((None, dimensions))
    rng = np.random.default_rng(seed)
    for weight in head.trainable_variables:
        weight.assign(rng.normal(0.0, scale, weight.shape))
    return head


def features(*shape, seed=1):
    return ops.convert_to_tensor(random_scores(shape, 1.0, seed), dtype="float32")


def scores_of(head, x):
    """Float64 scores (N, rows) of float32 weights."""
    weights = [to_numpy(weight) for weight in head.trainable_variables]
    return to_numpy(x) @ weights[0].T + (weights[1] if head.use_bias else 0.0)


@pytest.mark.parametrize("kind", ["balanced", "nested"])
def test_keras_accepts_it(kind):
    case = TestCase()
    case.setUp()
    case.run_layer_test(
        HierarchicalSoftmax,
        {"num_classes": 10, **OPTIONS[kind]},
        input_shape=(2, 4),
        expected_output_shape=(2, 10),
        expected_num_trainable_weights=2,
        expected_num_non_trainable_weights=0 if kind == "balanced" else 5,
        expected_num_seed_generators=0,
        expected_num_losses=0,
        run_mixed_precision_check=False,  # it wants half precision out, and heads give float32
    )


@pytest.mark.parametrize("kind", KINDS)
def test_formula_and_loss(kind):
    head, x = built(**OPTIONS[kind]), features(10, 4)
    labels = np.arange(10)
    p, log_p, loss = quick(lambda x: (head(x), head.log_prob(x), head.loss(x, labels)))(x)
    for tensor, shape in ((p, (10, 10)), (log_p, (10, 10)), (loss, (10,))):
        assert keras.backend.standardize_dtype(tensor.dtype) == "float32"
        assert tuple(tensor.shape) == shape
    truth, _ = walk(TRUTH[kind], scores_of(head, x))
    np.testing.assert_allclose(to_numpy(log_p), truth, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(to_numpy(loss), -truth[labels, labels], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(to_numpy(p).sum(-1), 1.0, atol=1e-5)


@pytest.mark.parametrize("tree", ["balanced", [0], "huffman"])
def test_one_class(tree):
    head = built(1, tree=tree, counts=[3] if tree == "huffman" else None)
    x = features(3, 4)
    log_p, loss = quick(lambda x: (head.log_prob(x), head.loss(x, [0, 0, 0])))(x)
    assert head.num_rows == 1
    assert (to_numpy(log_p) == np.zeros((3, 1))).all() and (to_numpy(loss) == 0.0).all()
    assert not gradient(lambda x: ops.sum(head.loss(x, [0, 0, 0])), to_numpy(x)).any()


@pytest.mark.parametrize("kind", ["huffman", "nested"])
def test_features_of_any_rank(kind):
    head, x = built(**OPTIONS[kind]), features(2, 5, 4)
    labels = np.array([[0, 1, 2, 0, 1], [9, 8, 7, 6, 5]])
    run = quick(lambda x: (head(x), head.log_prob(x), head.loss(x, labels), *head.top_k(x, 3)))
    p, log_p, loss, _, ids = (to_numpy(result) for result in run(x))
    assert p.shape == tuple(head.compute_output_shape((2, 5, 4))) == (2, 5, 10)
    truth = -np.take_along_axis(log_p, labels[..., None], -1)[..., 0]
    np.testing.assert_allclose(loss, truth, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(ids, np.argsort(-log_p, axis=-1)[..., :3])


def row_loss(head, x, ids):
    """The loss of ids as a function of the table."""
    plan = head.plan(ops.convert_to_tensor(ids, dtype="int32"), True)
    rows = ops.maximum(plan.rows, 0)
    none = ops.zeros_like(ops.cast(rows, "float32"))

    def function(table):
        return ops.sum(head.row_loss(x, ops.take(table, rows, axis=0), none, plan))

    return function


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_is_that_of_the_log_probability(kind):
    head, x = built(**{**OPTIONS[kind], "use_bias": False}), features(4, 4)
    ids = [0, 9, 4, 6]
    table = to_numpy(head.class_embeddings)

    def of_all(table):
        log_probs = head._tree.log_probs(ops.matmul(x, ops.transpose(table)), head._tensors())
        return -sum(log_probs[row, class_id] for row, class_id in enumerate(ids))

    found = gradient(row_loss(head, x, ids), table)
    np.testing.assert_allclose(found, gradient(of_all, table), atol=1e-5)
    by_loss = gradient(lambda x: ops.sum(head.loss(x, ids)), to_numpy(x))
    picked = ops.one_hot(ids, 10)
    by_log_prob = gradient(lambda x: -ops.sum(picked * head.log_prob(x)), to_numpy(x))
    np.testing.assert_allclose(by_loss, by_log_prob, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_no_class_touches_nothing(kind):
    head, x = built(**OPTIONS[kind]), features(4, 4)
    table = to_numpy(head.class_embeddings)
    none = ops.convert_to_tensor([-1, -1], dtype="int32")
    rows = to_numpy(quick(lambda ids: head.plan(ids, True).rows)(none))
    assert (rows == -1).all() and len(rows) == 2 * head._tree.slots.size
    with_none = gradient(row_loss(head, x, [3, -1, 5, -1]), table)
    without = gradient(row_loss(head, x[::2], [3, 5]), table)
    np.testing.assert_allclose(with_none, without, rtol=1e-5, atol=1e-6)
    slopes = gradient(lambda x: ops.sum(head.loss(x, [3, 4, 5, 6])), to_numpy(x))
    head.ignore_class = -100
    found = gradient(lambda x: ops.sum(head.loss(x, [3, -100, 5, -100])), to_numpy(x))
    np.testing.assert_allclose(found[::2], slopes[::2], rtol=1e-5, atol=1e-6)
    assert not found[1::2].any()
    loss = to_numpy(quick(lambda x: head.loss(x, [3, -100, 10, 2]))(x))
    assert loss[1] == 0.0 and np.isnan(loss).tolist() == [False, False, True, False]


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("kind", ["balanced", "nested"])
def test_mixed_precision_gives_float32(kind, policy):
    exact, head = built(**OPTIONS[kind]), built(dtype=policy, **OPTIONS[kind])
    x, labels = features(10, 4), np.arange(10)
    half = ops.cast(x, policy.removeprefix("mixed_"))
    log_p, loss = quick(lambda x: (head.log_prob(x), head.loss(x, labels)))(half)
    for outputs in (log_p, loss):
        assert keras.backend.standardize_dtype(outputs.dtype) == "float32"
    np.testing.assert_allclose(np.exp(to_numpy(log_p)).sum(-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(to_numpy(loss), -to_numpy(log_p)[labels, labels], atol=0.05)
    truth = to_numpy(exact.log_prob(x))
    np.testing.assert_allclose(to_numpy(log_p), truth, atol=0.1 if "bfloat" in policy else 0.01)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("tree", ["balanced", [[0, 1], [2, 3, 4]]])
def test_confidently_wrong_keeps_its_gradient(tree, dtype):
    head = HierarchicalSoftmax(5, tree=tree, use_bias=False, dtype=dtype)
    head.build((None, head.num_rows))
    head.class_embeddings.assign(np.eye(head.num_rows))
    huge = 6e4 if "float16" in dtype and "b" not in dtype else 1e5
    scores = np.repeat([[40.0], [huge]], 5, axis=0) * np.ones(head.num_rows)
    scores[:, -1] *= -1.0
    labels = np.tile(np.arange(5), 2)
    found = gradient(lambda x: ops.sum(head.loss(x, labels)), scores)
    assert np.isfinite(found).all()
    assert min(np.abs(found[:5]).max(), np.abs(found[5:]).max()) >= 1.0
    loss = quick(lambda x: head.loss(x, labels))(ops.convert_to_tensor(scores, dtype="float32"))
    assert np.isfinite(to_numpy(loss)).all()
    assert to_numpy(loss)[:5].max() >= 36.0 and to_numpy(loss)[5:].max() >= 0.9 * huge


def forced(monkeypatch, width):
    """Makes `top_k` search, however small the tree."""
    monkeypatch.setattr(hierarchical_softmax, "_WORTH", 0)
    monkeypatch.setattr(hierarchical_softmax, "_width", lambda k: max(width, k + 1))


def check_top_k(head, x, k, run=quick):
    """That `top_k` is what brute force finds."""
    values, ids, log_p = run(lambda x: (*head.top_k(x, k), head.log_prob(x)))(x)
    assert keras.backend.standardize_dtype(ids.dtype) == "int32"
    order = np.argsort(-to_numpy(log_p), axis=-1, kind="stable")[:, :k]
    np.testing.assert_array_equal(to_numpy(ids), order)
    truth = np.take_along_axis(to_numpy(log_p), order, -1)
    np.testing.assert_allclose(to_numpy(values), truth, rtol=1e-5, atol=1e-5)


def certain(head, x, k, width):
    """Whether the search alone finds the best classes of all examples."""
    return bool(
        best_leaves(
            head._tree,
            head._tensors(),
            lambda rows: head._scores_of(x, rows),
            count=x.shape[0],
            k=k,
            width=width,
        )[-1]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_top_k_by_search(kind, monkeypatch):
    forced(monkeypatch, 4)
    x = features(6, 4)
    for k in (1, 3, 10):
        check_top_k(built(scale=2.0, **OPTIONS[kind]), x, k)


@pytest.mark.parametrize("run", [compiled, lambda function: function], ids=["compiled", "eager"])
def test_top_k_of_many_classes(run):
    head, x = built(20011, scale=1.0, dimensions=16), features(4, 16)
    assert head._search_pays(1) and certain(head, x, 1, 32)
    check_top_k(head, x, 1, run)


def head_with_biases(**biases):
    """A heap of 16 classes whose decisions are almost even, but for these rows."""
    head = HierarchicalSoftmax(16, kernel_initializer="zeros")
    head.build((None, 1))
    rows = np.random.default_rng(0).normal(0.0, 0.01, 15)
    for row, bias in biases.items():
        rows[int(row.removeprefix("row"))] = bias
    head.bias.assign(rows)
    return head, ops.ones((2, 1))


def test_top_k_where_the_greedy_way_is_wrong(monkeypatch):
    forced(monkeypatch, 2)
    head, x = head_with_biases(row0=0.1, row2=50.0, row5=50.0, row11=50.0)
    p = to_numpy(head(x))[0]
    assert p[:8].sum() > 0.5 > p[8] > 2 * p[:8].max() and p.argmax() == 8
    assert certain(head, x, 1, 2)
    check_top_k(head, x, 1)


@pytest.mark.parametrize("run", [compiled, lambda function: function], ids=["compiled", "eager"])
def test_top_k_where_the_search_is_not_certain(run, monkeypatch):
    forced(monkeypatch, 2)
    head, x = head_with_biases(row0=0.2, row2=0.0, row5=50.0, row11=50.0)
    p = to_numpy(head(x))[0]
    assert p[:8].sum() / 2 > p[8] > 2 * p[:8].max()  # two nodes on the left hide it
    assert not certain(head, x, 1, 2)
    check_top_k(head, x, 1, run)


def test_top_k_of_equal_classes(monkeypatch):
    forced(monkeypatch, 4)
    head = HierarchicalSoftmax(16, kernel_initializer="zeros")
    head.build((None, 4))
    assert not certain(head, features(2, 4), 3, 4)
    ids = to_numpy(head.top_k(features(2, 4), 3)[1])
    assert ids.shape == (2, 3) and all(len(set(row)) == 3 for row in ids)


def test_top_k_when_one_example_is_lost_among_others(monkeypatch):
    forced(monkeypatch, 2)
    rng = np.random.default_rng(0)
    head = built(200, 3, scale=1.0)
    x = ops.convert_to_tensor(rng.normal(size=(20, 3)) * [[8.0]] * 19 + [[0.01]], dtype="float32")
    check_top_k(head, x, 2)


@pytest.mark.parametrize("k", [0, 8, -1, 1.5, "2"])
def test_k_that_is_not_allowed(k):
    with pytest.raises(InvalidArgumentError, match="`k` must be") as error:
        built(7).top_k(features(5, 4), k)
    assert str(error.value).endswith(f"Received: k={k!r}")


@pytest.mark.parametrize("kind", KINDS)
def test_config_and_weights_survive(kind, tmp_path):
    head = built(row_optimizer="adagrad", name="h", **OPTIONS[kind])
    config = json.loads(json.dumps(head.get_config()))
    again = HierarchicalSoftmax.from_config(config)
    assert again.get_config() == head.get_config()
    assert again.tree == head.tree == OPTIONS[kind].get("tree", "balanced")
    model = keras.Sequential([keras.Input((4,)), head])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(to_numpy(loaded(features(2, 4))), to_numpy(head(features(2, 4))))


@pytest.mark.parametrize("kind", ["balanced", "nested"])
def test_a_step_changes_the_rows_of_the_path(kind):
    head = HierarchicalSoftmax(10, row_optimizer="sgd", **OPTIONS[kind])
    head.build((None, 4))
    assert head.trainable_variables == []
    before = to_numpy(head.class_embeddings)
    x, labels = features(2, 4), [3, -1]
    head.update(x, labels, ops.ones((2,)))
    changed = np.flatnonzero((to_numpy(head.class_embeddings) != before).any(-1))
    assert changed.tolist() == walk(TRUTH[kind], np.zeros((1, head.num_rows)))[1][3]


@pytest.mark.parametrize("kind", KINDS)
def test_a_classifier_learns_what_the_loss_says(kind):
    rng = np.random.default_rng(0)
    labels = rng.integers(10, size=64)
    inputs = np.eye(10, dtype="float32")[labels]
    backbone = keras.Sequential([keras.Input((10,)), keras.layers.Rescaling(3.0)])
    model = Classifier(backbone, HierarchicalSoftmax(10, **OPTIONS[kind]))
    model.compile(optimizer=keras.optimizers.Adam(0.1))
    model.fit(inputs, labels, batch_size=24, epochs=12, verbose=0)
    results = model.evaluate(inputs, labels, verbose=0, return_dict=True)
    assert results["accuracy"] == 1.0
    p = to_numpy(model(inputs))[np.arange(64), labels]
    np.testing.assert_allclose(results["loss"], -np.log(p).mean(), rtol=1e-4)


def test_bad_trees_fail_where_they_are_given():
    with pytest.raises(InvalidArgumentError, match="`tree` must.*Received: tree='heap'"):
        HierarchicalSoftmax(3, tree="heap")
    with pytest.raises(InvalidArgumentError, match="`counts` must.*Received: "):
        HierarchicalSoftmax(3, tree="huffman", counts=[1, 2])
    with pytest.raises(InvalidArgumentError, match="`num_classes` must"):
        HierarchicalSoftmax(0, tree=[])


def test_complexity_is_text():
    texts = {kind: HierarchicalSoftmax(10, **OPTIONS[kind]).complexity for kind in KINDS}
    assert texts["balanced"].training == "O(D log C)"
    assert texts["nested"].training == "O(D 12)"
    assert {text.inference for text in texts.values()} == {"O(C D)"}
    assert isinstance(HierarchicalSoftmax(3), Head)


@pytest.mark.parametrize("method", ["log_prob", "top_k"])
def test_methods_build_the_head_on_first_use(method):
    head = HierarchicalSoftmax(7)
    getattr(head, method)(features(3, 4))
    assert head.built and head.class_embeddings.shape == (6, 4)
