"""SoftmaxHead: features to float32 probabilities, with a loss that never loses its gradient."""

import sys

import keras
import numpy as np
import pytest
import reference
from backend import gradient, quick, random_scores, to_numpy
from keras import ops
from keras.src.testing import TestCase

from kerasoft import Classifier, classifier, heads, layers
from kerasoft.errors import InvalidArgumentError
from kerasoft.heads import Head, SoftmaxHead, softmax_head

NAMES = ["softmax", "log_softmax", "pseudo", "gumbel", "log_gumbel"]


def built(num_classes, dimensions=4, **options):
    """A head whose weights are random numbers."""
    head = SoftmaxHead(num_classes, **options)
    head.build((None, dimensions))
    rng = np.random.default_rng(0)
    head.set_weights([rng.normal(size=weight.shape) for weight in head.get_weights()])
    return head


def features(*shape, seed=1):
    return ops.convert_to_tensor(random_scores(shape, 1.0, seed), dtype="float32")


def test_keras_accepts_it():
    case = TestCase()
    case.setUp()
    case.run_layer_test(
        SoftmaxHead,
        {"num_classes": 3, "softmax": layers.GumbelSoftmax(seed=0)},
        input_shape=(2, 4),
        expected_output_shape=(2, 3),
        expected_num_trainable_weights=2,
        expected_num_non_trainable_weights=0,
        expected_num_seed_generators=1,
        expected_num_losses=0,
        run_mixed_precision_check=False,  # it wants half precision out, and heads give float32
    )


@pytest.mark.parametrize("num_classes", [1, 2, 3, 100])
@pytest.mark.parametrize("name", NAMES)
def test_probabilities_log_probabilities_and_loss(name, num_classes):
    head, x = built(num_classes, softmax=name), features(6, 4)
    labels = np.arange(6) % num_classes
    p, log_p, loss = quick(lambda x: (head(x), head.log_prob(x), head.loss(x, labels)))(x)
    for tensor, shape in ((p, (6, num_classes)), (log_p, (6, num_classes)), (loss, (6,))):
        assert keras.backend.standardize_dtype(tensor.dtype) == "float32"
        assert tuple(tensor.shape) == shape
    p, log_p = to_numpy(p), to_numpy(log_p)
    np.testing.assert_allclose(p.sum(-1), 1.0, atol=1e-6)
    np.testing.assert_allclose(np.exp(log_p), p, rtol=2e-6)
    np.testing.assert_array_equal(to_numpy(loss), -log_p[np.arange(6), labels])


