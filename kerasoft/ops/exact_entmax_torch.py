"""Sparsemax and entmax15 from the best few classes, which PyTorch finds quickly.

Composed of PyTorch's ops, every pass over the classes writes a tensor as large as the scores; here
only the result and the gradient are. The best 64 classes have the threshold of all, unless the last
of them still gets some probability: then all classes are asked. Memory for the gradient is O(64).
"""

import torch

from kerasoft.ops import exact_entmax_portable
from kerasoft.ops.jacobian import jacobian_product

_BEST = 64


def exact_entmax(scores: torch.Tensor, axis: int, degree: int) -> torch.Tensor:
    """As the portable version, in values and gradients."""
    classes = scores.shape[axis]
    if classes <= _BEST or torch.compiler.is_compiling():
        return exact_entmax_portable.exact_entmax(scores, axis, degree)
    best, index = scores.detach().topk(_BEST, dim=axis)
    p = exact_entmax_portable.exact_entmax(best, axis, degree)
    if bool((p.select(axis, -1) > 0).any()):
        return exact_entmax_portable.exact_entmax(scores, axis, degree)
    return _Scatter.apply(scores, p, index, axis, degree)


class _Scatter(torch.autograd.Function):
    """Probabilities of a few classes, among zeros; the gradient needs no more than those."""

    @staticmethod
    def forward(ctx, scores, p, index, axis, degree):
        ctx.save_for_backward(p, index)
        ctx.axis, ctx.degree, ctx.shape = axis, degree, scores.shape
        return torch.zeros_like(scores).scatter_(axis, index, p)

    @staticmethod
    def backward(ctx, upstream):
        p, index = ctx.saved_tensors
        slopes = exact_entmax_portable.slopes(p, ctx.degree)
        gradient = jacobian_product(slopes, upstream.gather(ctx.axis, index), ctx.axis)
        return upstream.new_zeros(ctx.shape).scatter_(ctx.axis, index, gradient), *[None] * 4
