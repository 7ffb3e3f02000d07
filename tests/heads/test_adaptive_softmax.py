"""AdaptiveSoftmax: a distribution in two steps, exact, at the cost of the label's cluster."""

import json

import keras
import numpy as np
import pytest
from backend import NAME, compiled, gradient, quick, random_scores, to_numpy
from keras import ops
from keras.src.testing import TestCase

from kerasoft.errors import InvalidArgumentError
from kerasoft.heads import adaptive_softmax
from kerasoft.heads.adaptive_softmax import AdaptiveSoftmax


def built(num_classes, dimensions=8, **options):
    """A head whose trained weights are random numbers."""
    options = {"div_value": 2.0, **options}
    head = AdaptiveSoftmax(num_classes, **options)
    head.build((None, dimensions))
    rng = np.random.default_rng(0)
    for weight in head.trainable_variables:
        weight.assign(rng.normal(size=weight.shape))
    return head


def features(*shape, seed=1):
    return ops.convert_to_tensor(random_scores(shape, 1.0, seed), dtype="float32")


def log_prob_and_loss(head, x, labels, run=quick):
    return map(to_numpy, run(lambda x: (head.log_prob(x), head.loss(x, labels)))(x))


def some_cutoffs(num_classes):
    """Three, or as many as fit."""
    return sorted({max(num_classes * share // 10, 1) for share in (2, 4, 7)} - {num_classes})


def test_keras_accepts_it():
    case = TestCase()
    case.setUp()
    case.run_layer_test(
        AdaptiveSoftmax,
        {"num_classes": 5, "cutoffs": [2], "div_value": 2.0, "counts": [1, 2, 3, 4, 5]},
        input_shape=(2, 4),
        expected_output_shape=(2, 5),
        expected_num_trainable_weights=3,
        expected_num_non_trainable_weights=1,
        expected_num_seed_generators=0,
        expected_num_losses=0,
        run_mixed_precision_check=False,  # it wants half precision out, and heads give float32
    )


@pytest.mark.parametrize("num_classes", [1, 2, 3, 7, 64, 100, 1000, 10_007])
def test_loss_is_the_negative_log_of_what_sums_to_one(num_classes):
    head, x = built(num_classes, cutoffs=some_cutoffs(num_classes), head_bias=True), features(9, 8)
    labels = np.linspace(0, num_classes - 1, 9).round().astype("int32")
    log_p, loss = log_prob_and_loss(head, x, labels)
    assert log_p.shape == (9, num_classes)
    np.testing.assert_allclose(np.exp(log_p).sum(-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(loss, -log_p[np.arange(9), labels], rtol=1e-5, atol=1e-5)


def test_every_number_of_classes_sums_to_one():
    step = 9 if NAME == "jax" else 1  # which compiles every shape anew
    many = [built(c, cutoffs=some_cutoffs(c)) for c in range(1, 65, step)]
    for log_p in quick(lambda x: [head.log_prob(x) for head in many])(features(2, 8)):
        np.testing.assert_allclose(np.exp(to_numpy(log_p)).sum(-1), 1.0, atol=1e-5)


def torch_twin(head):
    """PyTorch's module with the same weights, and its parameters in the order of the head's."""
    import torch

    head_embeddings, *rest = (to_numpy(weight) for weight in head.trainable_variables)
    bias = rest.pop(0) if head.head_bias else None
    twin = torch.nn.AdaptiveLogSoftmaxWithLoss(
        head_embeddings.shape[1], head.num_classes, head.cutoffs, head.div_value, head.head_bias
    )
    layers = [twin.head, *(layer for tail in twin.tail for layer in tail)]
    for layer, weight in zip(layers, [head_embeddings, *rest], strict=True):
        layer.weight.data = torch.tensor(weight, dtype=torch.float32)
    if bias is not None:
        twin.head.bias.data = torch.tensor(bias, dtype=torch.float32)
    parameters = [layer.weight for layer in layers]
    return twin, parameters[:1] + ([twin.head.bias] if bias is not None else []) + parameters[1:]


def _pulled_torch(head, x, labels, upstream):
    x = x.detach().requires_grad_()
    loss = head.loss(x, labels)
    (loss * ops.convert_to_tensor(upstream)).sum().backward()
    return loss, [x.grad, *(weight.value.grad for weight in head.trainable_variables)]


def _pulled_tensorflow(head, x, labels, upstream):
    import tensorflow as tf

    @tf.function(jit_compile=True)
    def both(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = head.loss(x, labels)
            total = tf.reduce_sum(loss * upstream)
        weights = [weight.value for weight in head.trainable_variables]
        return loss, tape.gradient(total, [x, *weights])

    return both(x)


def _pulled_jax(head, x, labels, upstream):
    import jax

    def loss(x, weights):
        with keras.StatelessScope(zip(head.trainable_variables, weights, strict=True)):
            return head.loss(x, labels)

    def both(x, weights):
        values, pull = jax.vjp(loss, x, weights)
        by_x, by_weights = pull(upstream)
        return values, [by_x, *by_weights]

    return jax.jit(both)(x, [weight.value for weight in head.trainable_variables])


def pulled(*arguments):
    """The loss, and the gradients of its weighted sum in the features and in every weight."""
    if NAME == "torch":
        return _pulled_torch(*arguments)
    return (_pulled_tensorflow if NAME == "tensorflow" else _pulled_jax)(*arguments)


@pytest.mark.parametrize("head_bias", [False, True])
def test_equals_pytorch_in_loss_and_all_gradients(head_bias):
    torch = pytest.importorskip("torch")
    head, x = built(300, 16, cutoffs=[20, 60, 150], head_bias=head_bias), features(40, 16)
    rng = np.random.default_rng(2)
    labels = np.r_[rng.integers(0, 300, 38), 0, 299].astype("int32")
    upstream = rng.normal(size=40).astype("float32")
    twin, parameters = torch_twin(head)
    theirs = torch.tensor(to_numpy(x), dtype=torch.float32, requires_grad=True)
    right = -twin(theirs, torch.tensor(labels).long()).output
    (right * torch.tensor(upstream)).sum().backward()
    found, gradients = pulled(head, x, labels, upstream)
    np.testing.assert_allclose(to_numpy(found), right.detach().numpy(), rtol=1e-5, atol=1e-5)
    for one, other in zip(gradients, [theirs, *parameters], strict=True):
        np.testing.assert_allclose(to_numpy(one), other.grad.numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        to_numpy(head.log_prob(x)), twin.log_prob(theirs).detach().numpy(), rtol=2e-6, atol=1e-5
    )


def test_a_cluster_without_labels_gets_no_gradient():
    head, x = built(30, cutoffs=[5, 10, 20]), features(6, 8)
    labels = np.array([0, 4, 25, 29, 20, 3], "int32")  # none in 5 to 19
    _, gradients = pulled(head, x, labels, np.ones(6, "float32"))
    is_zero = [not to_numpy(one).any() for one in gradients[2:]]
    assert is_zero == [True, True, True, True, False, False]


def test_what_a_step_computes_follows_the_labels(monkeypatch):
    head, x = built(30, cutoffs=[5, 10]), features(4, 8)
    seen = []

    def watched(features, embeddings, ids):
        seen.append(to_numpy(ids).tolist())
        return ops.zeros((4,))

    monkeypatch.setattr(adaptive_softmax, "masked_linear_cross_entropy", watched)
    head.loss(x, np.array([2, 7, 29, 10]))
    assert seen == [[-1, 2, -1, -1], [-1, -1, 19, 0]]


@pytest.mark.parametrize("labels", [[0, 1, 4, 2], [5, 6, 9, 7], [29, 10, 11, 29]])
def test_all_labels_in_one_place(labels):
    head, x = built(30, cutoffs=[5, 10]), features(4, 8)
    log_p, loss = log_prob_and_loss(head, x, np.array(labels))
    np.testing.assert_allclose(loss, -log_p[np.arange(4), labels], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("run", [compiled] if NAME == "jax" else [compiled, lambda f: f])
def test_features_of_any_rank(run):
    head = built(30, cutoffs=[5, 10])
    log_p, loss = log_prob_and_loss(head, features(8), np.array(29), run)
    np.testing.assert_allclose(loss, -log_p[29], rtol=1e-5)
    log_p, loss = log_prob_and_loss(head, features(2, 2, 8), np.array([[1, 8], [15, 29]]), run)
    right = -log_p[[0, 0, 1, 1], [0, 1, 0, 1], [1, 8, 15, 29]]
    np.testing.assert_allclose(loss.ravel(), right, rtol=1e-5, atol=1e-5)


def test_without_cutoffs_it_is_a_plain_softmax():
    head, x = built(6, cutoffs=[]), features(4, 8)
    assert [tuple(weight.shape) for weight in head.weights] == [(6, 8)]
    scores = to_numpy(x) @ head.get_weights()[0].astype("float64").T
    np.testing.assert_allclose(
        to_numpy(quick(head.log_prob)(x)),
        scores - np.log(np.exp(scores).sum(-1, keepdims=True)),
        atol=1e-5,
    )


def test_weights():
    head = built(100, dimensions=32, div_value=4.0, cutoffs=[10, 40], head_bias=True)
    assert {weight.name: tuple(weight.shape) for weight in head.weights} == {
        "head_embeddings": (12, 32),
        "head_bias": (12,),
        "tail_0_projection": (8, 32),
        "tail_0_embeddings": (30, 8),
        "tail_1_projection": (2, 32),
        "tail_1_embeddings": (60, 2),
    }


def test_counts_let_class_ids_be_in_any_order():
    counts = [5.0, 1.0, 9.0, 1.0, 7.0, 0.0]
    order = [2, 4, 0, 1, 3, 5]  # of equal counts the smaller id first
    ranked, x = built(6, cutoffs=[2, 4]), features(6, 8)
    head = built(6, cutoffs=[2, 4], counts=counts)
    head.set_weights([*ranked.get_weights(), head.get_weights()[-1]])
    log_p, loss = log_prob_and_loss(head, x, np.arange(6))
    np.testing.assert_array_equal(log_p[:, order], to_numpy(quick(ranked.log_prob)(x)))
    np.testing.assert_allclose(loss, -log_p[np.arange(6), np.arange(6)], rtol=1e-5, atol=1e-5)
    assert head.get_config()["counts"] == counts


def test_auto_is_settled_when_built():
    head = AdaptiveSoftmax(100_000)
    assert head.cutoffs == head.get_config()["cutoffs"] == "auto"
    head.build((None, 64))
    assert head.cutoffs == head.get_config()["cutoffs"] and len(head.cutoffs) == 3
    skewed = AdaptiveSoftmax(1000, counts=[1e-6] * 990 + [1.0] * 10)
    skewed.build((None, 64))
    assert skewed.cutoffs == [10]
    few = AdaptiveSoftmax(20)
    few.build((None, 64))
    assert few.cutoffs == []


def test_ignored_examples_count_nothing():
    head, x = built(30, cutoffs=[5, 10], ignore_class=-1), features(4, 8)
    whole = built(30, cutoffs=[5, 10])
    labels, upstream = np.array([3, -1, 12, -1]), np.ones(4, "float32")
    found, gradients = pulled(head, x, labels, upstream)
    right, others = pulled(whole, x[::2], labels[::2], upstream[::2])
    np.testing.assert_allclose(to_numpy(found)[::2], to_numpy(right), rtol=1e-6)
    np.testing.assert_array_equal(to_numpy(found)[1::2], 0.0)
    np.testing.assert_array_equal(to_numpy(gradients[0])[1::2], 0.0)
    for one, other in zip(gradients[1:], others[1:], strict=True):
        np.testing.assert_allclose(to_numpy(one), to_numpy(other), rtol=1e-5, atol=1e-6)


def test_a_label_that_is_no_class_gives_nan_there_only():
    head, x = built(30, cutoffs=[5, 10]), features(3, 8)
    loss = to_numpy(quick(lambda x: head.loss(x, np.array([3, 30, 12])))(x))
    assert np.isnan(loss).tolist() == [False, True, False]


def test_one_weight_a_class():
    head, x = built(30, cutoffs=[5, 10]), features(3, 8)
    labels = np.array([3, 29, 7])
    found = quick(lambda x: head.loss(x, np.eye(30, dtype="float32")[labels]))(x)
    right = quick(lambda x: head.loss(x, labels))(x)
    np.testing.assert_allclose(to_numpy(found), to_numpy(right), rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_gives_float32(policy):
    head, x = built(100, 16, cutoffs=[10, 40], dtype=policy), features(8, 16)
    exact, labels = built(100, 16, cutoffs=[10, 40]), np.array([0, 9, 10, 39, 40, 99, 5, 50])
    half = ops.cast(x, policy.removeprefix("mixed_"))
    outputs = quick(lambda x: (head.log_prob(x), head.loss(x, labels)))(half)
    for one in outputs:
        assert keras.backend.standardize_dtype(one.dtype) == "float32"
    log_p, loss = map(to_numpy, outputs)
    np.testing.assert_allclose(np.exp(log_p).sum(-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(loss, -log_p[np.arange(8), labels], rtol=0.02, atol=0.02)
    right = to_numpy(quick(exact.log_prob)(x))
    np.testing.assert_allclose(log_p, right, rtol=0.05, atol=0.3)
    assert all(weight.dtype == "float32" for weight in head.trainable_variables)


def test_confidently_wrong_keeps_its_gradient():
    head = AdaptiveSoftmax(4, cutoffs=[2], div_value=1.0)
    head.build((None, 1))
    weights = [[[1.0], [0.0], [-1.0]], [[1.0]], [[1.0], [-1.0]]]
    head.set_weights([np.array(weight) for weight in weights])
    found = gradient(lambda x: ops.sum(head.loss(x, [3])), [[1000.0]])
    np.testing.assert_allclose(found, [[2.0 + 2.0]])


def test_top_k():
    head, x = built(30, cutoffs=[5, 10], counts=np.arange(30)), features(5, 8)
    log_p = to_numpy(quick(head.log_prob)(x))
    values, ids = quick(lambda x: head.top_k(x, 3))(x)
    np.testing.assert_array_equal(to_numpy(ids), np.argsort(-log_p, axis=-1)[:, :3])
    np.testing.assert_allclose(to_numpy(values), -np.sort(-log_p, axis=-1)[:, :3], rtol=1e-6)


@pytest.mark.parametrize("counts", [None, [3, 1, 4, 1, 5, 9, 2, 6]])
def test_config_and_weights_survive(counts, tmp_path):
    head = built(8, cutoffs=(2, 4), counts=counts, head_bias=True, ignore_class=-1, name="h")
    config = json.loads(json.dumps(head.get_config()))
    assert AdaptiveSoftmax.from_config(config).get_config() == head.get_config() == config
    model = keras.Sequential([keras.Input((8,)), head])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(to_numpy(loaded(features(2, 8))), to_numpy(head(features(2, 8))))


@pytest.mark.parametrize(
    "cutoffs", [[0, 2], [2, 2], [3, 2], [2, 10], [2.0], [True], ["2"], "Auto", None, 3, [-1]]
)
def test_cutoffs_that_are_not_allowed(cutoffs):
    with pytest.raises(InvalidArgumentError, match="`cutoffs` must be") as error:
        AdaptiveSoftmax(10, cutoffs=cutoffs)
    assert str(error.value).endswith(f"Received: cutoffs={cutoffs!r}")


@pytest.mark.parametrize("div_value", [0, -1.0, float("nan"), float("inf"), "4", None, True])
def test_div_value_that_is_not_allowed(div_value):
    with pytest.raises(InvalidArgumentError, match="`div_value` must be") as error:
        AdaptiveSoftmax(10, div_value=div_value)
    assert str(error.value).endswith(f"Received: div_value={div_value!r}")


def test_a_cluster_without_dimensions_is_not_allowed():
    head = AdaptiveSoftmax(10, cutoffs=[2, 4, 6], div_value=4.0)
    with pytest.raises(InvalidArgumentError, match="`div_value` must leave") as error:
        head.build((None, 16))
    assert str(error.value).endswith("Received: div_value=4.0, cluster=2, D=16")


@pytest.mark.parametrize(
    ("counts", "received"),
    [
        ([1, 2], "counts_shape=(2,)"),
        ([[1], [2], [3]], "counts_shape=(3, 1)"),
        (["a", 1, 2], "counts_shape=()"),
        ([1, -2, 3], "counts=[-2.0]"),
        ([1, float("nan"), 3], "counts=[nan]"),
        ([1, float("inf"), 3], "counts=[inf]"),
        ([0, 0, 0], "counts='zeros'"),
    ],
)
def test_counts_that_are_not_allowed(counts, received):
    with pytest.raises(InvalidArgumentError, match="`counts` must be") as error:
        AdaptiveSoftmax(3, counts=counts)
    assert str(error.value).endswith(f"Received: {received}")


def test_complexity_is_text():
    complexity = AdaptiveSoftmax(3).complexity
    assert complexity.training.startswith("O(D")
    assert complexity.inference == complexity.parameters
