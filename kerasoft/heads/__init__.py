"""Heads: Keras layers from features to a distribution, owning the class embeddings."""

from kerasoft.heads.adaptive_softmax import AdaptiveSoftmax
from kerasoft.heads.complexity import Complexity
from kerasoft.heads.head import Head
from kerasoft.heads.hierarchical_softmax import HierarchicalSoftmax
from kerasoft.heads.registry import get, kind, names
from kerasoft.heads.rows import RowAdagrad, RowAdam, RowSGD
from kerasoft.heads.sampled_softmax import SampledSoftmax
from kerasoft.heads.softmax_head import SoftmaxHead
from kerasoft.heads.trees import taxonomy

__all__ = [
    "AdaptiveSoftmax",
    "Complexity",
    "Head",
    "HierarchicalSoftmax",
    "RowAdagrad",
    "RowAdam",
    "RowSGD",
    "SampledSoftmax",
    "SoftmaxHead",
    "get",
    "kind",
    "names",
    "taxonomy",
]
