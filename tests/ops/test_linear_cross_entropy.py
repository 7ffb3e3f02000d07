"""Cross-entropy chunk by chunk, against all scores at once in float64."""

import itertools
import sys

import keras
import numpy as np
import pytest
from backend import NAME, compiled, quick, to_numpy
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops import linear_cross_entropy
from kerasoft.ops.vjp import vjp

ROWS, SIZE, CLASSES = 7, 5, 23
RNG = np.random.default_rng(0)
MASKED = np.where(np.arange(CLASSES) % 7 == 3, -np.inf, RNG.normal(size=CLASSES))
OPTIONS = {
    "bias": {"bias": RNG.normal(size=CLASSES)},
    "sample_weight": {"sample_weight": RNG.random(ROWS)},
    "ignore_class": {"ignore_class": 4},
    "label_smoothing": {"label_smoothing": 0.2},
    "class_weight": {"class_weight": RNG.random(CLASSES).tolist()},
    "z_loss": {"z_loss": 0.1},
    "softcap": {"softcap": 2.0},
    "sum": {"reduction": "sum"},
    "none": {"reduction": None},
    "weights": {"kind": "weights"},
    "some": {"kind": "some"},
    "masked": {"bias": MASKED},
}
CHUNK = 4  # no divisor of the classes


