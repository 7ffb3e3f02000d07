"""Softmax variants as pure functions of tensors."""

from kerasoft.ops.gumbel_softmax import gumbel_softmax, log_gumbel_softmax
from kerasoft.ops.pseudo_softmax import log_pseudo_softmax, pseudo_softmax
from kerasoft.ops.softmax import log_softmax, softmax

__all__ = [
    "gumbel_softmax",
    "log_gumbel_softmax",
    "log_pseudo_softmax",
    "log_softmax",
    "pseudo_softmax",
    "softmax",
]
