"""Heads as published code has them: exactly that wrong, and no more."""

import os
import subprocess
import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest
import reference
from backend import OTHERS, gradient, quick, random_scores, to_numpy
from keras import ops

from kerasoft import Classifier, heads
from kerasoft.errors import InvalidArgumentError
from kerasoft.heads import softmax_head
from kerasoft.heads.published import HEADS
from kerasoft.ops import log_softmax, softmax
from kerasoft.ops.gumbel_softmax import gumbel_noise


def built(name, num_classes, dimensions=4, **options):
    """A head whose weights are random numbers."""
    head = heads.get(name, num_classes, **options)
    head.build((None, dimensions))
    rng = np.random.default_rng(0)
    for weight in head.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    return head


def features(*shape, seed=1):
    return random_scores(shape, 1.0, seed).astype("float32")


def scores_of(head, x):
    """In float64."""
    return x @ to_numpy(head.class_embeddings).T + to_numpy(head.bias)


@pytest.mark.parametrize("name", HEADS)
def test_known_by_name_and_not_listed(name):
    assert name not in heads.names()
    assert heads.kind(name.replace("_", "-")) is HEADS[name] is type(heads.get(name, 3))
    with pytest.raises(InvalidArgumentError, match="has no width.*Received: width=1"):
        heads.get(name, 3, width=1)


