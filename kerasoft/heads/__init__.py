"""Heads: Keras layers from features to a distribution, owning the class embeddings."""

from kerasoft.heads.complexity import Complexity
from kerasoft.heads.head import Head
from kerasoft.heads.registry import get, names
from kerasoft.heads.softmax_head import SoftmaxHead

__all__ = ["Complexity", "Head", "SoftmaxHead", "get", "names"]
