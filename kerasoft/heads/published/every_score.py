"""What published heads share."""

from kerasoft.heads.softmax_head import SoftmaxHead
from kerasoft.layers.score_layer import ScoreLayer


class EveryScore(SoftmaxHead):
    """Base class of the heads that predict softmax(s) and train with a loss of their own.

    A subclass gives `values`, which has every score at once, however many classes there are.

    Args:
        num_classes: number of classes C.
        softmax: what gives the probabilities.
        **kwargs: as in `SoftmaxHead`.
    """

    def __init__(self, num_classes: int, softmax: str | ScoreLayer = "softmax", **kwargs):
        super().__init__(num_classes, softmax, **kwargs)
