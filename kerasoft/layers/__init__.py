"""Score layers: from scores to a distribution over classes; and attention made of them."""

from kerasoft.layers.complexity import Complexity
from kerasoft.layers.entmax import Entmax
from kerasoft.layers.entmax15 import Entmax15
from kerasoft.layers.gumbel_softmax import GumbelSoftmax
from kerasoft.layers.log_gumbel_softmax import LogGumbelSoftmax
from kerasoft.layers.log_softmax import LogSoftmax
from kerasoft.layers.multi_head_attention import MultiHeadAttention
from kerasoft.layers.pseudo_softmax import PseudoSoftmax
from kerasoft.layers.registry import get, names
from kerasoft.layers.score_layer import ScoreLayer
from kerasoft.layers.softmax import Softmax
from kerasoft.layers.sparsemax import Sparsemax
from kerasoft.layers.taylor_softmax import TaylorSoftmax

__all__ = [
    "Complexity",
    "Entmax",
    "Entmax15",
    "GumbelSoftmax",
    "LogGumbelSoftmax",
    "LogSoftmax",
    "MultiHeadAttention",
    "PseudoSoftmax",
    "ScoreLayer",
    "Softmax",
    "Sparsemax",
    "TaylorSoftmax",
    "get",
    "names",
]
