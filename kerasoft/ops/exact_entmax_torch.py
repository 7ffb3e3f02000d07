"""Sparsemax and entmax15 from the best few classes, which PyTorch finds quickly.

Composed of PyTorch's ops, every pass over the classes writes a tensor as large as the scores; here
only the result and the gradient are. The best 48 classes have the threshold of all, unless the last
of them still gets some probability: then 512 are asked, then all. The gradient needs to remember no
more than those few.
"""

import torch
from torch.autograd.function import once_differentiable

from kerasoft.ops import exact_entmax_portable
from kerasoft.ops.jacobian import jacobian_product
from kerasoft.ops.softmax_portable import centre
from kerasoft.ops.tracing import is_written_down

_BEST = (48, 512)


def exact_entmax(scores: torch.Tensor, axis: int, degree: int) -> torch.Tensor:
    """As the portable version, in values and gradients."""
    classes = scores.shape[axis]
    if is_written_down():  # then nobody can ask whether a few are enough
        best, index = scores.detach().topk(classes, dim=axis)
        p = _of_sorted(centre(best, axis) / degree, axis, degree)
        return _Scatter.apply(scores, p, index, axis, degree)
    if classes <= _BEST[0] or torch.compiler.is_compiling():
        return exact_entmax_portable.exact_entmax(scores, axis, degree)
    for few in _BEST:
        best, index = scores.detach().topk(min(few, classes), dim=axis)
        p = _of_sorted(centre(best, axis) / degree, axis, degree)
        if not bool((p.select(axis, -1) > 0).any()):
            return _Scatter.apply(scores, p, index, axis, degree)
    return exact_entmax_portable.exact_entmax(scores, axis, degree)


def _of_sorted(scores: torch.Tensor, axis: int, degree: int) -> torch.Tensor:
    """max(s - tau, 0)^degree of descending scores: the longest prefix that stays above its tau.

    References:
        Martins and Astudillo, ICML 2016, algorithm 1; Peters et al., ACL 2019, algorithm 2.
    """
    shape = [1] * scores.ndim
    shape[axis] = -1
    count = torch.arange(1, scores.shape[axis] + 1, device=scores.device).reshape(shape)
    mean = scores.cumsum(axis) / count
    if degree == 1:
        tau = mean - 1 / count
    else:
        variation = (scores * scores).cumsum(axis) - count * mean * mean
        tau = mean - ((1 - variation) / count).clamp(min=0).sqrt()
    support = (tau < scores).sum(axis, keepdim=True)
    tau = tau.gather(axis, (support - 1).clamp(min=0))
    excess = torch.relu(scores - tau.masked_fill(support == 0, 0.0))  # 0: masked altogether
    return excess if degree == 1 else excess * excess


class _Scatter(torch.autograd.Function):
    """Probabilities of a few classes, among zeros; the gradient needs no more than those."""

    @staticmethod
    def forward(ctx, scores, p, index, axis, degree):
        ctx.save_for_backward(p, index)
        ctx.axis, ctx.degree, ctx.shape = axis, degree, scores.shape
        return torch.zeros_like(scores).scatter_(axis, index, p)

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream):
        p, index = ctx.saved_tensors
        slopes = exact_entmax_portable.slopes(p, ctx.degree)
        gradient = jacobian_product(slopes, upstream.gather(ctx.axis, index), ctx.axis)
        return upstream.new_zeros(ctx.shape).scatter_(ctx.axis, index, gradient), *[None] * 4
