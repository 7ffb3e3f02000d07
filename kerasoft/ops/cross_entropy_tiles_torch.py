"""Tiles of scores on PyTorch: where Triton runs its kernels, elsewhere operation by operation.

Both take what the products left, before bias and cap, and may use it up.
"""

from types import ModuleType

import torch
from torch.utils._triton import has_triton

from kerasoft.ops import cross_entropy_tiles as tiles
from kerasoft.ops.cross_entropy_tiles import RowSlopes, Settings, Targets, Totals


def fused(scores_like: torch.Tensor, targets: Targets) -> ModuleType | None:
    """Triton's `with_tile` and `slopes`, where these go: for one class id a row, on a GPU.

    While PyTorch compiles a caller it fuses the operations itself.
    """
    if not scores_like.is_cuda or targets.weights is not None or targets.ids.shape[-1] != 1:
        return None
    if torch.compiler.is_compiling() or not has_triton():
        return None
    from kerasoft.ops import cross_entropy_tiles_triton

    return cross_entropy_tiles_triton


def no_totals(rows: torch.Tensor) -> Totals:
    """Before the first tile, each in memory of its own."""
    return Totals(*(one.clone() for one in tiles.no_totals(rows)))


def with_tile(
    totals: Totals,
    scores: torch.Tensor,
    bias: torch.Tensor | None,
    first: int,
    targets: Targets,
    settings: Settings,
) -> Totals:
    """Totals of one tile more, from products (N, c)."""
    kernels = fused(scores, targets)
    if kernels is not None:
        return kernels.with_tile(totals, scores, bias, first, targets, settings)
    scores = _finished(scores, bias, settings)
    return tiles.with_tile(totals, scores, first, _ARITHMETIC, targets, settings)


def slopes(
    scores: torch.Tensor,
    bias: torch.Tensor | None,
    first: int,
    log_total: torch.Tensor,
    of_rows: RowSlopes,
    targets: Targets,
    settings: Settings,
) -> torch.Tensor:
    """The gradient in products (N, c): in their dtype by Triton, else in float32."""
    kernels = fused(scores, targets)
    if kernels is not None:
        return kernels.slopes(scores, bias, first, log_total, of_rows, targets, settings)
    scores = _finished(scores, bias, settings)
    return tiles.slopes(scores, first, _ARITHMETIC, log_total, of_rows, targets, settings)


def whole_rows(
    scores: torch.Tensor,
    bias: torch.Tensor | None,
    targets: Targets,
    settings: Settings,
    losses: torch.Tensor,
    hits: torch.Tensor,
    by_value: torch.Tensor | None,
) -> torch.Tensor | None:
    """Losses and hits (N,) of products (N, C) with all classes, put where they belong.

    Returns:
        The gradient in the products as `slopes` gives it, from that in the losses, `by_value`
        (N,); None without that.
    """
    kernels = fused(scores, targets)
    if kernels is not None:
        kernels.whole_rows(scores, bias, targets, settings, losses, hits, by_value)
        return None if by_value is None else scores
    finished, rest = _finished(scores, bias, settings), (_ARITHMETIC, targets, settings)
    totals = tiles.with_tile(tiles.no_totals(scores), finished.clone(), 0, *rest)
    values, log_total, found = tiles.losses(totals, targets, settings)
    losses.copy_(values)
    hits.copy_(found)
    if by_value is None:
        return None
    of_rows = tiles.row_slopes(totals, log_total, targets, settings, by_value)
    return tiles.slopes(finished, 0, _ARITHMETIC, log_total, of_rows, targets, settings)


def _finished(scores, bias, settings) -> torch.Tensor:
    """Float32 scores with bias and cap."""
    scores = scores.float() if bias is None else scores.float() + bias.float()
    return tiles.capped(scores, settings)


def _add(tile: torch.Tensor, places: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
    return tile.scatter_add_(1, places.long(), numbers)


_ARITHMETIC = tiles.Arithmetic(lambda tile, rows: tile.sub_(rows[:, None]).exp_(), _add)
