"""SampledSoftmax: trains on a few classes, evaluates on all of them."""

import json

import keras
import numpy as np
import pytest
import reference
from backend import NAME, gradient, quick, random_scores, to_numpy
from keras import ops

import kerasoft
from kerasoft.errors import InvalidArgumentError
from kerasoft.heads import Head
from kerasoft.heads.sampled_softmax import SampledPlan, SampledSoftmax

C, D, N = 23, 4, 5
SAMPLERS = {
    "log_uniform": {},
    "uniform": {"sampler": "uniform"},
    "unigram": {"sampler": "unigram", "counts": list(range(C))},
    "given": {"sampler": [1.0 + k**2 for k in range(C)]},
}


def built(num_classes=C, dimensions=D, seed=0, **options):
    """A head whose embeddings and biases are random numbers."""
    head = SampledSoftmax(num_classes, seed=seed, **options)
    head.build((None, dimensions))
    rng = np.random.default_rng(0)
    head.class_embeddings.assign(rng.normal(size=(num_classes, dimensions)))
    if head.use_bias:
        head.bias.assign(rng.normal(size=num_classes))
    return head


def features(*shape, scale=1.0):
    return ops.convert_to_tensor(random_scores(shape, scale, 1), dtype="float32")


def tables(head):
    return to_numpy(head.class_embeddings), to_numpy(head.bias)


def full_scores(head, x):
    embeddings, bias = tables(head)
    return to_numpy(x) @ embeddings.T + bias


def plan_of(labels, candidates, log_count):
    """A plan with these labels (N, T) and candidates, and the log counts of all classes."""
    rows = np.concatenate([labels.reshape(-1), candidates]).astype("int32")
    float32 = np.asarray(log_count, "float32")
    return SampledPlan(*map(ops.convert_to_tensor, (rows, float32[labels], float32[candidates])))


def truth(x, embeddings, bias, labels, candidates, log_count, remove=True):
    """The sampled loss (N,) in float64."""
    scores = x @ embeddings.T + bias - log_count
    true, sampled = np.take_along_axis(scores, labels, -1), scores[:, candidates]
    hits = (labels[:, :, None] == candidates).any(1)
    sampled = np.where(hits & remove, -np.inf, sampled)
    every = np.concatenate([true, sampled], -1)
    highest = every.max(-1, keepdims=True)
    return (highest + np.log(np.exp(every - highest).sum(-1, keepdims=True)))[:, 0] - true.mean(-1)


def row_loss(head, plan):
    """`row_loss` as a function of features and both tables."""
    rows = plan.rows

    def loss(x, embeddings, bias):
        gathered = ops.take(embeddings, rows, axis=0), ops.take(bias, rows, axis=0)
        return head.row_loss(x, *gathered, plan)

    return loss


def gradients(loss, arrays):
    """The gradients of the sum of `loss` with respect to each of its arguments."""
    found = []
    for i in range(len(arrays)):

        def total(one, i=i):
            rest = [ops.convert_to_tensor(array, "float32") for array in arrays]
            rest[i] = one
            return ops.sum(loss(*rest))

        found.append(gradient(total, arrays[i]))
    return found


LABELS = np.array([[0, 5], [22, 1], [3, 4], [7, 8], [9, 10]])
CANDIDATES = np.array([0, 1, 3, 4, 12, 15, 21])  # labels of some examples among them
LOG_COUNT = np.log(np.random.default_rng(3).uniform(0.01, 1.0, C))


@pytest.mark.parametrize("remove", [True, False])
@pytest.mark.parametrize("num_true", [1, 2])
def test_loss_and_gradients_of_given_candidates(num_true, remove):
    head = built(num_sampled=7, num_true=num_true, remove_accidental_hits=remove)
    labels = LABELS[:, :num_true]
    arrays = [to_numpy(features(N, D)), *tables(head)]
    fixed = (labels, CANDIDATES, LOG_COUNT, remove)
    loss = row_loss(head, plan_of(labels, CANDIDATES, LOG_COUNT))
    found = quick(loss)(*(ops.convert_to_tensor(array, "float32") for array in arrays))
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_allclose(to_numpy(found), truth(*arrays, *fixed), rtol=1e-5)
    for i, slope in enumerate(gradients(loss, arrays)):

        def total(one, i=i):
            return truth(*arrays[:i], one, *arrays[i + 1 :], *fixed).sum()

        np.testing.assert_allclose(slope, reference.finite_difference(total, arrays[i]), atol=1e-5)


