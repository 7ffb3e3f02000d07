"""Backbones by the names that the command line uses."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial

import keras

from kerasoft.backbones.airbench import airbench
from kerasoft.backbones.cct import cct
from kerasoft.backbones.cct_2 import cct_2
from kerasoft.backbones.cnn import cnn
from kerasoft.backbones.efficientnet import VARIANTS, efficientnet
from kerasoft.backbones.efficientnet_lite0 import efficientnet_lite0
from kerasoft.backbones.linear import linear
from kerasoft.backbones.resnet9 import resnet9
from kerasoft.backbones.resnet12 import resnet12
from kerasoft.backbones.simple_cnn import simple_cnn
from kerasoft.backbones.tiny_vgg import tiny_vgg
from kerasoft.backbones.vit import vit
from kerasoft.backbones.vit_pretrained import vit_pretrained
from kerasoft.backbones.vit_tiny import vit_tiny
from kerasoft.backbones.wide_resnet import wide_resnet
from kerasoft.errors import InvalidArgumentError

_CONVOLUTIONAL = (linear, simple_cnn, tiny_vgg, resnet12, cnn, resnet9, airbench, wide_resnet)
_TRANSFORMERS = (vit_tiny, vit, cct_2, cct, vit_pretrained)
_BACKBONES: dict[str, Callable[..., keras.Model]] = {
    function.__name__: function
    for function in (*_CONVOLUTIONAL, efficientnet_lite0, *_TRANSFORMERS)
}
_SMALLER_THAN = {vit_tiny: vit, cct_2: cct}  # they hand their options on
_BACKBONES |= {f"efficientnet_{variant}": partial(efficientnet, variant) for variant in VARIANTS}


def names() -> tuple[str, ...]:
    """The names that `get` knows."""
    return tuple(_BACKBONES)


def get(name: str, **options: object) -> keras.Model:
    """Returns a new backbone of that name, made with `options`.

    Raises:
        InvalidArgumentError: if the name is unknown, or it has no such option.
    """
    check_options(name, options)
    return _find(name)(**options)


def check_options(name: str, options: Mapping[str, object]) -> None:
    """Raises what `get` raises for a name or the names of options; makes nothing."""
    known = option_names(name)
    unknown = options.keys() - set(known)
    if unknown:
        raise InvalidArgumentError(
            f"{name} has no option {sorted(unknown)[0]}, but {', '.join(known)}.",
            **{name: options[name] for name in sorted(unknown)},
        )


def option_names(name: str) -> tuple[str, ...]:
    """The options that `get` takes for this name.

    Raises:
        InvalidArgumentError: if the name is unknown.
    """
    make = _find(name)
    return tuple(inspect.signature(_SMALLER_THAN.get(make, make)).parameters)


def _find(name: str) -> Callable[..., keras.Model]:
    canonical = name.replace("-", "_") if isinstance(name, str) else None
    if canonical not in _BACKBONES:
        raise InvalidArgumentError(
            f"`backbone` must be one of {', '.join(names())}.", backbone=name
        )
    return _BACKBONES[canonical]
