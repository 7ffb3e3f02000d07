"""Cross-entropy of a linear layer on PyTorch, a chunk of classes at a time.

As on JAX, with every gradient written to its place at once.
"""

import torch
from torch.autograd.function import once_differentiable

from kerasoft.ops import cross_entropy_tiles as tiles
from kerasoft.ops import cross_entropy_tiles_torch as torch_tiles
from kerasoft.ops.products_torch import add_product, full_precision, product, put_product
from kerasoft.ops.tracing import is_written_down


def row_losses(
    features: torch.Tensor,
    embeddings: torch.Tensor,
    bias: torch.Tensor | None,
    targets: tiles.Targets,
    settings: tiles.Settings,
    chunk_size: int,
    kept: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """See `kerasoft.ops.linear_cross_entropy`: losses, logarithms of totals, hits; each (N,).

    Rows that are not kept are left out, but not where the step is written down: how many they are
    is a value.
    """
    with full_precision(features):
        if kept is None or is_written_down():
            return _Function.apply(features, embeddings, bias, targets, settings, chunk_size)
        rows = kept.nonzero()[:, 0]
        some = targets.of_rows(rows)
        found = _Function.apply(features[rows], embeddings, bias, some, settings, chunk_size)
    return tuple(one.new_zeros(len(kept)).index_put((rows,), one) for one in found)


class _Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features, embeddings, bias, targets, settings, chunk_size):
        totals = torch_tiles.no_totals(features)
        for first in range(0, len(embeddings), chunk_size):
            chunk = slice(first, first + chunk_size)
            scores = product(features, embeddings[chunk].to(features.dtype).T)
            of_chunk = _part(bias, chunk), first, targets, settings
            totals = torch_tiles.with_tile(totals, scores, *of_chunk)
        values, log_total, hits = tiles.losses(totals, targets, settings)
        ctx.save_for_backward(features, embeddings, bias, log_total)
        ctx.rest = totals, targets, settings, chunk_size
        ctx.mark_non_differentiable(hits)
        return values, log_total, hits

    @staticmethod
    @once_differentiable
    def backward(ctx, by_values, by_log_total, _):
        with full_precision(by_values):
            return *_gradients(*ctx.saved_tensors, *ctx.rest, by_values, by_log_total), *[None] * 3


def _gradients(
    features, embeddings, bias, log_total, totals, targets, settings, chunk_size, *upstream
) -> tuple:
    of_rows = tiles.row_slopes(totals, log_total, targets, settings, *upstream)
    by_features = torch.zeros_like(features, dtype=torch.float32)
    by_embeddings = torch.empty_like(embeddings)
    by_bias = None if bias is None else torch.empty_like(bias)
    for first in range(0, len(embeddings), chunk_size):
        chunk = slice(first, first + chunk_size)
        rows = embeddings[chunk].to(features.dtype)
        scores = product(features, rows.T)
        of_chunk = _part(bias, chunk), first, log_total, of_rows, targets, settings
        slope = torch_tiles.slopes(scores, *of_chunk)
        if bias is not None:
            by_bias[chunk] = slope.sum(0, dtype=torch.float32)
        slope = slope.to(features.dtype)
        add_product(by_features, slope, rows)
        put_product(by_embeddings[chunk], slope.T, features)
    return by_features.to(features.dtype), by_embeddings, by_bias


def _part(bias: torch.Tensor | None, chunk: slice) -> torch.Tensor | None:
    return None if bias is None else bias[chunk]