def problem(rows=ROWS, size=SIZE, classes=CLASSES, kind="ids", scale=1.0, seed=1):
    """Features, embeddings and labels."""
    rng = np.random.default_rng(seed)
    features = (scale * rng.normal(size=(rows, size))).astype("float32")
    embeddings = (scale * rng.normal(size=(classes, size))).astype("float32")
    ids = rng.integers(0, classes, rows).astype("int32")
    ids[: rows // 3] = min(4, classes - 1)  # some to ignore
    if kind == "weights":
        labels = rng.random((rows, classes)).astype("float32")
        labels[:, ::3] = 0
    elif kind == "some":
        ids = np.stack([ids, (ids + 1) % classes, ids], -1)  # the same class twice
        labels = ids, rng.random(ids.shape).astype("float32")
    else:
        labels = ids
    return features, embeddings, labels


def one_hot(labels, classes):
    if isinstance(labels, tuple):
        return sum(
            np.eye(classes)[ids] * w[:, None]
            for ids, w in zip(*map(np.transpose, labels), strict=True)
        )
    return np.eye(classes)[labels] if labels.ndim == 1 else labels.astype("float64")


def truth(features, embeddings, labels, upstream, **o):
    """Loss, lse, hits, and the gradients in features, embeddings and bias: all in float64."""
    h, w, classes = features.astype("float64"), embeddings.astype("float64"), len(embeddings)
    bias = np.asarray(o.get("bias", np.zeros(classes)), "float32").astype("float64")
    scores, cap = h @ w.T + bias, o.get("softcap")
    if cap:
        scores = np.where(scores == -np.inf, scores, cap * np.tanh(scores / cap))
    highest = scores.max(-1, keepdims=True)
    p = np.exp(scores - highest)
    lse = (highest + np.log(p.sum(-1, keepdims=True)))[:, 0]
    p /= p.sum(-1, keepdims=True)
    label = one_hot(labels, classes)
    main = label.argmax(-1)
    if isinstance(labels, tuple):
        main = np.take_along_axis(labels[0], labels[1].argmax(-1)[:, None], -1)[:, 0]
    weight = np.asarray(o.get("sample_weight", np.ones(len(h))), "float64")
    if "class_weight" in o:
        weight = weight * (label @ np.asarray(o["class_weight"]))
    kept = main != o["ignore_class"] if "ignore_class" in o else np.ones(len(h), bool)
    share, z, is_open = o.get("label_smoothing", 0), o.get("z_loss", 0), scores > -np.inf
    sums = label.sum(-1, keepdims=True)
    q = (1 - share) * label + share * sums * is_open / is_open.sum(-1, keepdims=True)
    counted = np.where(q == 0, 0, q * np.where(q == 0, 0, scores))
    values = np.where(kept, sums[:, 0] * lse - counted.sum(-1) + z * lse**2, 0.0)
    slope = p * (sums + 2 * z * lse[:, None]) - q
    reduction = o.get("reduction", "mean")
    by_value = upstream * weight * kept
    if reduction == "mean":
        by_value = by_value / max(kept.sum(), 1)
    slope = slope * by_value[:, None]
    if cap:
        slope = slope * np.where(scores == -np.inf, 0, 1 - (scores / cap) ** 2)
    loss = weight * values
    loss = {"mean": loss.sum() / max(kept.sum(), 1), "sum": loss.sum(), None: loss}[reduction]
    hits = (scores.argmax(-1) == main) & kept
    return loss, np.where(kept, lse, 0), hits, slope @ w, slope.T @ h, slope.sum(0)


@pytest.fixture
def one_pass(monkeypatch):
    """As on a GPU: three rows at a time under all classes, with gradients made with the loss."""
    if NAME == "tensorflow":
        pytest.skip("TensorFlow always passes twice")
    module = sys.modules["kerasoft.ops.linear_cross_entropy"]
    monkeypatch.setattr(module, "_rows_in_one_pass", lambda *layer: 3)


def check(features, embeddings, labels, chunk_size=CHUNK, run=quick, tolerance=2e-6, **options):
    upstream = RNG.random(len(features)) + 0.5
    if options.get("reduction", "mean") is not None:
        upstream = upstream[0]
    expected = truth(features, embeddings, labels, upstream, **options)
    bias = np.zeros(len(embeddings)) if "bias" not in options else options["bias"]
    tensors = [
        ops.convert_to_tensor(np.asarray(x, "float32")) for x in (features, embeddings, bias)
    ]
    rest = {name: value for name, value in options.items() if name != "bias"}
    labels = tuple(map(ops.convert_to_tensor, labels)) if isinstance(labels, tuple) else labels
    labels = labels if isinstance(labels, tuple) else ops.convert_to_tensor(labels)

    def all_of_it(features, embeddings, bias):
        def loss(*layer):
            h, w, b = layer
            return linear_cross_entropy(h, w, labels, b, chunk_size=chunk_size, **rest)

        more = {"chunk_size": chunk_size, "return_correct": True, **rest}
        found = linear_cross_entropy(features, embeddings, labels, bias, return_lse=True, **more)
        if chunk_size == "auto":  # without lse there may be another way to the loss
            alone = linear_cross_entropy(features, embeddings, labels, bias, **more)
            found = alone[0], found[1], alone[1]
        up = ops.convert_to_tensor(np.asarray(upstream, "float32"))
        return *found, *vjp(loss, (features, embeddings, bias), up)

    found = run(all_of_it)(*tensors)
    names = ("loss", "lse", "hits", "features", "embeddings", "bias")
    for name, one, right in zip(names, found, expected, strict=True):
        scale = np.abs(right).max() + 1
        np.testing.assert_allclose(to_numpy(one), right, atol=tolerance * scale, err_msg=name)


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("run", [quick, compiled])
def test_every_option(name, run):
    options = dict(OPTIONS[name])
    check(*problem(kind=options.pop("kind", "ids")), run=run, **options)


PAIRS = [
    pair
    for pair in itertools.combinations(OPTIONS, 2)
    # Two of one kind exclude each other; weight on a masked class makes an infinite loss.
    if not set(OPTIONS[pair[0]]) & set(OPTIONS[pair[1]])
    and (pair[1] != "masked" or pair[0] not in ("weights", "some"))
]


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_every_pair_of_options(pair):
    options = {**OPTIONS[pair[0]], **OPTIONS[pair[1]]}
    check(*problem(kind=options.pop("kind", "ids")), **options)


REDUCED = [pair for pair in PAIRS if "none" not in pair]


@pytest.mark.parametrize("names", [(name,) for name in OPTIONS if name != "none"] + REDUCED)
def test_options_in_one_pass(names, one_pass):
    options = {}
    for name in names:
        options |= OPTIONS[name]
    check(*problem(kind=options.pop("kind", "ids")), chunk_size="auto", **options)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_in_one_pass(dtype, one_pass):
    features, embeddings, labels = problem(8, 64, 97)
    layer = [ops.cast(one / 4, dtype) for one in (features, embeddings)]
    rounded = [to_numpy(ops.cast(one, "float32")).astype("float32") for one in layer]
    right = truth(*rounded, labels, 1.0)

    def loss(*layer):
        return linear_cross_entropy(*layer, labels)

    np.testing.assert_allclose(float(loss(*layer)), right[0], rtol=1e-5)
    for one, other in zip(vjp(loss, layer, ops.ones(())), right[3:5], strict=True):
        assert keras.backend.standardize_dtype(one.dtype) == dtype
        error = np.abs(to_numpy(ops.cast(one, "float32")) - other).max()
        assert error < (0.01 if dtype == "bfloat16" else 0.002) * np.abs(other).max()


def test_wrong_class_ids_in_one_pass(one_pass):
    features, embeddings, labels = problem()
    labels[2] = -1
    for ignored, right in ((None, np.isnan), (-1, np.isfinite)):
        loss = linear_cross_entropy(
            features, embeddings, ops.convert_to_tensor(labels), ignore_class=ignored
        )
        assert right(float(loss))


def test_ignored_rows_under_a_masked_class_in_one_pass(one_pass):
    """Their loss would be infinite."""
    features, embeddings, labels = problem()
    bias = np.where(np.arange(CLASSES) == labels[0], -np.inf, 0.0).astype("float32")
    options = {"ignore_class": int(labels[0]), "reduction": "sum"}
    found = linear_cross_entropy(features, embeddings, labels, bias, **options)
    twice = linear_cross_entropy(features, embeddings, labels, bias, chunk_size=CHUNK, **options)
    np.testing.assert_allclose(float(found), float(twice), rtol=1e-6)


@pytest.mark.skipif(NAME != "torch", reason="elsewhere gradients are functions")
def test_the_gradients_of_one_pass_are_taken_once(one_pass):
    features, embeddings, labels = problem()
    layer = [ops.convert_to_tensor(one).requires_grad_() for one in (features, embeddings)]
    loss = linear_cross_entropy(*layer, labels)
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="once"):
        loss.backward()


