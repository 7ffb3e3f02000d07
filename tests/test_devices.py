"""Nothing stays on the host where Keras computes elsewhere; `meta` stands in for a GPU."""

import keras
import pytest
from backend import NAME
from keras import ops

from kerasoft import augmentation, heads, layers

if NAME != "torch":
    pytest.skip("the other backends place everything themselves", allow_module_level=True)

import torch

from kerasoft.ops.tracing import written_down

META = torch.device("meta")


@pytest.fixture(params=[False, True], ids=["", "written down"])
def on_meta(request):
    with keras.device("meta"):
        if not request.param:
            yield
        else:
            with written_down():
                yield


@pytest.mark.parametrize(
    "softmax", ["softmax", "log_softmax", "pseudo", "taylor", "gumbel", "log_gumbel"]
)
def test_score_layers(softmax, on_meta):
    scores = torch.zeros(4, 10, device=META)
    assert layers.get(softmax)(scores, training=True).device == META


@pytest.mark.parametrize("name", ["softmax", "gumbel", "hierarchical", "adaptive", "sampled"])
def test_heads(name, on_meta):
    head = heads.get(name, 50)
    features, labels = torch.zeros(4, 8, device=META), ops.zeros((4,), "int32")
    assert head(features).device == META
    assert head.loss(features, labels, training=True).device == META


@pytest.mark.parametrize(
    "layer",
    [augmentation.RandomFlip, augmentation.RandomShift, augmentation.RandomCutout],
)
def test_augmentation(layer, on_meta):
    images = torch.zeros(4, 8, 8, 3, dtype=torch.uint8, device=META)
    assert layer()(images, training=True).device == META


@pytest.mark.parametrize("layer", [augmentation.MixUp, augmentation.CutMix])
def test_mixing(layer, on_meta):
    images = torch.zeros(4, 8, 8, 3, dtype=torch.uint8, device=META)
    assert all(found.device == META for found in layer().mix(images, training=True))