def test_formula():
    head, x = built(3, softmax="softmax"), features(5, 4)
    embeddings, bias = (w.astype("float64") for w in head.get_weights())
    assert embeddings.shape == (3, 4) and bias.shape == (3,)
    scores = to_numpy(x) @ embeddings.T + bias
    np.testing.assert_allclose(to_numpy(head.scores(x)), scores, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(to_numpy(head(x)), reference.softmax(scores), rtol=1e-5)
    head = built(3, softmax="pseudo", use_bias=False)
    truth = reference.pseudo_softmax(to_numpy(x) @ head.get_weights()[0].astype("float64").T)
    np.testing.assert_allclose(to_numpy(head(x)), truth, rtol=1e-5)


@pytest.mark.parametrize("name", ["softmax", "gumbel", "entmax15"])
def test_label_smoothing_is_for_training_alone(name):
    layer = layers.get(name, seed=3) if name == "gumbel" else layers.get(name)
    smooth, x = built(5, softmax=layer, label_smoothing=0.2), features(6, 4)
    plain = built(5, softmax=type(layer).from_config(layer.get_config()))
    labels = np.arange(6) % 5
    soft = 0.8 * np.eye(5, dtype="float32")[labels] + 0.2 / 5
    found = to_numpy(smooth.loss(x, labels, training=True))
    expected = to_numpy(plain.loss(x, soft, training=True))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    expected = to_numpy(plain.loss(x, labels))
    np.testing.assert_allclose(to_numpy(smooth.loss(x, labels)), expected, rtol=1e-6)
    assert SoftmaxHead.from_config(smooth.get_config()).label_smoothing == 0.2


def test_label_smoothing_by_name_and_its_range():
    head = heads.get("gumbel", 5, label_smoothing=0.1, temperature=2.0)
    assert (head.label_smoothing, head.softmax.temperature) == (0.1, 2.0)
    with pytest.raises(InvalidArgumentError, match="`label_smoothing`.*Received"):
        SoftmaxHead(5, label_smoothing=1.0)


def test_features_of_any_rank():
    head, x = built(3, softmax="softmax"), features(2, 5, 4)
    labels = np.array([[0, 1, 2, 0, 1], [2, 2, 1, 0, 0]])
    assert tuple(head(x).shape) == tuple(head.compute_output_shape((2, 5, 4))) == (2, 5, 3)
    found = to_numpy(head.loss(x, labels))
    truth = -np.take_along_axis(to_numpy(head.log_prob(x)), labels[..., None], -1)[..., 0]
    np.testing.assert_array_equal(found, truth)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("name", NAMES)
def test_confidently_wrong_keeps_its_gradient(name, dtype):
    head = SoftmaxHead(3, softmax=name, use_bias=False, dtype=dtype)
    head.build((None, 3))
    head.set_weights([np.eye(3)])
    slope = np.log(2) if name == "pseudo" else 1.0
    for scores in ([40.0, 0.0, 0.0], [1000.0, 0.0, 0.0]):
        found = gradient(lambda x: ops.sum(head.loss(x, [1])), [scores])
        np.testing.assert_allclose(found, [[slope, -slope, 0.0]], rtol=2.0**-8, atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_gives_float32(policy):
    head, x = built(100, 16, softmax="gumbel", dtype=policy), features(8, 16)
    exact = built(100, 16, softmax="gumbel")
    half = ops.cast(x, policy.removeprefix("mixed_"))
    for outputs in (head(half), head(half, training=True), head.log_prob(half)):
        assert keras.backend.standardize_dtype(outputs.dtype) == "float32"
    np.testing.assert_allclose(to_numpy(head(half)).sum(-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(to_numpy(head(half)), to_numpy(exact(x)), rtol=0.2, atol=0.01)
    assert head(keras.KerasTensor((None, 16), dtype="bfloat16")).dtype == "float32"
    assert all(weight.dtype == "float32" for weight in head.trainable_variables)


@pytest.mark.parametrize("name", ["softmax", "log_gumbel"])
def test_top_k(name):
    head, x = built(7, softmax=name), features(5, 4)
    log_p = to_numpy(head.log_prob(x))
    for k in (1, 3, np.int64(7)):
        values, ids = head.top_k(x, k)
        order = np.argsort(-log_p, axis=-1)[:, :k]
        np.testing.assert_array_equal(to_numpy(ids), order)
        np.testing.assert_array_equal(to_numpy(values), np.take_along_axis(log_p, order, -1))


@pytest.mark.parametrize("k", [0, 8, -1, 1.5, "2"])
def test_k_that_is_not_allowed(k):
    with pytest.raises(InvalidArgumentError, match="`k` must be") as error:
        built(7).top_k(features(5, 4), k)
    assert str(error.value).endswith(f"Received: k={k!r}")


def test_noise_only_while_training():
    head, x = built(5, softmax="gumbel"), features(3, 4)
    np.testing.assert_array_equal(to_numpy(head(x)), to_numpy(head(x)))
    assert (to_numpy(head(x, training=True)) != to_numpy(head(x, training=True))).any()
    labels = [0, 1, 2]
    quiet = to_numpy(head.loss(x, labels))
    np.testing.assert_array_equal(quiet, to_numpy(head.loss(x, labels, training=False)))
    assert (to_numpy(head.loss(x, labels, training=True)) != quiet).any()


def test_loss_takes_one_hot_and_column_labels():
    head, x = built(3, softmax="softmax"), features(4, 4)
    labels = np.array([0, 2, 1, 1])
    truth = to_numpy(head.loss(x, labels))
    np.testing.assert_array_equal(to_numpy(head.loss(x, labels[:, None])), truth)
    one_hot = reference.one_hot(labels, 3).astype("float32")
    np.testing.assert_allclose(to_numpy(head.loss(x, one_hot)), truth, rtol=1e-6)


@pytest.mark.parametrize("softmax", ["log_softmax", layers.GumbelSoftmax(0.5, hard=True, seed=1)])
def test_config_and_weights_survive(softmax, tmp_path):
    head = built(3, softmax=softmax, use_bias=False, kernel_initializer="zeros", name="h")
    again = SoftmaxHead.from_config(head.get_config())
    assert again.get_config() == head.get_config()
    assert type(again.softmax) is type(head.softmax)
    model = keras.Sequential([keras.Input((4,)), head])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(to_numpy(loaded(features(2, 4))), to_numpy(head(features(2, 4))))


@pytest.mark.parametrize("num_classes", [0, -1, 2.0, "3", None, True])
def test_num_classes_that_is_not_allowed(num_classes):
    with pytest.raises(InvalidArgumentError, match="`num_classes` must be") as error:
        SoftmaxHead(num_classes)
    assert str(error.value).endswith(f"Received: num_classes={num_classes!r}")


def test_num_classes_of_numpy():
    head = SoftmaxHead(np.int64(3))
    assert type(head.get_config()["num_classes"]) is int


def test_score_layer_must_work_on_the_last_axis():
    with pytest.raises(InvalidArgumentError, match="last axis.*Received: axis=0"):
        SoftmaxHead(3, softmax=layers.Softmax(axis=0))


def test_complexity_is_text():
    complexity = SoftmaxHead(3).complexity
    assert complexity.training == complexity.inference == complexity.parameters == "O(C D)"


def test_head_is_a_base_class():
    class Fixed(Head):
        """The least that a head can be."""

        def log_prob(self, features, training=False):
            return ops.log_softmax(ops.cast(features, "float32"))

    head, x = Fixed(4), features(3, 4)
    log_p = to_numpy(head.log_prob(x))
    np.testing.assert_allclose(to_numpy(head(x)), np.exp(log_p), rtol=1e-6)
    np.testing.assert_array_equal(to_numpy(head.loss(x, [0, 1, 2])), -log_p[range(3), range(3)])
    assert to_numpy(head.top_k(x, 2)[1]).shape == (3, 2)


def test_names():
    assert set(heads.names()) >= set(NAMES)


@pytest.mark.parametrize("method", ["log_prob", "top_k", "scores"])
def test_methods_build_the_head_on_first_use(method):
    head = SoftmaxHead(7)
    getattr(head, method)(features(3, 4))
    assert head.built and head.class_embeddings.shape == (7, 4)


@pytest.fixture
def few(monkeypatch):
    """So few scores at once that 23 classes are too many for 5 examples."""
    monkeypatch.setattr(softmax_head, "_ALL_AT_ONCE", 100)
    monkeypatch.setattr(softmax_head, "_A_CHUNK", 20)


@pytest.fixture
def one_pass(monkeypatch):
    """Three rows at a time, where a GPU would take thousands; a list of the calls."""
    if keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow takes two passes.")
    calls = []
    module = sys.modules["kerasoft.ops.linear_cross_entropy"]
    monkeypatch.setattr(module, "_rows_in_one_pass", lambda *layer: calls.append(layer) or 3)
    return calls


CHUNKED = [
    {},
    {"softmax": "log_softmax"},
    {"use_bias": False},
    {"label_smoothing": 0.3},
    {"ignore_class": 2},
    {"ignore_class": -1, "label_smoothing": 0.1},
]


@pytest.mark.parametrize("options", CHUNKED, ids=str)
@pytest.mark.parametrize("kind", ["ids", "column", "weights"])
def test_many_classes_in_chunks_give_the_same(few, monkeypatch, options, kind):
    head, x = built(23, **{"softmax": "softmax", **options}), features(5, 4)
    labels = np.array([1, 22, 2, options.get("ignore_class", 2), 7])
    if kind == "weights":
        labels = np.where(labels[:, None] >= 0, np.eye(23)[labels], 0.0).astype("float32")
    labels = labels[:, None] if kind == "column" else labels

    def everything(x):
        return head.loss(x, labels, training=True), head.loss(x, labels), *head.top_k(x, 3)

    def total(x):
        return ops.sum(head.loss(x, labels, training=True) * ops.arange(1.0, 6.0, dtype="float32"))

    assert not head.holds_all_scores
    *found, ids = map(to_numpy, quick(everything)(x))
    slope = gradient(total, to_numpy(x))
    monkeypatch.undo()
    assert head.holds_all_scores
    *expected, their_ids = map(to_numpy, quick(everything)(x))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(ids, their_ids)
    np.testing.assert_allclose(slope, gradient(total, to_numpy(x)), rtol=1e-4, atol=1e-5)


def test_what_wants_every_score_has_it(few):
    for softmax in ("gumbel", "sparsemax", "entmax15", "pseudo", "taylor"):
        assert built(10**5, softmax=softmax).holds_all_scores
    assert SoftmaxHead(10**5, softmax="softmax", dtype="float64").holds_all_scores
    assert not SoftmaxHead(10**5, softmax="softmax", dtype="mixed_bfloat16").holds_all_scores


class Doubled(SoftmaxHead):
    """A loss of one's own."""

    def values(self, features, labels, training=False):
        return 2.0 * super().values(features, labels, training)


class Cosines(SoftmaxHead):
    """Scores of one's own."""

    def scores(self, features):
        embeddings = ops.convert_to_tensor(self.class_embeddings)
        return ops.matmul(ops.normalize(features), ops.transpose(ops.normalize(embeddings)))


@pytest.mark.parametrize("kind", [Doubled, Cosines])
def test_subclasses_keep_their_scores_and_losses_with_many_classes(few, monkeypatch, kind):
    head, x, labels = kind(23, softmax="softmax"), features(5, 4), np.array([1, 22, 2, 2, 7])
    head.build((None, 4))
    model = Classifier(keras.layers.Identity(), head)
    model.compile()
    found = model.evaluate(x, labels, verbose=0)[0], *map(to_numpy, head.top_k(x, 3))
    monkeypatch.undo()
    expected = to_numpy(head.loss(x, labels)).mean(), *map(to_numpy, head.top_k(x, 3))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def trained(softmax_options=(), **fit):
    keras.utils.set_random_seed(0)
    backbone = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, activation="tanh")])
    model = Classifier(backbone, SoftmaxHead(50, softmax="softmax", **dict(softmax_options)))
    model.compile(keras.optimizers.SGD(0.5))
    x, y = random_scores((40, 6), 1.0).astype("float32"), np.arange(40) % 50
    history = model.fit(x, y, batch_size=16, epochs=3, verbose=0, shuffle=False, **fit)
    return model, x, history.history


def test_a_classifier_trains_in_chunks(few, monkeypatch, tmp_path):
    model, x, history = trained()
    assert history.keys() == {"loss"}  # accuracy would want every score
    values, ids = model.predict_top_k(x, 2, batch_size=16)
    model.save(tmp_path / "m.keras")
    monkeypatch.undo()
    other, _, their_history = trained()
    np.testing.assert_allclose(history["loss"], their_history["loss"], rtol=1e-5)
    assert "accuracy" in their_history
    for one, another in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-5, atol=1e-6)
    log_p = np.sort(model.predict_log_prob(x), axis=-1)[:, ::-1]
    np.testing.assert_allclose(values, log_p[:, :2], rtol=1e-5)
    assert ids.dtype == np.int32 and ids.shape == (40, 2)
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded.predict_top_k(x, 2, batch_size=16)[1], ids)