@pytest.mark.skipif(NAME != "torch", reason="torch.compile")
def test_torch_compile():
    """Traced by PyTorch's compiler, without breaks; what it makes of it needs a C++ compiler."""
    import torch

    features, embeddings, labels = map(ops.convert_to_tensor, problem())
    layer = [one.requires_grad_() for one in (features, embeddings)]

    def both(function):
        value = function(*layer, labels)
        return value, *torch.autograd.grad(value, layer)

    def loss(*tensors):
        return linear_cross_entropy(*tensors, chunk_size=CHUNK, label_smoothing=0.1)

    for one, other in zip(both(torch.compile(loss, backend="aot_eager")), both(loss), strict=True):
        np.testing.assert_allclose(to_numpy(one), to_numpy(other), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rows, size, classes", [(1, 5, 23), (6, 1, 24), (7, 5, 1), (8, 5, 3)])
@pytest.mark.parametrize("run", [quick, compiled])
def test_shapes_in_one_pass(rows, size, classes, run, one_pass):
    check(*problem(rows, size, classes), "auto", run, label_smoothing=0.1, z_loss=0.01)


def test_without_bias_in_one_pass(one_pass):
    features, embeddings, labels = problem()
    right = truth(features, embeddings, labels, 1.0)
    found = gradients(lambda *layer: linear_cross_entropy(*layer, labels), features, embeddings)
    np.testing.assert_allclose(found[0], right[3], atol=1e-6)
    np.testing.assert_allclose(found[1], right[4], atol=1e-6)


@pytest.mark.parametrize(
    "rows, size, classes, chunk_size",
    [(1, 5, 23, 4), (7, 1, 24, 4), (7, 5, 1, 4), (7, 5, 3, 8), (5, 5, 9, 1), (3, 4, 8, 8)],
)
@pytest.mark.parametrize("run", [quick, compiled])
def test_shapes(rows, size, classes, chunk_size, run):
    check(*problem(rows, size, classes), chunk_size, run, label_smoothing=0.1, z_loss=0.01)


def test_large_scores():
    """Scores to 1e5, where exponentials overflow and differences lose digits."""
    check(*problem(scale=150.0), tolerance=1e-4)


def test_chunks_are_chosen():
    check(*problem(), chunk_size="auto")


def test_leading_axes_are_kept():
    features, embeddings, labels = problem(rows=6)
    flat = linear_cross_entropy(
        features, embeddings, labels, reduction=None, return_lse=True, return_correct=True
    )
    shaped = linear_cross_entropy(
        features.reshape(2, 3, SIZE),
        embeddings,
        labels.reshape(2, 3),
        reduction=None,
        return_lse=True,
        return_correct=True,
    )
    for one, other in zip(flat, shaped, strict=True):
        assert tuple(other.shape) == (2, 3)
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other).reshape(-1))
    assert keras.backend.standardize_dtype(shaped[2].dtype) == "bool"
    vector = linear_cross_entropy(features[0], embeddings, labels[0].item())
    np.testing.assert_allclose(float(vector), float(to_numpy(flat[0])[0]), rtol=1e-6)


