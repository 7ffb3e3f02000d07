"""Trees over the classes: from a class to the decisions on its way from the root, and back."""

from kerasoft.heads.trees.make import get, names
from kerasoft.heads.trees.nested_lists import plain
from kerasoft.heads.trees.path_loss import path_loss
from kerasoft.heads.trees.taxonomy import taxonomy
from kerasoft.heads.trees.tree import Path, Slots, Tree

__all__ = ["Path", "Slots", "Tree", "get", "names", "path_loss", "plain", "taxonomy"]
