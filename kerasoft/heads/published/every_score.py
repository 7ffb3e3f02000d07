"""What published heads share."""

from kerasoft.heads.softmax_head import SoftmaxHead
from kerasoft.layers.score_layer import ScoreLayer


class EveryScore(SoftmaxHead):
    """Base class of the heads that predict softmax(s) and train with a loss of their own.

    A subclass gives `values`. Every score is there at once, however many classes there are: a
    `SoftmaxHead` takes many of them in chunks, by a cross-entropy that is not the loss here.

    Args:
        num_classes: number of classes C.
        softmax: what gives the probabilities.
        **kwargs: as in `SoftmaxHead`.
    """

    def __init__(self, num_classes: int, softmax: str | ScoreLayer = "softmax", **kwargs):
        super().__init__(num_classes, softmax, **kwargs)

    def _in_chunks(self, outer: tuple[int | None, ...]) -> bool:
        return False
