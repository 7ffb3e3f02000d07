"""Score layers: Keras layers from scores to a distribution over classes."""

from kerasoft.layers.gumbel_softmax import GumbelSoftmax
from kerasoft.layers.log_gumbel_softmax import LogGumbelSoftmax
from kerasoft.layers.log_softmax import LogSoftmax
from kerasoft.layers.pseudo_softmax import PseudoSoftmax
from kerasoft.layers.registry import get, names
from kerasoft.layers.score_layer import ScoreLayer
from kerasoft.layers.softmax import Softmax

__all__ = [
    "GumbelSoftmax",
    "LogGumbelSoftmax",
    "LogSoftmax",
    "PseudoSoftmax",
    "ScoreLayer",
    "Softmax",
    "get",
    "names",
]
