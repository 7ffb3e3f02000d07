"""What a recipe makes of the optimizer."""

import keras
import numpy as np
import pytest
import training_fakes
from backend import to_numpy

from kerasoft import backbones, heads
from kerasoft.training.build import build_classifier, precision

X = np.zeros((64, 32, 32, 3), "uint8")
Y = np.zeros(64, "int32")


def built(monkeypatch, **changes):
    monkeypatch.setattr(backbones, "get", lambda name, **options: training_fakes.tiny())
    keras.utils.set_random_seed(0)
    recipe = training_fakes.recipe(**changes)
    head = heads.SoftmaxHead(training_fakes.CLASSES, softmax="softmax")
    with precision(recipe.precision):
        return build_classifier(recipe, head, 5, {})


def test_backbone_options_reach_the_backbone(monkeypatch):
    asked = []
    monkeypatch.setattr(
        backbones,
        "get",
        lambda name, **options: asked.append((name, options)) or training_fakes.tiny(),
    )
    options = {"width": 7}
    recipe = training_fakes.recipe(backbone="cnn", backbone_options=options)
    build_classifier(recipe, heads.SoftmaxHead(10), 5, {})
    assert asked == [("cnn", options)]


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_adamw_leaves_biases_and_scales_alone(monkeypatch, policy):
    model = built(monkeypatch, optimizer="adamw", weight_decay=0.5, precision=policy)
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    decayed = [optimizer._use_weight_decay(weight) for weight in model.trainable_weights]
    assert decayed == [len(weight.shape) > 1 for weight in model.trainable_weights]
    assert True in decayed and False in decayed and optimizer.weight_decay == 0.5


def test_the_gradients_together_are_clipped(monkeypatch):
    assert built(monkeypatch, clip=0.5).optimizer.global_clipnorm == 0.5
    assert built(monkeypatch).optimizer.global_clipnorm is None


def test_the_average_takes_the_place_of_the_weights(monkeypatch):
    def trained(average):
        model = built(monkeypatch, average=average)
        model.fit(X, Y, batch_size=16, shuffle=False, verbose=0)
        return np.concatenate(
            [to_numpy(weight.value).ravel() for weight in model.trainable_weights]
        )

    plain = trained(0.0)
    np.testing.assert_allclose(trained(1e-7), plain, atol=1e-5)
    assert np.abs(trained(0.9) - plain).max() > 1e-3


def test_what_muon_and_shifts_are_told(monkeypatch):
    model = built(
        monkeypatch,
        optimizer="muon",
        momentum=0.7,
        other_rate=5.0,
        augmentation="flip_shift",
        shift=1,
    )
    assert (model.optimizer.momentum, model.optimizer.other_rate) == (0.7, 5.0)
    assert model.augmentation.layers[1].pixels == 1
