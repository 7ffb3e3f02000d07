"""Cross-entropy of a linear layer on PyTorch, a chunk of classes at a time.

As on JAX, with every gradient written to its place at once.
"""

from functools import partial

import torch
from torch.autograd.function import once_differentiable

from kerasoft.ops import cross_entropy_tiles as tiles
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
    if kept is None or is_written_down():
        return _Function.apply(features, embeddings, bias, targets, settings, chunk_size)
    rows = kept.nonzero()[:, 0]
    some = tiles.Targets(*(None if one is None else one[rows] for one in targets))
    found = _Function.apply(features[rows], embeddings, bias, some, settings, chunk_size)
    return tuple(one.new_zeros(len(kept)).index_put((rows,), one) for one in found)


class _Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features, embeddings, bias, targets, settings, chunk_size):
        totals = tiles.no_totals(features)
        for first in range(0, len(embeddings), chunk_size):
            chunk = slice(first, first + chunk_size)
            scores = _scores(features, embeddings[chunk], _part(bias, chunk), settings)
            totals = tiles.with_tile(totals, scores, first, _ARITHMETIC, targets, settings)
        values, log_total, hits = tiles.losses(totals, targets, settings)
        ctx.save_for_backward(features, embeddings, bias, log_total, totals.count)
        ctx.rest = targets, settings, chunk_size
        ctx.mark_non_differentiable(hits)
        return values, log_total, hits

    @staticmethod
    @once_differentiable
    def backward(ctx, by_values, by_log_total, _):
        features, embeddings, bias, log_total, count = ctx.saved_tensors
        targets, settings, chunk_size = ctx.rest
        slopes = partial(
            tiles.slopes,
            arithmetic=_ARITHMETIC,
            log_total=log_total,
            count=count,
            targets=targets,
            settings=settings,
            by_value=by_values,
            by_log_total=by_log_total,
        )
        by_features = torch.zeros_like(features, dtype=torch.float32)
        by_embeddings = torch.empty_like(embeddings)
        by_bias = None if bias is None else torch.empty_like(bias)
        for first in range(0, len(embeddings), chunk_size):
            chunk = slice(first, first + chunk_size)
            rows = embeddings[chunk].to(features.dtype)
            slope = slopes(_scores(features, rows, _part(bias, chunk), settings), first)
            if bias is not None:
                by_bias[chunk] = slope.sum(0)
            slope = slope.to(features.dtype)
            by_features += _product(slope, rows)
            by_embeddings[chunk] = _product(slope.T, features)
        return by_features.to(features.dtype), by_embeddings, by_bias, None, None, None


def _part(bias: torch.Tensor | None, chunk: slice) -> torch.Tensor | None:
    return None if bias is None else bias[chunk]


def _scores(features, rows, bias, settings) -> torch.Tensor:
    """Float32 scores (N, c), from products in the dtype of the features."""
    scores = _product(features, rows.to(features.dtype).T)
    return tiles.capped(scores if bias is None else scores + bias.float(), settings)


def _product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """In float32, so that sums over chunks are rounded once."""
    if left.dtype == torch.float32:
        return left @ right
    if left.is_cuda:
        return torch.mm(left, right, out_dtype=torch.float32)
    return left.float() @ right.float()


def _add(tile: torch.Tensor, places: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
    return tile.scatter_add_(1, places.long(), numbers)


_ARITHMETIC = tiles.Arithmetic(lambda tile, rows: tile.sub_(rows[:, None]).exp_(), _add)