def gradients(function, *tensors):
    tensors = [ops.convert_to_tensor(one) for one in tensors]
    return [to_numpy(one) for one in vjp(function, tensors, ops.ones(()))]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_where_all_rows_are_ignored_in_one_pass(reduction, one_pass):
    test_where_all_rows_are_ignored(reduction)


def test_the_gradient_of_sample_weights_in_one_pass(one_pass):
    test_the_gradient_of_sample_weights()


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_where_all_rows_are_ignored(reduction):
    features, embeddings, labels = problem()
    features[:] = np.nan  # nor may anything come out of them

    def loss(*layer):
        ignored = ops.full((ROWS,), -100, "int32")
        return linear_cross_entropy(*layer, ignored, ignore_class=-100, reduction=reduction)

    assert float(loss(features, embeddings)) == 0
    for gradient in gradients(loss, features, embeddings):
        np.testing.assert_array_equal(gradient, 0.0)


@pytest.mark.skipif(NAME != "torch", reason="elsewhere shapes are static")
def test_ignored_rows_are_left_out(monkeypatch):
    from kerasoft.ops import linear_cross_entropy_torch
    from kerasoft.ops.tracing import written_down

    seen, product = [], linear_cross_entropy_torch.product
    monkeypatch.setattr(
        linear_cross_entropy_torch,
        "product",
        lambda left, right: seen.append(len(left)) or product(left, right),
    )
    features, embeddings, labels = problem()
    options = {"ignore_class": 4, "reduction": None, "chunk_size": 100}
    found = linear_cross_entropy(features, embeddings, labels, **options)
    with written_down():
        whole = linear_cross_entropy(features, embeddings, labels, **options)
    assert seen == [(labels != 4).sum(), ROWS]
    np.testing.assert_allclose(to_numpy(found), to_numpy(whole), rtol=1e-6)


