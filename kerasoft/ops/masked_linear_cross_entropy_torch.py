"""Cross-entropy of a linear layer for some rows of a batch, with PyTorch's dynamic shapes.

The rows that belong are taken all at once and the classes in blocks, which on a CPU stay in its
cache, each written to the same place in memory: no padding, and no pass over the embeddings for
every block of rows. Sums over many classes are also more exact in blocks.
"""

import torch
from torch.autograd.function import once_differentiable

from kerasoft.ops.accelerator import on_accelerator

_CPU_SCORES = 2**19  # a block: 2 MiB, which two cores' caches hold
_ACCELERATOR_SCORES = 2**24  # likewise: 64 MiB, and few kernels to start


def masked_linear_cross_entropy(
    features: torch.Tensor, embeddings: torch.Tensor, ids: torch.Tensor
) -> torch.Tensor:
    """As the portable version, in values and gradients."""
    return _Function.apply(features, embeddings, ids)


class _Function(torch.autograd.Function):
    """The value keeps the logarithm of each row's total, from which the scores come back."""

    @staticmethod
    def forward(ctx, features, embeddings, ids):
        members = (ids >= 0).nonzero()[:, 0]
        values = torch.zeros(len(ids), device=features.device)
        log_total = values[:0]
        if len(members):
            rows, labels = features[members], ids[members]
            log_total = _log_total(rows, embeddings)
            label = (rows.float() * embeddings[labels].to(rows.dtype)).sum(-1)
            values[members] = log_total - label
        ctx.save_for_backward(features, embeddings, ids, members, log_total)
        return values

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream):
        features, embeddings, ids, members, log_total = ctx.saved_tensors
        by_features = torch.zeros_like(features)
        if not len(members):
            return by_features, torch.zeros_like(embeddings), None
        rows, weights = features[members], upstream[members].float()[:, None]
        by_rows, by_embeddings = _gradients(rows, embeddings, log_total, weights)
        labels = ids[members]
        by_rows -= weights * embeddings[labels]
        by_embeddings.index_add_(0, labels, -(weights * rows).to(by_embeddings.dtype))
        by_features[members] = by_rows.to(features.dtype)
        return by_features, by_embeddings, None


def _log_total(rows: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor:
    """The logarithm of the sum of exponentials of each row's scores."""
    top = rows.new_full((len(rows), 1), -torch.inf, dtype=torch.float32)
    total = torch.zeros_like(top)
    for block in _blocks(embeddings, len(rows)):
        scores = (rows @ block.to(rows.dtype).T).float()
        higher = torch.maximum(top, scores.amax(1, keepdim=True))
        powers = scores.sub_(higher).exp_()
        total = total * torch.exp(top - higher) + powers.sum(1, keepdim=True)
        top = higher
    return (top + total.log())[:, 0]


def _gradients(
    rows: torch.Tensor, embeddings: torch.Tensor, log_total: torch.Tensor, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the logarithms of the totals, times `weights`: in the rows, and in the embeddings."""
    by_rows = torch.zeros_like(rows, dtype=torch.float32)
    by_embeddings = torch.empty_like(embeddings)
    for block, by_block in zip(
        _blocks(embeddings, len(rows)), _blocks(by_embeddings, len(rows)), strict=True
    ):
        block = block.to(rows.dtype)
        p = (rows @ block.T).float().sub_(log_total[:, None]).exp_().mul_(weights).to(rows.dtype)
        by_rows += p @ block
        by_block.copy_((rows.T @ p).T)
    return by_rows, by_embeddings


def _blocks(embeddings: torch.Tensor, rows: int) -> tuple[torch.Tensor, ...]:
    scores = _ACCELERATOR_SCORES if on_accelerator(embeddings) else _CPU_SCORES
    return embeddings.split(max(scores // rows, 1))