WEIGHTS = np.linspace(0.0, 2.0, 40).astype("float32")


@pytest.mark.parametrize(
    "options, fit",
    [({}, {}), ({}, {"sample_weight": WEIGHTS}), ({"ignore_class": 3}, {"sample_weight": WEIGHTS})],
    ids=["plain", "weighted", "ignoring"],
)
def test_a_classifier_trains_in_one_pass(few, one_pass, monkeypatch, options, fit):
    model, _, history = trained(options.items(), **fit)
    assert one_pass
    monkeypatch.undo()
    other, _, their_history = trained(options.items(), **fit)
    np.testing.assert_allclose(history["loss"], their_history["loss"], rtol=1e-5)
    for one, another in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "softmax", ["softmax", "gumbel", "pseudo", "taylor", "sparsemax", "entmax15"]
)
def test_ignored_labels_change_no_weight(softmax):
    """Nor do they where labels are smoothed, which of a class id that is none makes NaN."""
    options = {"softmax": softmax, "label_smoothing": 0.2, "kernel_initializer": "glorot_uniform"}
    x, y = random_scores((6, 4), 1.0).astype("float32"), np.array([1, 3, 0, 3, 2, 4])

    def change(head, rows):
        head.build((None, 4))
        head.set_weights([np.ones(weight.shape) for weight in head.get_weights()])

        model = Classifier(keras.layers.Identity(), head)
        model.compile(keras.optimizers.SGD(1.0))
        model.train_on_batch(x[rows], y[rows])
        return [weight - 1 for weight in head.get_weights()]

    kept = np.flatnonzero(y != 3)
    found = change(SoftmaxHead(5, ignore_class=3, **options), np.arange(6))
    expected = change(SoftmaxHead(5, **options), kept)
    for one, other in zip(found, expected, strict=True):
        assert np.isfinite(one).all()
        if softmax != "gumbel":  # whose noise is another for other rows
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_answers_of_a_classifier_follow_its_weights():
    """The weights are arguments of what `predict` compiles, on JAX too."""
    model, x, _ = trained()
    view = classifier._Answers(model, model.log_prob)
    assert len(view.weights) == len(model.weights) > 0
    before = view.predict(x, verbose=0)
    model.set_weights([2 * weight for weight in model.get_weights()])
    after = view.predict(x, verbose=0)
    np.testing.assert_allclose(after, model.predict_log_prob(x), rtol=1e-5, atol=1e-6)
    assert abs(after - before).max() > 0.1


def test_top_k_of_a_classifier_checks_k():
    with pytest.raises(InvalidArgumentError, match="`k` must be.*Received: k=51"):
        trained()[0].predict_top_k(np.zeros((2, 6), "float32"), 51)


@pytest.mark.parametrize("softmax", ["softmax", "gumbel", "sparsemax", "entmax15", "entmax"])
def test_sparse_heads_begin_without_a_choice(softmax):
    """Random scores would give a few classes everything, for all examples alike."""
    head = heads.SoftmaxHead(7, softmax=softmax)
    p = to_numpy(head(ops.convert_to_tensor(np.ones((2, 5), "float32"))))
    assert np.allclose(p, 1 / 7) == head.softmax.is_sparse
    again = heads.SoftmaxHead.from_config(head.get_config())
    assert type(again.kernel_initializer) is type(head.kernel_initializer)
    random = heads.SoftmaxHead(7, softmax=softmax, kernel_initializer="glorot_uniform")
    assert not np.allclose(to_numpy(random(np.ones((2, 5), "float32"))), 1 / 7)