@pytest.mark.parametrize("name", HEADS)
def test_evaluation_predicts_softmax_of_the_scores(name):
    head, x = built(name, 7), features(5, 4)
    p, log_p = quick(lambda x: (head(x), head.log_prob(x)))(x)
    truth = reference.softmax(scores_of(head, x))
    np.testing.assert_allclose(to_numpy(p), truth, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(to_numpy(log_p), np.log(truth), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("training", [False, True])
def test_softmax_twice(training):
    head, x, labels = built("softmax_twice", 7), features(5, 4), np.array([0, 6, 3, 3, 1])
    loss = to_numpy(quick(lambda x: head.loss(x, labels, training=training))(x))
    once = reference.softmax(scores_of(head, x))
    truth = reference.cross_entropy(labels, reference.log_softmax(once))
    np.testing.assert_allclose(loss, truth, rtol=1e-6)


def gradient_in_scores(name, scores, label):
    """Of one example whose features are all scores: embeddings are the identity."""
    head = built(name, scores.shape[-1], scores.shape[-1])
    head.set_weights([np.eye(scores.shape[-1]), np.zeros(scores.shape[-1])])
    return gradient(lambda x: head.loss(x, [label], training=True)[0], scores)


def test_gradient_of_softmax_twice():
    scores, label = random_scores((1, 6), 2.0), 4
    p = reference.softmax(scores)
    r = reference.softmax(p) - reference.one_hot([label], 6)
    truth = p * (r - (p * r).sum())
    found = gradient_in_scores("softmax_twice", scores, label)
    np.testing.assert_allclose(found, truth, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_first_steps_of_softmax_twice_are_as_many_times_shorter_as_there_are_classes(classes):
    """Where a network begins, all classes are equally probable: 100 of them have 1 % of p - y."""
    scores = np.zeros((1, classes))
    twice = gradient_in_scores("softmax_twice", scores, 1)
    once = gradient_in_scores("softmax", scores, 1)
    np.testing.assert_allclose(twice, once / classes, rtol=1e-5, atol=1e-8)


def test_softmax_twice_calls_a_sure_mistake_and_a_sure_hit_nearly_the_same():
    """The loss spans 1 nat at most, and a class that is surely wrong gets no gradient at all."""
    head, classes = built("softmax_twice", 100, 100), 100
    head.set_weights([100.0 * np.eye(classes), np.zeros(classes)])
    x = np.eye(classes, dtype="float32")[:1]
    hit, mistake = (to_numpy(head.loss(x, [label]))[0] for label in (0, 1))
    assert hit == pytest.approx(np.log(1 + 99 / np.e), rel=1e-6)  # 3.62: it cannot be lower
    assert mistake - hit == pytest.approx(1.0, rel=1e-5)
    assert abs(gradient_in_scores("softmax_twice", 100.0 * x, 1)).max() < 1e-30
    assert abs(gradient_in_scores("softmax", 100.0 * x, 1)).max() == pytest.approx(1.0)


def test_logarithms_are_spared():
    """The same mistake with log-probabilities is none: log-softmax of them gives them back."""
    log_p = reference.log_softmax(random_scores((5, 100), 10.0))
    np.testing.assert_allclose(to_numpy(log_softmax(log_p)), log_p, rtol=1e-5, atol=1e-5)
    p = reference.softmax(random_scores((5, 100), 10.0))
    assert abs(to_numpy(softmax(p)) - p).max() > 0.5


def test_the_temperature_divides_the_noise_alone():
    options = {"temperature": 10.0, "seed": 3}
    head, x = built("gumbel_noise_over_temperature", 7, **options), features(5, 4)
    noise = to_numpy(gumbel_noise((5, 7), keras.random.SeedGenerator(3)))
    truth = reference.softmax(scores_of(head, x) + noise / 10.0)
    np.testing.assert_allclose(to_numpy(head(x, training=True)), truth, rtol=1e-5, atol=1e-7)


def test_its_loss_is_the_cross_entropy_of_the_draw():
    options = {"temperature": 0.5, "seed": 3}
    head, x = built("gumbel_noise_over_temperature", 7, **options), features(5, 4)
    labels = np.array([0, 6, 3, 3, 1])
    noise = to_numpy(gumbel_noise((5, 7), keras.random.SeedGenerator(3)))
    truth = reference.log_softmax(scores_of(head, x) + noise / 0.5)
    loss = to_numpy(head.loss(x, labels, training=True))
    np.testing.assert_allclose(loss, reference.cross_entropy(labels, truth), rtol=1e-5)
    quiet = to_numpy(head.loss(x, labels))
    truth = reference.cross_entropy(labels, reference.log_softmax(scores_of(head, x)))
    np.testing.assert_allclose(quiet, truth, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("margin", [1.0, 0.25])
def test_hinge(margin):
    head, x = built("hinge", 7, margin=margin), features(5, 4)
    labels = np.array([0, 6, 3, 3, 1])
    scores = scores_of(head, x)
    own = scores[np.arange(5), labels][:, None]
    truth = np.maximum(0.0, margin + scores - own).sum(-1) - margin
    np.testing.assert_allclose(to_numpy(head.loss(x, labels)), truth, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name, options",
    [("hinge", {"margin": 0}), ("gumbel_noise_over_temperature", {"temperature": 0})],
)
def test_bad_values(name, options):
    with pytest.raises(InvalidArgumentError, match="Received: .*=0"):
        heads.get(name, 3, **options)


@pytest.mark.parametrize("name", HEADS)
def test_many_classes_do_not_change_the_loss(name, monkeypatch):
    """A `SoftmaxHead` would take them in chunks, and by cross-entropy."""
    labels, x = np.array([0, 6, 3, 3, 1]), features(5, 4)
    head = built(name, 7)
    monkeypatch.setattr(softmax_head, "_ALL_AT_ONCE", 3)
    assert head.holds_all_scores and not heads.get("softmax", 7).holds_all_scores
    mean = to_numpy(head.mean_loss(x, labels, ops.mean))
    monkeypatch.undo()
    assert mean == pytest.approx(to_numpy(head.loss(x, labels)).mean(), rel=1e-6)
    assert (abs(mean - to_numpy(built("softmax", 7).loss(x, labels)).mean()) > 0.1) == (
        name != "gumbel_noise_over_temperature"  # without noise it is cross-entropy
    )


OPTIONS = {"hinge": {"margin": 0.5}, "gumbel_noise_over_temperature": {"temperature": 10.0}}


@pytest.mark.parametrize("name", HEADS)
def test_trains_within_a_classifier(name):
    model = classifier(name)
    model.compile(keras.optimizers.Adam(0.1))
    x = features(60, 4)
    y = np.argmax(x[:, :3], axis=-1)
    losses = model.fit(x, y, epochs=8, batch_size=20, verbose=0).history
    assert losses["loss"][-1] < losses["loss"][0]
    assert model.evaluate(x, y, verbose=0)[1] > 0.6


def classifier(name):
    keras.utils.set_random_seed(0)
    backbone = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu")])
    model = Classifier(backbone, heads.get(name, 3, **OPTIONS.get(name, {})))
    model.build((None, 4))
    return model


SAVE = """
import sys
import test_published_heads as tests
for name in tests.HEADS:
    model = tests.classifier(name)
    tests.np.save(f"{sys.argv[1]}/{name}.npy", model.predict(tests.features(6, 4), verbose=0))
    model.save(f"{sys.argv[1]}/{name}.keras")
"""
LOAD = """
import sys, keras, kerasoft
for path in sys.argv[1:]:
    print(type(keras.models.load_model(path).head).__name__)
"""


def test_saved_by_another_backend(tmp_path):
    installed = [name for name in ("torch", *OTHERS) if name in OTHERS and find_spec(name)]
    if not installed:
        pytest.skip("no other backend is installed")
    tests = os.path.dirname(__file__)
    path = os.pathsep.join([tests, os.path.dirname(tests)])
    environment = {**os.environ, "KERAS_BACKEND": installed[0], "PYTHONPATH": path}
    save = [sys.executable, "-c", SAVE, str(tmp_path)]
    subprocess.run(save, env=environment, check=True, timeout=300)
    for name in HEADS:
        model = keras.models.load_model(tmp_path / f"{name}.keras")
        config = model.head.get_config()
        assert type(model.head) is HEADS[name] and OPTIONS.get(name, {}).items() <= config.items()
        p = np.load(tmp_path / f"{name}.npy")
        np.testing.assert_allclose(model.predict(features(6, 4), verbose=0), p, rtol=1e-5)


def test_loads_after_import_kerasoft_alone(tmp_path):
    paths = [str(tmp_path / f"{name}.keras") for name in HEADS]
    for name, path in zip(HEADS, paths, strict=True):
        classifier(name).save(path)
    command = [sys.executable, "-c", LOAD, *paths]
    found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    assert found.stdout.split() == [cls.__name__ for cls in HEADS.values()]