def test_the_gradient_of_lse():
    features, embeddings, labels = problem()

    def total(*layer):
        _, lse = linear_cross_entropy(*layer, labels, return_lse=True, chunk_size=CHUNK)
        return ops.sum(lse)

    scores = features.astype("float64") @ embeddings.T
    p = np.exp(scores - scores.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    found = gradients(total, features, embeddings)
    np.testing.assert_allclose(found[0], p @ embeddings, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found[1], p.T @ features, rtol=1e-5, atol=1e-5)


def test_the_gradient_of_sample_weights():
    features, embeddings, labels = problem()
    values = linear_cross_entropy(features, embeddings, labels, reduction=None)

    def loss(weights):
        return linear_cross_entropy(
            features, embeddings, labels, sample_weight=weights, reduction="sum"
        )

    weights = np.arange(ROWS).astype("float32")  # 0 among them, whose gradient is that loss too
    for these in (np.ones(ROWS, "float32"), weights):
        (found,) = gradients(loss, these)
        np.testing.assert_allclose(found, to_numpy(values), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_no_worse_than_the_plain_formula(dtype):
    rng = np.random.default_rng(3)
    features, embeddings, labels = problem(40, 64, 97)
    features, embeddings = features / 4, embeddings / 4
    upstream = ops.convert_to_tensor(rng.random(40).astype("float32"))
    layer = [ops.cast(one, dtype) for one in (features, embeddings)]
    rounded = [to_numpy(ops.cast(one, "float32")).astype("float32") for one in layer]
    right = truth(*rounded, labels, to_numpy(upstream), reduction=None)

    def plain(features, embeddings):
        scores = ops.cast(ops.matmul(features, ops.transpose(embeddings)), "float32")
        log_p = ops.log_softmax(scores)
        return -ops.take_along_axis(log_p, ops.convert_to_tensor(labels)[:, None], -1)[:, 0]

    def ours(features, embeddings):
        return linear_cross_entropy(features, embeddings, labels, reduction=None, chunk_size=16)

    def errors(function):
        found = [function(*layer), *vjp(function, layer, upstream)]
        expected = (right[0], right[3], right[4])
        return [
            np.sqrt(np.mean((to_numpy(ops.cast(one, "float32")) - other) ** 2))
            for one, other in zip(found, expected, strict=True)
        ]

    assert [keras.backend.standardize_dtype(one.dtype) for one in vjp(ours, layer, upstream)] == [
        dtype,
        dtype,
    ]
    for one, other in zip(errors(ours), errors(plain), strict=True):
        assert one <= other + 1e-7


def test_a_class_id_that_is_none():
    features, embeddings, labels = problem()
    for wrong in (-1, CLASSES):
        labels[2] = wrong
        with pytest.raises(InvalidArgumentError, match=f"Labels must be.*Received.*{wrong}"):
            linear_cross_entropy(features, embeddings, labels)
        values = linear_cross_entropy(
            features, embeddings, ops.convert_to_tensor(labels), reduction=None
        )
        assert np.isnan(to_numpy(values)).tolist() == [row == 2 for row in range(ROWS)]


def test_what_has_no_weight_may_be_no_class():
    features, embeddings, (ids, shares) = problem(kind="some")
    shares[:, 1] = 0
    expected = linear_cross_entropy(features, embeddings, (ids, shares))
    ids[:, 1] = -1
    for wrap in (np.asarray, ops.convert_to_tensor):
        found = linear_cross_entropy(features, embeddings, (wrap(ids), wrap(shares)))
        np.testing.assert_array_equal(to_numpy(found), to_numpy(expected))
    with pytest.raises(InvalidArgumentError, match="Labels must be"):
        linear_cross_entropy(features, embeddings, (ids, shares + 1))


def test_a_class_id_beyond_32_bits_is_none():
    if NAME == "jax":
        pytest.skip("JAX has no 64-bit integers by default")
    features, embeddings, labels = problem()
    wide = labels.astype("int64")
    wide[1] += 2**32
    values = linear_cross_entropy(features, embeddings, ops.convert_to_tensor(wide), reduction=None)
    assert np.isnan(to_numpy(values)).tolist() == [row == 1 for row in range(ROWS)]


@pytest.mark.parametrize(
    "changes",
    [
        {"reduction": "average"},
        {"label_smoothing": 1.0},
        {"z_loss": -1.0},
        {"z_loss": float("nan")},
        {"softcap": 0.0},
        {"chunk_size": 0},
        {"chunk_size": "small"},
        {"ignore_class": 1.5},
        {"class_weight": [1.0]},
        {"sample_weight": np.ones(1)},
        {"sample_weight": np.ones((ROWS, 1))},
        {"class_weight": [-1.0] * CLASSES},
    ],
    ids=str,
)
def test_wrong_options(changes):
    with pytest.raises(InvalidArgumentError, match=f"`{next(iter(changes))}`.*Received"):
        linear_cross_entropy(*problem(), **changes)


@pytest.mark.parametrize(
    "features, embeddings, labels, bias",
    [
        ((3, 4), (6, 5), (3,), None),
        ((3, 4), (6,), (3,), None),
        ((3, 4), (0, 4), (3,), None),
        ((3, 4), (6, 4), (2,), None),
        ((3, 4), (6, 4), (3, 2), None),
        ((3, 4), (6, 4), (3,), (5,)),
        ((), (6, 4), (), None),
    ],
)
def test_shapes_that_do_not_go_together(features, embeddings, labels, bias):
    with pytest.raises(InvalidArgumentError, match="must be.*Received|must have.*Received"):
        linear_cross_entropy(
            np.zeros(features, "float32"),
            np.zeros(embeddings, "float32"),
            np.zeros(labels, "int32"),
            None if bias is None else np.zeros(bias, "float32"),
        )


def test_a_batch_may_be_empty():
    features, embeddings, labels = problem()
    assert float(linear_cross_entropy(features[:0], embeddings, labels[:0])) == 0
    none = linear_cross_entropy(features[:0], embeddings, labels[:0], reduction=None)
    assert tuple(none.shape) == (0,)


def test_weights_of_a_layer():
    """Keras's variables, under jit and tf.function too."""
    features, embeddings, labels = problem()
    weights = [keras.Variable(embeddings), keras.Variable(MASKED.astype("float32"))]
    found = quick(lambda x: linear_cross_entropy(x, weights[0], labels, weights[1]))
    expected = linear_cross_entropy(features, embeddings, labels, MASKED)
    np.testing.assert_allclose(
        to_numpy(found(ops.convert_to_tensor(features))), to_numpy(expected), rtol=1e-6
    )


def test_a_weight_of_none_leaves_a_row_out():
    """Whatever its loss, or its weight where it is ignored."""
    features, embeddings, labels = problem()
    weights = np.ones(ROWS, "float32")
    weights[0], weights[1] = 0.0, np.nan
    bias = np.where(np.arange(CLASSES) == labels[0], -np.inf, 0.0).astype("float32")
    labels[2:][labels[2:] == labels[0]] += 1
    labels[1] = -1
    for options in ({"chunk_size": CHUNK}, {}):
        loss = linear_cross_entropy(
            features, embeddings, labels, bias, ignore_class=-1, sample_weight=weights, **options
        )
        assert np.isfinite(float(loss))


def test_labels_as_lists_and_integers():
    features, embeddings, _ = problem()
    weights = np.arange(ROWS * CLASSES).reshape(ROWS, CLASSES) % 5
    found = linear_cross_entropy(features, embeddings, weights)
    tensor = ops.convert_to_tensor(weights.astype("float32"))
    expected = linear_cross_entropy(features, embeddings, tensor)
    np.testing.assert_allclose(float(found), float(expected), rtol=1e-6)
    ids, shares = [[3, -1]] * ROWS, [[1.0, 0.0]] * ROWS
    found = linear_cross_entropy(features, embeddings, (ids, shares))
    expected = linear_cross_entropy(features, embeddings, [3] * ROWS)
    np.testing.assert_allclose(float(found), float(expected), rtol=1e-6)


@pytest.mark.skipif(NAME != "torch", reason="PyTorch's modes")
def test_no_gradients_are_made_where_none_are_wanted(one_pass, monkeypatch):
    import torch

    from kerasoft.ops import one_pass_cross_entropy_torch as way

    made, put = [], way.put_product
    monkeypatch.setattr(way, "put_product", lambda *all: made.append(1) or put(*all))
    features, embeddings, labels = problem()
    weights = torch.nn.Parameter(torch.as_tensor(embeddings))
    with torch.no_grad():
        alone = linear_cross_entropy(features, weights, labels)
    assert not made
    assert float(linear_cross_entropy(features, weights, labels)) == float(alone) and made


@pytest.mark.skipif(NAME != "torch", reason="PyTorch's modes")
def test_autocast_does_not_reach_within():
    import torch

    features, embeddings, labels = problem()
    for options in ({"chunk_size": CHUNK}, {}):

        def loss(*layer, options=options):
            return linear_cross_entropy(*layer, labels, **options)

        with torch.autocast("cpu", torch.bfloat16):
            found = gradients(loss, features, embeddings)
        for one, other in zip(found, gradients(loss, features, embeddings), strict=True):
            np.testing.assert_array_equal(one, other)
