"""Softmax variants as pure functions of tensors."""

from kerasoft.ops.entmax import entmax
from kerasoft.ops.entmax15 import entmax15
from kerasoft.ops.gumbel_softmax import gumbel_softmax, log_gumbel_softmax
from kerasoft.ops.linear_cross_entropy import linear_cross_entropy
from kerasoft.ops.pseudo_softmax import log_pseudo_softmax, pseudo_softmax
from kerasoft.ops.softmax import log_softmax, softmax
from kerasoft.ops.sparsemax import sparsemax
from kerasoft.ops.taylor_softmax import log_taylor_softmax, taylor_softmax

__all__ = [
    "entmax",
    "entmax15",
    "gumbel_softmax",
    "linear_cross_entropy",
    "log_gumbel_softmax",
    "log_pseudo_softmax",
    "log_softmax",
    "log_taylor_softmax",
    "pseudo_softmax",
    "softmax",
    "sparsemax",
    "taylor_softmax",
]
