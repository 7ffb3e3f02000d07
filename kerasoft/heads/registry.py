"""Heads by the names that the command line uses."""

import inspect

from kerasoft import layers
from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.adaptive_softmax import AdaptiveSoftmax
from kerasoft.heads.head import Head
from kerasoft.heads.hierarchical_softmax import HierarchicalSoftmax
from kerasoft.heads.published import HEADS as _PUBLISHED
from kerasoft.heads.sampled_softmax import SampledSoftmax
from kerasoft.heads.softmax_head import SoftmaxHead

_HEADS: dict[str, type[Head]] = {  # heads that are more than a score layer over all scores
    "hierarchical": HierarchicalSoftmax,
    "adaptive": AdaptiveSoftmax,
    "sampled": SampledSoftmax,
}


def names() -> tuple[str, ...]:
    """Every score layer (in a `SoftmaxHead`) and every other head.

    `get` knows those of `kerasoft.heads.published` too, which nobody should choose.
    """
    return (*layers.names(), *_HEADS)


def kind(name: str) -> type[Head]:
    """The class of the head of that name, with hyphens or underscores.

    Raises:
        InvalidArgumentError: if the name is unknown.
    """
    canonical = name.replace("-", "_") if isinstance(name, str) else None
    if canonical in layers.names():
        return SoftmaxHead
    if head := _HEADS.get(canonical) or _PUBLISHED.get(canonical):
        return head
    raise InvalidArgumentError(f"`softmax` must be one of {', '.join(names())}.", softmax=name)


def get(name: str, num_classes: int, **options: object) -> Head:
    """Returns the head of that name.

    Args:
        name: one of `names()`, with hyphens or underscores.
        num_classes: number of classes.
        **options: arguments of the head (such as `label_smoothing`) or of its score layer (such as
            `temperature`).

    Raises:
        InvalidArgumentError: if the name or an option is unknown, or a value is not allowed.
    """
    head = kind(name)
    # Of __init__ itself: of a class, some releases of Python look at Keras's __new__ first.
    known = {*inspect.signature(head.__init__).parameters, "ignore_class", "name", "dtype"}
    known -= {"self", "num_classes", "softmax", "kwargs"}
    if head is SoftmaxHead:
        own = {option: options.pop(option) for option in known & options.keys()}
        return SoftmaxHead(num_classes, softmax=layers.get(name, **options), **own)
    for option in options:
        if option not in known:
            raise InvalidArgumentError(
                f"Softmax `{name}` has no {option}, but {', '.join(sorted(known))}.",
                **options,
            )
    return head(num_classes, **options)
