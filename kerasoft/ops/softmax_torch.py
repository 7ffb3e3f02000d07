"""Softmax by PyTorch's own kernels, which are three times as fast as a composition of its ops.

They give NaN where a row is masked altogether (-inf everywhere), which costs two passes to prevent.
It costs little to look at the first class alone: where that is open, so is the row.
"""

import math
from collections.abc import Callable

import torch

from kerasoft.ops.tracing import is_written_down


def softmax(scores: torch.Tensor, axis: int) -> torch.Tensor:
    """exp(s_i) / sum_j exp(s_j); a row that is all -inf gives zeros."""
    return _repaired(torch.softmax, scores, axis, 0.0)


def log_softmax(scores: torch.Tensor, axis: int) -> torch.Tensor:
    """s_i - log sum_j exp(s_j); a row that is all -inf gives -inf."""
    return _repaired(torch.log_softmax, scores, axis, -math.inf)


def _repaired(kernel: Callable, scores: torch.Tensor, axis: int, value: float) -> torch.Tensor:
    if _can_look(scores) and _sum_of_first_class(scores, axis) > -math.inf:
        return kernel(scores, axis)
    masked = scores.detach().amax(axis, keepdim=True) == -math.inf
    return kernel(scores.masked_fill(masked, 0.0), axis).masked_fill(masked, value)


def _can_look(scores: torch.Tensor) -> bool:
    """Not while the step is written down, by a compiler or for a CUDA graph.

    Nor without values: where Keras only asks for shapes, an error would make it compute them all.
    """
    if torch.compiler.is_compiling() or is_written_down() or scores.is_meta:
        return False
    return not (scores.is_cuda and torch.cuda.is_current_stream_capturing())


def _sum_of_first_class(scores: torch.Tensor, axis: int) -> float:
    return scores.detach().select(axis, 0).sum().item()
