"""The Fenchel-Young losses of alpha-entmax against float64, and the options of all losses."""

import functools

import keras
import numpy as np
import pytest
import reference
from backend import compiled, quick, random_scores, to_numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from keras import ops
from vjp import value_and_gradient

from kerasoft.errors import InvalidArgumentError
from kerasoft.losses import (
    Entmax15Loss,
    EntmaxLoss,
    MulticlassHinge,
    SoftmaxCrossEntropy,
    SparsemaxLoss,
)

INF = float("inf")
SCORES = random_scores((6, 5), 1.0)
LABELS = np.array([0, 4, 2, 2, 1, 3])
SOFT = np.random.default_rng(1).dirichlet(np.ones(5), 6).astype("float32")


class Case:
    """A loss, its alpha and its truth."""

    def __init__(self, loss, alpha=None, truth=None):
        self.loss, self.alpha = loss, alpha
        self.truth = truth or (lambda y, s: reference.fenchel_young(y, s, alpha))
        self.tolerance = 5e-6 if alpha == 3 else 1e-6  # a rounded score moves p by up to eps / p

    @functools.cached_property
    def values(self):
        """Per-example values of (scores, labels), compiled once for each shape."""
        call = self.loss().call
        return lambda scores, labels: call(labels, scores)


def cross_entropy(labels, scores):
    return reference.cross_entropy(labels, reference.log_softmax(scores))


CASES = {
    "sparsemax": Case(SparsemaxLoss, 2),
    "entmax15": Case(Entmax15Loss, 1.5),
    **{
        f"entmax {alpha}": Case(functools.partial(EntmaxLoss, alpha), alpha)
        for alpha in (1, 1.25, 3)
    },
}
ALL = {
    "sparsemax": CASES["sparsemax"],
    "hinge": Case(MulticlassHinge, truth=reference.multiclass_hinge),
    "softmax": Case(SoftmaxCrossEntropy, truth=cross_entropy),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


@pytest.fixture(params=ALL)
def each(request):
    return ALL[request.param]


def tensor(x, dtype="float32"):
    return ops.convert_to_tensor(x, dtype=dtype)


def results(losses, labels, scores=SCORES, *weights):
    """What each of the losses gives, as NumPy arrays; compiled together."""
    together = quick(lambda s: [loss(labels, s, *weights) for loss in losses])
    return [to_numpy(x) for x in together(tensor(scores))]


@pytest.mark.parametrize("kind", ["ids", "soft", "unnormalised"])
@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e2, 1e5])
def test_value_and_gradient(case, scale, kind):
    """The gradient is p - y, and m p - y for labels of weight m."""
    scores = random_scores((6, 5), scale)
    labels = {"ids": LABELS, "soft": SOFT, "unnormalised": 2 * SOFT}[kind]
    found, slopes = value_and_gradient(case.values, scores, 1.0, labels)
    if kind != "unnormalised":
        truth = reference.fenchel_young(labels, scores, case.alpha)
        np.testing.assert_allclose(found, truth, rtol=0, atol=1e-6 * max(1.0, scale))
    truth = reference.fenchel_young_gradient(labels, scores, case.alpha)
    np.testing.assert_allclose(slopes, truth, rtol=0, atol=case.tolerance)


def test_gradient_of_the_truth_is_its_derivative(case):
    for labels in (LABELS, SOFT):
        found = reference.finite_difference(
            lambda s, y=labels: reference.fenchel_young(y, s, case.alpha).sum(), SCORES
        )
        truth = reference.fenchel_young_gradient(labels, SCORES, case.alpha)
        np.testing.assert_allclose(found, truth, atol=1e-8)


def test_many_classes(case):
    scores, labels = random_scores((3, 10007), 1.0), np.array([0, 10006, 5000])
    found, slopes = value_and_gradient(case.values, scores, 1.0, labels)
    truth = reference.fenchel_young(labels, scores, case.alpha)
    np.testing.assert_allclose(found, truth, rtol=1e-6, atol=1e-6)
    truth = reference.fenchel_young_gradient(labels, scores, case.alpha)
    np.testing.assert_allclose(slopes, truth, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "labels",
    [
        LABELS.astype("uint8"),
        LABELS[:, None],
        reference.one_hot(LABELS, 5).astype("bool"),
        SOFT,
    ],
    ids=["uint8", "(N, 1)", "bool one-hot", "soft"],
)
def test_labels_of_every_form(each, labels):
    found = quick(lambda s: each.loss().call(labels, s))(tensor(SCORES))
    truth = each.truth(labels[:, 0] if labels.shape == (6, 1) else labels, SCORES)
    np.testing.assert_allclose(to_numpy(found), truth, rtol=1e-6, atol=1e-6)


