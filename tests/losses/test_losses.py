"""What every loss owes, and each loss's formula against float64."""

import keras
import numpy as np
import pytest
import reference
from backend import compiled, gradient, random_scores, to_numpy
from keras import ops

import kerasoft
from kerasoft.errors import InvalidArgumentError
from kerasoft.losses import NegativeLogLikelihood, PseudoSoftmaxLoss, SoftmaxCrossEntropy

INF = float("inf")
SCORES = random_scores((6, 5))
LABELS = np.array([0, 4, 2, 2, 1, 3])
SOFT = np.random.default_rng(1).dirichlet(np.ones(5), 6)


class Case:
    """A loss, what it takes for these scores, and the slope of its scores."""

    def __init__(self, loss, predictions, slope=1.0):
        self.loss, self.predictions, self.slope = loss, predictions, slope

    def truth(self, labels, scores=SCORES):
        return reference.cross_entropy(labels, reference.log_softmax(scores * self.slope))


CASES = {
    "softmax": Case(SoftmaxCrossEntropy, lambda s: s),
    "pseudo": Case(PseudoSoftmaxLoss, lambda s: s, np.log(2)),
    "probabilities": Case(NegativeLogLikelihood, kerasoft.ops.softmax),
    "log_probabilities": Case(
        lambda **options: NegativeLogLikelihood(from_log_probs=True, **options),
        kerasoft.ops.log_softmax,
    ),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def predictions(case, scores=SCORES, dtype="float32"):
    return case.predictions(ops.convert_to_tensor(scores, dtype=dtype))


@pytest.mark.parametrize(
    "labels",
    [
        LABELS.astype("int32"),
        LABELS.astype("int64"),
        LABELS.astype("uint8"),
        LABELS.astype("float32"),
        LABELS[:, None],
        reference.one_hot(LABELS, 5).astype("uint8"),
        reference.one_hot(LABELS, 5).astype("bool"),
        SOFT.astype("float32"),
        2 * SOFT.astype("float32"),
    ],
    ids=["int32", "int64", "uint8", "float", "(N, 1)", "one-hot", "bool", "soft", "unnormalised"],
)
def test_values_of_all_labels(case, labels):
    found = case.loss().call(labels, predictions(case))
    truth = case.truth(labels[:, 0] if labels.shape == (6, 1) else labels.astype("float64"))
    np.testing.assert_allclose(to_numpy(found), truth, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("labels", [LABELS, SOFT.astype("float32")], ids=["ids", "soft"])
def test_gradient_is_p_minus_y(case, labels):
    found = gradient(lambda s: ops.sum(case.loss().call(labels, case.predictions(s))), SCORES)
    truth = reference.cross_entropy_gradient(labels, SCORES, case.slope)
    np.testing.assert_allclose(found, truth, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("scores", [[40.0, 0.0, 0.0], [80.0, 0.0, 0.0]])
def test_confidently_wrong_keeps_its_gradient(case, scores):
    found = gradient(lambda s: ops.sum(case.loss().call([1], case.predictions(s))), [scores])
    truth = reference.cross_entropy_gradient([1], [scores], case.slope)
    np.testing.assert_allclose(found, truth, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["softmax", "pseudo", "log_probabilities"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_confidently_wrong_in_half_precision(name, dtype):
    case = CASES[name]
    for scores in ([40.0, 0.0, 0.0], [30000.0, 0.0, 0.0]):
        value = case.loss().call([1], predictions(case, [scores], dtype))
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
        np.testing.assert_allclose(to_numpy(value), [scores[0] * case.slope], rtol=2.0**-8)
        found = gradient(
            lambda s: ops.sum(case.loss().call([1], case.predictions(s))), [scores], dtype
        )
        truth = reference.cross_entropy_gradient([1], [scores], case.slope)
        np.testing.assert_allclose(found, truth, rtol=2.0**-8, atol=1e-6)


@pytest.mark.parametrize("name", ["softmax", "pseudo"])
def test_scores_of_1e5(name):
    scores = np.array([[1e5, 0.0, 1e5 - 1], [-1e5, -1e5 + 2, 0.0]])
    case, labels = CASES[name], np.array([1, 1])
    found = to_numpy(case.loss().call(labels, predictions(case, scores)))
    np.testing.assert_allclose(found, case.truth(labels, scores), rtol=1e-6)
    found = gradient(lambda s: ops.sum(case.loss().call(labels, s)), scores)
    truth = reference.cross_entropy_gradient(labels, scores, case.slope)
    np.testing.assert_allclose(found, truth, rtol=1e-5, atol=1e-6)


def test_masked_classes_cost_nothing(case):
    scores = np.array([[0.0, -INF, 1.0], [2.0, 1.0, -INF]])
    for labels in (np.array([2, 0]), reference.one_hot([2, 0], 3).astype("float32")):
        found = to_numpy(case.loss().call(labels, predictions(case, scores)))
        np.testing.assert_allclose(found, case.truth([2, 0], scores), rtol=2e-6)
        found = gradient(
            lambda s, y=labels: ops.sum(case.loss().call(y, case.predictions(s))), scores
        )
        truth = reference.cross_entropy_gradient([2, 0], scores, case.slope)
        np.testing.assert_allclose(found, truth, rtol=1e-5, atol=1e-6)


def test_all_masked_rows_have_no_nan(case):
    scores = np.full((1, 3), -INF)
    assert not np.isnan(to_numpy(case.loss().call([1], predictions(case, scores)))).any()
    found = gradient(lambda s: ops.sum(case.loss().call([1], case.predictions(s))), scores)
    np.testing.assert_array_equal(found, 0.0)


def test_zero_probability_is_finite():
    assert 87 < float(NegativeLogLikelihood()([1], ops.array([[1.0, 0.0]]))) < 88
    found = gradient(lambda p: NegativeLogLikelihood()([1], p), [[1.0, 0.0]])
    assert np.isfinite(found).all()


def test_one_class(case):
    for labels in (np.array([0, 0]), np.array([[0], [0]]), np.array([[1.0], [1.0]], "float32")):
        found = to_numpy(case.loss().call(labels, predictions(case, [[3.0], [-2.0]])))
        np.testing.assert_array_equal(found, [0.0, 0.0])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_label_257_is_never_rounded(case, dtype):
    scores = np.zeros((1, 300))
    scores[0, 257] = 8.0
    loss = case.loss(dtype=dtype)
    value = loss(np.array([257]), predictions(case, scores, dtype))
    assert float(to_numpy(value)) < 1  # label 256 would cost 8 (6.3 in base 2)


@pytest.mark.parametrize("axis", [1, -2])
@pytest.mark.parametrize("form", ["ids", "one kept axis", "one-hot"])
def test_class_axis(case, axis, form):
    scores = random_scores((2, 5, 3))
    labels = np.array([[0, 1, 2], [4, 3, 3]])
    given = {"ids": labels, "one kept axis": labels[:, None], "one-hot": None}[form]
    if given is None:
        given = np.moveaxis(reference.one_hot(labels, 5), -1, 1).astype("float32")
    wide = ops.convert_to_tensor(scores, dtype="float32")
    if case is CASES["probabilities"] or case is CASES["log_probabilities"]:
        wide = case.predictions(wide, axis)
    found = case.loss(axis=axis).call(given, wide)
    truth = case.truth(labels, np.moveaxis(scores, 1, -1))
    np.testing.assert_allclose(to_numpy(found), truth, rtol=2e-6, atol=1e-6)


def test_reduction_and_weights(case):
    values, given = case.truth(LABELS), predictions(case)
    weights = np.array([1.0, 0.0, 2.0, 0.5, 1.0, 3.0], "float32")

    def found(reduction, *weights):
        return to_numpy(case.loss(reduction=reduction)(LABELS, given, *weights))

    np.testing.assert_allclose(found("sum_over_batch_size"), values.mean(), rtol=1e-6)
    np.testing.assert_allclose(found("sum"), values.sum(), rtol=1e-6)
    np.testing.assert_allclose(found(None), values, rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(
        found("sum_over_batch_size", weights), (values * weights).mean(), rtol=1e-6
    )
    np.testing.assert_allclose(found("sum", weights[:, None]), (values * weights).sum(), rtol=1e-6)
    np.testing.assert_allclose(
        found("mean_with_sample_weight", weights), (values * weights).sum() / 7.5, rtol=1e-6
    )


def test_mask_of_time_steps_counts():
    inputs = keras.Input((4,), dtype="int32")
    x = keras.layers.Embedding(3, 5, mask_zero=True)(inputs)
    model = keras.Model(inputs, x)
    ids, labels = np.array([[1, 2, 0, 0], [2, 0, 0, 0]]), np.zeros((2, 4), "int32")
    outputs = model(ids)
    found = float(to_numpy(SoftmaxCrossEntropy()(labels, outputs)))
    theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, outputs)
    values = to_numpy(SoftmaxCrossEntropy(reduction=None).call(labels, outputs))
    np.testing.assert_allclose(found, float(to_numpy(theirs)), rtol=1e-6)
    np.testing.assert_allclose(found, values[ids > 0].mean(), rtol=1e-6)


@pytest.mark.parametrize("shape", [(2,), (2, 1), (2, 4)])
def test_sample_weights_beside_a_mask_of_time_steps(shape):
    """Those of the caller stay as they are, though PyTorch could multiply in place."""
    ids, labels = np.array([[1, 2, 0, 0], [2, 0, 0, 0]]), np.zeros((2, 4), "int32")
    outputs = keras.layers.Embedding(3, 5, mask_zero=True)(ids)
    given = np.arange(1.0, 1 + np.prod(shape), dtype="float32").reshape(shape)
    weights = ops.convert_to_tensor(given.copy())
    found = float(to_numpy(SoftmaxCrossEntropy()(labels, outputs, weights)))
    spread = np.broadcast_to(given.reshape(2, -1), (2, 4))
    values = spread * to_numpy(SoftmaxCrossEntropy(reduction=None).call(labels, outputs))
    np.testing.assert_allclose(found, values[ids > 0].mean(), rtol=1e-6)
    np.testing.assert_array_equal(to_numpy(weights), given)


def test_labels_of_another_rank(case):
    with pytest.raises(InvalidArgumentError, match="`labels` must be class ids") as error:
        case.loss()(np.zeros((6, 5, 1)), predictions(case))
    assert "Received: labels_shape=(6, 5, 1)" in str(error.value)


@pytest.mark.parametrize(
    "loss",
    [
        NegativeLogLikelihood(),
        NegativeLogLikelihood(
            from_log_probs=True, axis=1, reduction="sum", name="n", dtype="float16"
        ),
        SoftmaxCrossEntropy(axis=-2, dtype="bfloat16"),
        PseudoSoftmaxLoss(base=3, reduction=None),
    ],
)
def test_config_survives(loss):
    data = keras.saving.serialize_keras_object(loss)
    assert data["registered_name"] == f"kerasoft>{type(loss).__name__}"
    again = keras.saving.deserialize_keras_object(data)
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    for name in ("axis", "dtype", "reduction", "name", "base", "from_log_probs"):
        assert getattr(again, name, None) == getattr(loss, name, None)


def test_compiled(case):
    loss = case.loss()
    found = compiled(lambda y, p: loss(y, p))(
        ops.convert_to_tensor(LABELS, dtype="int32"), predictions(case)
    )
    np.testing.assert_allclose(to_numpy(found), case.truth(LABELS).mean(), rtol=1e-6)


@pytest.mark.parametrize("base", [1, -2, INF, "x"])
def test_base_that_is_not_allowed(base):
    with pytest.raises(InvalidArgumentError) as error:
        PseudoSoftmaxLoss(base=base)
    assert str(error.value).endswith(f"Received: base={base!r}")


def test_equal_to_keras_from_logits():
    theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    given = SCORES.astype("float32")
    np.testing.assert_allclose(
        to_numpy(SoftmaxCrossEntropy()(LABELS, given)), to_numpy(theirs(LABELS, given)), rtol=1e-6
    )


def test_fit_of_a_plain_model():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(64, 4)).astype("float32")
    labels = (images[:, 0] > 0).astype("int64")
    model = keras.Sequential([keras.layers.Dense(300)])
    model.compile(keras.optimizers.SGD(0.5), loss=SoftmaxCrossEntropy(), metrics=["accuracy"])
    history = model.fit(images, labels + 256, epochs=2, batch_size=16, verbose=0).history
    assert history["loss"][1] < history["loss"][0] < np.log(300) + 1
