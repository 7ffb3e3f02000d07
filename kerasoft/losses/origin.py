"""Where predictions came from, for the losses that are handed what a score layer has made.

A loss is given probabilities and no way back: from those that underflowed to 0 no gradient leads to
the scores, and a loss for scores cannot see that a softmax has been applied already. So a score
layer remembers, for as long as its output lives, which layer made it from which scores.
"""

import weakref
from typing import Any, NamedTuple

import keras

from kerasoft.ops.precision import Tensor


class Origin(NamedTuple):
    """The score layer that made a tensor, and its scores after noise and temperature."""

    layer: Any
    logits: Tensor


_ATTRIBUTE = "_kerasoft_origin"
_ORIGINS: dict[int, tuple[weakref.ref, Origin]] = {}  # by id, for JAX, which takes no attributes


def remember(output: Tensor, origin: Origin) -> None:
    """Notes the origin of `output`, until `output` is freed."""
    try:
        setattr(output, _ATTRIBUTE, origin)
    except AttributeError:
        key = id(output)
        _ORIGINS[key] = (weakref.ref(output, lambda _: _ORIGINS.pop(key, None)), origin)


def recall(predictions: Tensor) -> Origin | None:
    """The origin of `predictions`, or None: nothing is known of copies and casts."""
    if hasattr(predictions, _ATTRIBUTE):
        return getattr(predictions, _ATTRIBUTE)
    found = _ORIGINS.get(id(predictions))
    return found[1] if found is not None and found[0]() is predictions else None


if keras.backend.backend() == "torch":
    # The compiler would guard on each tensor's identity, and compile again at every step.
    import torch

    remember, recall = torch.compiler.disable(remember), torch.compiler.disable(recall)


def only_shapes_are_asked() -> bool:
    """Whether Keras is working out shapes, on stand-ins for predictions that no layer has made."""
    with keras.SymbolicScope() as scope:
        return scope.original_scope is not None