def test_sparsemax_loss_of_two_classes_is_the_modified_huber_loss():
    """Martins and Astudillo: 0 from a lead of 1 on, linear from -1 down, a square between."""
    leads = np.array([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
    expected = np.where(leads >= 1, 0.0, np.where(leads <= -1, -leads, (leads - 1) ** 2 / 4))
    scores, labels = np.stack([leads, 0 * leads], -1), np.zeros(7, "int32")
    np.testing.assert_allclose(reference.fenchel_young(labels, scores, 2), expected, atol=1e-12)
    found = to_numpy(SparsemaxLoss().call(labels, tensor(scores)))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_alpha_names_its_members():
    for alpha, member in ((1, SoftmaxCrossEntropy), (1.5, Entmax15Loss), (2, SparsemaxLoss)):
        losses = [EntmaxLoss(alpha, reduction=None), member(reduction=None)]
        np.testing.assert_allclose(*results(losses, LABELS), atol=1e-6)


def test_confidently_wrong_keeps_its_gradient(case):
    scores = np.tile([80.0, 0, 0, 0, 0], (6, 1))
    _, slopes = value_and_gradient(case.values, scores, 1.0, np.ones(6, "int64"))
    np.testing.assert_allclose(slopes, np.tile([1.0, -1, 0, 0, 0], (6, 1)), atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(each, dtype):
    scores = to_numpy(tensor(SCORES, dtype))
    found = quick(lambda s: each.loss().call(LABELS, s))(tensor(scores, dtype))
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_allclose(to_numpy(found), each.truth(LABELS, scores), 1e-6, 1e-6)


def test_label_257_is_never_rounded(each):
    scores = np.zeros((1, 300))
    scores[0, 257] = 20.0
    found = quick(lambda s: each.loss(dtype="bfloat16")(np.array([257]), s))
    assert float(to_numpy(found(tensor(scores, "bfloat16")))) < 0.01


def test_masked_classes_cost_nothing(each):
    scores = np.array([[0.0, -INF, 1.0, 0.5], [2.0, 1.0, -INF, -INF]])
    without = [np.array([[0.0, 1.0, 0.5]]), np.array([[2.0, 1.0]])]
    truth = [each.truth(np.array([label]), s)[0] for label, s in zip([1, 0], without, strict=True)]
    for labels in (np.array([2, 0]), reference.one_hot([2, 0], 4).astype("float32")):
        found, slopes = value_and_gradient(each.values, scores, 1.0, labels)
        np.testing.assert_allclose(found, truth, rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(slopes[np.isneginf(scores)], 0.0)
        assert np.isfinite(slopes).all()


def test_masked_labels_and_masked_rows(each):
    """A masked label costs infinitely much; an all-masked row has no NaN and no gradient."""
    scores = np.array([[0.0, -INF, 1.0, 0.0], [-INF, -INF, -INF, -INF]])
    for labels in (np.array([1, 1]), np.full((2, 4), 0.25, "float32")):
        found, slopes = value_and_gradient(each.values, scores, 1.0, labels)
        assert found[0] == INF and not np.isnan(found[1])
        assert np.isfinite(slopes[1]).all()


def test_one_class(each):
    for labels in (np.array([0, 0]), np.array([[0], [0]]), np.array([[1.0], [1.0]], "float32")):
        (found,) = results([each.loss(reduction=None)], labels, [[3.0], [-2.0]])
        np.testing.assert_array_equal(found, [0.0, 0.0])


@pytest.mark.parametrize("form", ["ids", "one kept axis", "one-hot"])
def test_class_axis(each, form):
    scores = random_scores((2, 5, 3), 1.0)
    labels = np.array([[0, 1, 2], [4, 3, 3]])
    one_hot = np.moveaxis(reference.one_hot(labels, 5), -1, 1).astype("float32")
    given = {"ids": labels, "one kept axis": labels[:, None], "one-hot": one_hot}[form]
    (found,) = results([each.loss(axis=1, reduction=None)], given, scores)
    truth = each.truth(labels, np.moveaxis(scores, 1, -1))
    np.testing.assert_allclose(found, truth, rtol=1e-6, atol=1e-6)


def test_compiled(each):
    loss = each.loss(label_smoothing=0.1, class_weight=[1, 2, 3, 4, 5], ignore_class=-1)
    found = compiled(lambda y, s: loss(y, s))(tensor(LABELS, "int32"), tensor(SCORES))
    np.testing.assert_allclose(to_numpy(found), to_numpy(loss(LABELS, tensor(SCORES))), rtol=2e-6)


@pytest.mark.parametrize("labels", [LABELS, SOFT], ids=["ids", "soft"])
def test_label_smoothing_spreads_over_open_classes(each, labels):
    y = reference.as_distribution(labels, SCORES)
    masked = np.argmin(y, axis=-1)[:, None] == np.arange(5)  # a class of least weight, now of none
    y = np.where(masked, 0.0, y)
    y = (y / y.sum(-1, keepdims=True)).astype("float32")
    scores = np.where(masked, -INF, SCORES)
    smooth = 0.8 * y.astype("float64") + 0.2 * ~masked / 4
    found = results([each.loss(label_smoothing=0.2, reduction=None)], y, scores)
    np.testing.assert_allclose(found[0], each.truth(smooth, scores), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("labels", [LABELS, SOFT], ids=["ids", "soft"])
def test_class_weights_are_those_of_the_labels(each, labels):
    weights, values = [1.0, 0.0, 2.0, 0.5, 3.0], each.truth(labels, SCORES)
    own = (reference.as_distribution(labels, SCORES) * weights).sum(-1)
    sample = np.array([1.0, 0.0, 2.0, 0.5, 1.0, 3.0], "float32")

    def losses(*reductions):
        return [each.loss(class_weight=weights, reduction=reduction) for reduction in reductions]

    mean, total, rows = results(losses("sum_over_batch_size", "sum", None), labels)
    np.testing.assert_allclose(mean, (own * values).mean(), rtol=2e-6)
    np.testing.assert_allclose(total, (own * values).sum(), rtol=2e-6)
    np.testing.assert_allclose(rows, own * values, rtol=2e-6, atol=2e-6)
    reductions = losses("sum_over_batch_size", "mean_with_sample_weight")
    mean, weighted = results(reductions, labels, SCORES, sample)
    np.testing.assert_allclose(mean, (own * sample * values).mean(), rtol=2e-6)
    truth = (own * sample * values).sum() / (own * sample).sum()
    np.testing.assert_allclose(weighted, truth, rtol=2e-6)


def test_class_weights_count_before_smoothing(each):
    weights = [1.0, 0.0, 2.0, 0.5, 3.0]
    options = {"label_smoothing": 0.1, "reduction": None}
    losses = [each.loss(**options), each.loss(class_weight=weights, **options)]
    plain, found = results(losses, LABELS)
    np.testing.assert_allclose(found, plain * np.take(weights, LABELS), rtol=1e-6)


@pytest.mark.parametrize("ignored", [-1, 255, 2])
def test_ignored_rows_do_not_count(each, ignored):
    labels = np.array([0, ignored, 4, ignored, 1, 3])
    kept = labels != ignored
    values = each.truth(labels[kept], SCORES[kept])

    def losses(*reductions):
        return [each.loss(ignore_class=ignored, reduction=reduction) for reduction in reductions]

    mean, total, rows = results(losses("sum_over_batch_size", "sum", None), labels)
    np.testing.assert_allclose(mean, values.mean(), rtol=2e-6)
    np.testing.assert_allclose(total, values.sum(), rtol=2e-6)
    np.testing.assert_array_equal(rows[~kept], 0.0)
    np.testing.assert_allclose(rows[kept], values, rtol=2e-6, atol=1e-6)
    sample = np.array([1.0, 5.0, 2.0, 7.0, 1.0, 3.0], "float32")
    (mean,) = results(losses("sum_over_batch_size"), labels, SCORES, sample)
    np.testing.assert_allclose(mean, (values * sample[kept]).mean(), rtol=2e-6)


def test_ignored_one_hot_rows_do_not_count(each):
    """Rows of no weight at all for a negative id; the rows of that class for one in range."""
    for ignored, hot in ((-1, 0), (2, 2)):
        labels = reference.one_hot(np.where(LABELS == 2, hot, LABELS), 5).astype("float32")
        labels[LABELS == 2] *= ignored >= 0
        kept = LABELS != 2
        (found,) = results([each.loss(ignore_class=ignored)], labels)
        np.testing.assert_allclose(found, each.truth(LABELS[kept], SCORES[kept]).mean(), rtol=2e-6)


def test_nothing_left_gives_zero(each):
    loss = each.loss(ignore_class=-1)
    found = value_and_gradient(lambda s: loss(np.full(6, -1), s), SCORES, 1.0)
    np.testing.assert_array_equal(found[0], 0.0)
    np.testing.assert_array_equal(found[1], 0.0)


@pytest.mark.parametrize(
    "loss",
    [
        SparsemaxLoss(label_smoothing=0.1, class_weight=[1, 2.5], ignore_class=-1),
        Entmax15Loss(axis=1, reduction="sum", name="n", dtype="float16"),
        EntmaxLoss(alpha=1.25, reduction=None),
        EntmaxLoss(3, ignore_class=2, axis=-2, dtype="bfloat16"),
    ],
)
def test_config_survives(loss):
    data = keras.saving.serialize_keras_object(loss)
    assert data["registered_name"] == f"kerasoft>{type(loss).__name__}"
    again = keras.saving.deserialize_keras_object(data)
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()


@pytest.mark.parametrize("alpha", [0.5, float("nan"), INF, True, "x", None])
def test_alpha_that_is_not_allowed(alpha):
    with pytest.raises(InvalidArgumentError, match="`alpha` must be") as error:
        EntmaxLoss(alpha)
    assert str(error.value).endswith(f"Received: alpha={alpha!r}")


@pytest.mark.parametrize(
    "name, value",
    [
        ("label_smoothing", 1.0),
        ("label_smoothing", -0.1),
        ("label_smoothing", "x"),
        ("class_weight", [1.0, -1.0]),
        ("class_weight", [float("nan")]),
        ("ignore_class", 1.5),
    ],
)
def test_option_that_is_not_allowed(each, name, value):
    with pytest.raises(InvalidArgumentError, match=f"`{name}` must be") as error:
        each.loss(**{name: value})
    assert str(error.value).endswith(f"Received: {name}={value!r}")


few = settings(max_examples=25)
some_scores = arrays("float32", (6, 5), elements=st.floats(-4, 4, width=32))
some_labels = arrays("int64", (6,), elements=st.integers(0, 4))
every = pytest.mark.parametrize("name", CASES)


@every
@few
@given(some_scores, some_labels)
def test_never_negative_and_zero_from_the_margin_on(name, scores, labels):
    """The margin of alpha-entmax is 1 / (alpha - 1); the gradient is p - y throughout."""
    case = CASES[name]
    found, slopes = value_and_gradient(case.values, scores, 1.0, labels)
    rivals = np.where(reference.one_hot(labels, 5) > 0, -INF, scores.astype("float64"))
    lead = np.take_along_axis(scores, labels[:, None], -1)[:, 0].astype("float64") - rivals.max(-1)
    margin = 1 / (case.alpha - 1) if case.alpha > 1 else INF
    assert (found >= 0).all()
    np.testing.assert_array_equal(found[lead >= margin], 0.0)
    np.testing.assert_array_equal(slopes[lead >= margin], 0.0)
    # Nearer than this the others' p is below 1e-4, and the loss may be too small for float32.
    near = max(0.1, 1e-4 ** (case.alpha - 1) / (case.alpha - 1)) if case.alpha > 1 else 0.1
    assert (found[lead < margin - near] > 0).all()
    if case.alpha <= 2:
        truth = reference.fenchel_young_gradient(labels, scores, case.alpha)
        np.testing.assert_allclose(slopes, truth, rtol=0, atol=1e-6)


@every
@few
@given(some_scores)
def test_zero_at_its_own_distribution(name, scores):
    p = reference.entmax(scores, CASES[name].alpha).astype("float32")
    found, slopes = value_and_gradient(CASES[name].values, scores, 1.0, p)
    assert (found >= 0).all()
    np.testing.assert_allclose(found, 0.0, atol=1e-6)
    if CASES[name].alpha <= 2:
        np.testing.assert_allclose(slopes, 0.0, atol=1e-6)


@pytest.mark.parametrize("loss", [SparsemaxLoss(), EntmaxLoss(1.25, label_smoothing=0.1)])
def test_fit_of_a_plain_model(loss):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 120)
    inputs = rng.normal(0, 0.3, (120, 3)) + 2 * np.eye(3)[labels]
    model = keras.Sequential([keras.layers.Dense(3)])
    model.compile("adam", loss)
    history = model.fit(inputs, labels, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
