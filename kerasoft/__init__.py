"""kerasoft: softmax variants for Keras 3, as score layers, losses and heads.

Importing it registers every public class with Keras, so that saved models load.
"""

from kerasoft import (
    augmentation,
    backbones,
    callbacks,
    data,
    evaluation,
    heads,
    layers,
    losses,
    ops,
    training,
)
from kerasoft.classifier import Classifier
from kerasoft.version import __version__

__all__ = [
    "Classifier",
    "__version__",
    "augmentation",
    "backbones",
    "callbacks",
    "data",
    "evaluation",
    "heads",
    "layers",
    "losses",
    "ops",
    "training",
]
