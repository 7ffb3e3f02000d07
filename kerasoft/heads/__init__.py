"""Heads: Keras layers from features to a distribution, owning the class embeddings."""

from kerasoft.heads.complexity import Complexity
from kerasoft.heads.head import Head
from kerasoft.heads.registry import get, names
from kerasoft.heads.row_adagrad import RowAdagrad
from kerasoft.heads.row_adam import RowAdam
from kerasoft.heads.row_sgd import RowSGD
from kerasoft.heads.softmax_head import SoftmaxHead

__all__ = ["Complexity", "Head", "RowAdagrad", "RowAdam", "RowSGD", "SoftmaxHead", "get", "names"]
