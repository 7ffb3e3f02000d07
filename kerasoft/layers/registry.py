"""Score layers by the names that the command line uses."""

import inspect

from kerasoft.errors import InvalidArgumentError
from kerasoft.layers.entmax import Entmax
from kerasoft.layers.entmax15 import Entmax15
from kerasoft.layers.gumbel_softmax import GumbelSoftmax
from kerasoft.layers.log_gumbel_softmax import LogGumbelSoftmax
from kerasoft.layers.log_softmax import LogSoftmax
from kerasoft.layers.pseudo_softmax import PseudoSoftmax
from kerasoft.layers.score_layer import ScoreLayer
from kerasoft.layers.softmax import Softmax
from kerasoft.layers.sparsemax import Sparsemax
from kerasoft.layers.taylor_softmax import TaylorSoftmax

_LAYERS: dict[str, type[ScoreLayer]] = {
    "softmax": Softmax,
    "log_softmax": LogSoftmax,
    "pseudo": PseudoSoftmax,
    "taylor": TaylorSoftmax,
    "gumbel": GumbelSoftmax,
    "log_gumbel": LogGumbelSoftmax,
    "sparsemax": Sparsemax,
    "entmax15": Entmax15,
    "entmax": Entmax,
}


def names() -> tuple[str, ...]:
    """The names that `get` knows."""
    return tuple(_LAYERS)


def get(softmax: str | ScoreLayer, **options: object) -> ScoreLayer:
    """Returns the score layer of that name, made with `options`, or the layer itself.

    Args:
        softmax: one of `names()`, with hyphens or underscores, or a score layer.
        **options: arguments of the layer's constructor; none with a ready layer.

    Raises:
        InvalidArgumentError: if the name is unknown or the layer has no such option.
    """
    if isinstance(softmax, ScoreLayer) and not options:
        return softmax
    name = softmax.replace("-", "_") if isinstance(softmax, str) else None
    if name not in _LAYERS:
        raise InvalidArgumentError(
            f"`softmax` must be one of {', '.join(_LAYERS)}, or a score layer without options.",
            softmax=softmax,
            **options,
        )
    # Of __init__ itself: of a class, some releases of Python look at Keras's __new__ first.
    known = {*inspect.signature(_LAYERS[name].__init__).parameters, "name", "dtype"}
    known -= {"self", "kwargs"}
    for option in options:
        if option not in known:
            raise InvalidArgumentError(
                f"Softmax `{name}` has no {option}, but {', '.join(sorted(known))}.",
                **options,
            )
    return _LAYERS[name](**options)