@pytest.mark.skipif(NAME != "tensorflow", reason="compares with tf.nn")
@pytest.mark.parametrize("remove", [True, False])
@pytest.mark.parametrize("num_true", [1, 2])
def test_agrees_with_tensorflow(num_true, remove):
    import tensorflow as tf

    head = built(num_sampled=7, num_true=num_true, remove_accidental_hits=remove)
    labels = LABELS[:, :num_true]
    counts = np.exp(LOG_COUNT).astype("float32")

    def peer(x, embeddings, bias):
        drawn = (CANDIDATES, counts[labels], counts[CANDIDATES])
        return tf.nn.sampled_softmax_loss(
            embeddings, bias, labels, x, 7, C, num_true, drawn, remove_accidental_hits=remove
        )

    arrays = [to_numpy(features(N, D)), *tables(head)]
    loss = row_loss(head, plan_of(labels, CANDIDATES, LOG_COUNT))
    tensors = [ops.convert_to_tensor(array, "float32") for array in arrays]
    np.testing.assert_allclose(to_numpy(loss(*tensors)), to_numpy(peer(*tensors)), atol=1e-5)
    for found, expected in zip(gradients(loss, arrays), gradients(peer, arrays), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", SAMPLERS)
def test_all_classes_sampled_is_the_full_softmax(name):
    head, x, labels = built(num_sampled=C, **SAMPLERS[name]), features(N, D), LABELS[:, 0]
    log_p = reference.log_softmax(full_scores(head, x))
    expected = -log_p[range(N), labels]
    np.testing.assert_allclose(to_numpy(head.loss(x, labels, training=True)), expected, atol=1e-5)
    np.testing.assert_allclose(to_numpy(head.loss(x, labels)), expected, atol=1e-5)
    plan = head.plan(ops.convert_to_tensor(labels, "int32"), True)
    assert not to_numpy(plan.true_log_counts).any() and not to_numpy(plan.sampled_log_counts).any()
    arrays = [to_numpy(x), *tables(head)]
    slope = np.exp(log_p) - reference.one_hot(labels, C)
    found = gradients(row_loss(head, plan), arrays)
    for one, other in zip(
        found, [slope @ arrays[1], slope.T @ arrays[0], slope.sum(0)], strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("sampler", ["log_uniform", "uniform"])
def test_bias_of_the_gradient_shrinks(sampler):
    """The mean of p - y over many samples, against that of the full softmax."""
    draws, classes, label = 4000, 50, 5
    scores = random_scores((classes,), 1.0, 4)
    bias = []
    for num_sampled in (3, 12, 48, 50):
        head = SampledSoftmax(classes, num_sampled, sampler)
        head.sampler.build()
        points = keras.random.uniform((draws, num_sampled), seed=1)
        hits = to_numpy(quick(head.sampler.classes_at)(points))
        chosen = np.zeros((draws, classes), bool)
        np.put_along_axis(chosen, hits, True, axis=-1)
        chosen[:, label] = True
        logits = scores - to_numpy(head.sampler.log_expected_count(ops.arange(classes)))
        mean = reference.softmax(np.where(chosen, logits, -np.inf)).mean(0)
        bias.append(np.abs(mean - reference.softmax(scores)).sum())
    assert bias[0] > 2 * bias[1] > 4 * bias[2] and bias[3] < 1e-6


def test_accidental_hits():
    options = {"num_classes": C, "num_sampled": 3}
    labels, hits = np.array([[3]]), np.array([3, 3, 3])
    for remove, expected in ((True, 0.0), (False, np.log(4.0))):
        head = built(**options, remove_accidental_hits=remove)
        loss = row_loss(head, plan_of(labels, hits, LOG_COUNT))
        found = loss(features(1, D), head.class_embeddings.value, head.bias.value)
        np.testing.assert_allclose(to_numpy(found), expected, atol=1e-6)


def test_candidates_drawn_twice_count_once():
    for remove in (True, False):
        head = built(num_sampled=3, remove_accidental_hits=remove)
        labels, twice = np.array([[3], [4]]), np.array([6, 7, 7])
        plan = plan_of(labels, twice, LOG_COUNT)
        plan = plan._replace(rows=ops.convert_to_tensor(np.array([3, 4, 6, 7, -1], "int32")))
        arrays = [to_numpy(features(2, D)), *tables(head)]
        gathered = [arrays[i][[3, 4, 6, 7, 0]].astype("float32") for i in (1, 2)]
        found = head.row_loss(features(2, D), *map(ops.convert_to_tensor, gathered), plan)
        expected = truth(*arrays, labels, np.array([6, 7]), LOG_COUNT)
        np.testing.assert_allclose(to_numpy(found), expected, rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_no_worse_than_the_plain_formula(policy):
    head, dtype = built(dimensions=64, num_sampled=7, dtype=policy), policy.removeprefix("mixed_")
    labels = np.arange(200)[:, None] % C
    x = ops.cast(features(200, 64), dtype)
    arrays = [to_numpy(x), *tables(head)]
    exact = truth(*arrays, labels, CANDIDATES, LOG_COUNT)

    def plain(x, embeddings, bias):
        x, embeddings, bias = (ops.cast(one, dtype) for one in (x, embeddings, bias))
        scores = ops.matmul(x, ops.transpose(embeddings)) + bias - ops.cast(LOG_COUNT, dtype)
        true = ops.take_along_axis(scores, ops.convert_to_tensor(labels), axis=-1)
        hits = ops.convert_to_tensor(labels == CANDIDATES)
        sampled = ops.where(hits, float("-inf"), ops.take(scores, CANDIDATES, axis=-1))
        return ops.logsumexp(ops.concatenate([true, sampled], -1), axis=-1) - true[:, 0]

    loss = row_loss(head, plan_of(labels, CANDIDATES, LOG_COUNT))
    weights = head.class_embeddings.value, head.bias.value
    found, rival = (to_numpy(quick(one)(x, *weights)) for one in (loss, plain))
    assert np.abs(found - exact).mean() <= np.abs(rival - exact).mean()
    for training in (True, False):
        value = head.loss(x, labels[:, 0], training=training)
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
        assert np.isfinite(to_numpy(value)).all()


def test_scores_of_a_hundred_thousand():
    head, x, labels = built(num_sampled=7), features(N, D, scale=1e5), LABELS[:, :1]
    arrays = [to_numpy(x), *tables(head)]
    loss = row_loss(head, plan_of(labels, CANDIDATES, LOG_COUNT))
    expected = truth(*arrays, labels, CANDIDATES, LOG_COUNT)
    found = loss(x, head.class_embeddings.value, head.bias.value)
    np.testing.assert_allclose(to_numpy(found), expected, rtol=1e-6, atol=0.1)
    assert all(np.isfinite(one).all() for one in gradients(loss, arrays))
    expected = -reference.log_softmax(full_scores(head, x))[range(N), labels[:, 0]]
    np.testing.assert_allclose(to_numpy(head.loss(x, labels)), expected, rtol=1e-6, atol=0.1)


def test_evaluation_by_chunks_is_that_of_all_classes():
    x, labels = features(2, 3, D), np.array([[0, 1, 22], [7, 13, 14]])
    whole = built(num_sampled=4)
    for chunk_size in (1, 5, 22, 23, 99):
        head = built(num_sampled=4, chunk_size=chunk_size)
        loss, best = quick(lambda x, head=head: (head.loss(x, labels), head.top_k(x, 6)))(x)
        log_p = to_numpy(head.log_prob(x))
        expected = -np.take_along_axis(log_p, labels[..., None], -1)[..., 0]
        np.testing.assert_allclose(to_numpy(loss), expected, atol=1e-5)
        values, ids = Head.top_k(whole, x, 6)
        np.testing.assert_array_equal(to_numpy(best[1]), to_numpy(ids))
        np.testing.assert_allclose(to_numpy(best[0]), to_numpy(values), atol=1e-5)
    with pytest.raises(InvalidArgumentError, match="`k` must be .* 1 and 23.*Received: k=24"):
        built(chunk_size=5).top_k(x, 24)


def test_chunks_stay_small():
    head = SampledSoftmax(10**6, 10)
    assert head._chunk_size(features(64, D)) == 2**18
    assert head._chunk_size(features(2, 32, D)) == 2**18
    assert head._chunk_size(keras.KerasTensor((None, D))) == 2**16
    assert SampledSoftmax(10**6, 10, chunk_size=77)._chunk_size(features(64, D)) == 77


def test_probabilities_sum_to_one():
    sizes = [1, 2, 3, 64] if NAME == "jax" else list(range(1, 65))
    for num_classes in (*sizes, 100, 1000, 10007):
        head = built(num_classes, num_sampled=min(num_classes, 3))
        log_p = to_numpy(head.log_prob(features(3, D)))
        assert log_p.shape == (3, num_classes)
        np.testing.assert_allclose(np.exp(log_p).sum(-1), 1.0, atol=1e-5)


def test_calls_give_all_probabilities():
    head, x = built(num_sampled=3), features(2, 3, D)
    expected = reference.softmax(full_scores(head, x))
    for training in (True, False):
        np.testing.assert_allclose(to_numpy(head(x, training=training)), expected, rtol=1e-5)
    assert tuple(head.compute_output_shape((2, 3, D))) == (2, 3, C)


def test_samples_are_fresh_and_seeds_repeat_them():
    x, labels = features(N, D), LABELS[:, 0]
    first, again, other = (built(num_sampled=5, seed=seed) for seed in (1, 1, 2))
    losses = [to_numpy(first.loss(x, labels, training=True)) for _ in range(2)]
    assert (losses[0] != losses[1]).any()
    repeated = [to_numpy(again.loss(x, labels, training=True)) for _ in range(2)]
    np.testing.assert_array_equal(repeated, losses)
    assert (to_numpy(other.loss(x, labels, training=True)) != losses[0]).any()


def test_samples_are_fresh_in_every_compiled_step():
    head = SampledSoftmax(C, 2, row_optimizer=None, seed=0)
    model = kerasoft.Classifier(keras.Sequential([keras.layers.Identity()]), head)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    data = to_numpy(features(N, D)).astype("float32"), LABELS[:, 0]
    losses = model.fit(*data, epochs=3, batch_size=N, verbose=0).history["loss"]
    assert len(set(losses)) == 3


def test_several_true_classes():
    head, x = built(num_sampled=C, num_true=2, ignore_class=-1), features(5, 1, D)
    labels = LABELS[:, None, :]
    log_p = reference.log_softmax(full_scores(head, x))
    expected = -np.take_along_axis(log_p, labels, -1).mean(-1)
    for training in (True, False):
        found = to_numpy(head.loss(x, labels, training=training))
        np.testing.assert_allclose(found, expected, atol=1e-5)
        none = labels.copy()
        none[0], none[1, 0, 1], none[2, 0, 0] = -1, C, -1
        found = to_numpy(head.loss(x, none, training=training))
        assert found[0] == 0.0 and np.isnan(found[1:3]).all()
        np.testing.assert_allclose(found[3:], expected[3:], atol=1e-5)
    for shape in ((5, 1), (5, 1, 3), (5, 2), (5, 1, 1, 2)):
        with pytest.raises(InvalidArgumentError, match="`labels` must be 2 class ids an example"):
            head.loss(x, np.zeros(shape, "int32"))


def test_labels_of_every_form():
    head, x = built(num_sampled=4, ignore_class=2), features(N, D)
    labels = np.array([0, 2, 1, 9, 7])
    log_p = reference.log_softmax(full_scores(head, x))
    expected = np.where(labels == 2, 0.0, -log_p[range(N), labels])
    for form in (labels, labels[:, None], labels.astype("uint8"), reference.one_hot(labels, C)):
        found = to_numpy(head.loss(x, form))
        np.testing.assert_allclose(found, expected, atol=1e-5)
    found = to_numpy(head.loss(x, labels, training=True))
    assert found[1] == 0.0 and (np.delete(found, 1) > 0.0).all()
    found = to_numpy(head.loss(x, [0, 2, -1, C, 7], training=True))
    np.testing.assert_array_equal(np.isnan(found), [False, False, True, True, False])


def test_ignored_labels_touch_no_row():
    head = built(num_sampled=2)
    rows = to_numpy(head.plan(ops.convert_to_tensor([4, -1, 5], "int32"), True).rows)
    assert rows.dtype == "int32" and rows.shape == (5,)
    np.testing.assert_array_equal(rows[:3], [4, -1, 5])
    assert ((rows[3:] >= -1) & (rows[3:] < C)).all()


def test_update_changes_the_rows_of_the_step_alone():
    head, x, labels = built(num_sampled=3, row_optimizer="sgd"), features(N, D), LABELS[:, 0]
    before, _ = tables(head)
    assert not head.trainable_variables
    head.update(x, labels, ops.ones((N,)))
    changed = (tables(head)[0] != before).any(-1)
    assert changed[labels].all() and changed.sum() <= N + 3


@pytest.mark.parametrize("name", SAMPLERS)
def test_config_and_weights_survive(name, tmp_path):
    head = built(num_sampled=5, num_true=1, chunk_size=9, use_bias=False, **SAMPLERS[name])
    config = json.loads(json.dumps(head.get_config()))
    again = SampledSoftmax.from_config(config)
    assert again.get_config() == head.get_config() and again.num_sampled == 5
    keras.Sequential([keras.Input((D,)), head]).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = features(2, D)
    np.testing.assert_array_equal(to_numpy(loaded(x)), to_numpy(head(x)))
    for table in ("bounds", "starts", "log_inclusion"):
        one, other = (getattr(one.sampler, table) for one in (head, loaded.layers[-1]))
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))


def test_weights_load_into_a_head_with_another_sampler(tmp_path):
    head, other = built(num_sampled=5), SampledSoftmax(C, 8, "uniform")
    keras.Sequential([keras.Input((D,)), head]).save_weights(tmp_path / "a.weights.h5")
    keras.Sequential([keras.Input((D,)), other]).load_weights(tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(to_numpy(other.class_embeddings), to_numpy(head.class_embeddings))
    uniform = SampledSoftmax(C, 8, "uniform").sampler._strata
    np.testing.assert_array_equal(to_numpy(other.sampler.starts), uniform.starts)


def test_defaults():
    assert SampledSoftmax(5).num_sampled == 5
    assert SampledSoftmax(5000).num_sampled == 1024
    assert SampledSoftmax(5).complexity.training == "O(D S + S log C)"


@pytest.mark.parametrize(
    "options",
    [
        {"num_sampled": 0},
        {"num_sampled": 11},
        {"num_sampled": 2.0},
        {"num_sampled": True},
        {"num_true": 0},
        {"num_true": 11},
        {"chunk_size": 0},
        {"chunk_size": 1.5},
        {"sampler": "zipf"},
        {"sampler": [1.0, 2.0]},
        {"sampler": [0.0] * 10},
        {"sampler": "unigram"},
        {"counts": [1] * 10},
    ],
)
def test_what_is_not_allowed(options):
    name = next(iter(options))
    with pytest.raises(InvalidArgumentError, match="must be") as error:
        SampledSoftmax(10, **options)
    assert f"{name}={options[name]!r}" in str(error.value).split("Received: ")[1]
