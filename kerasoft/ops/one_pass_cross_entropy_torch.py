"""Cross-entropy of a linear layer on PyTorch, a few rows under all classes at a time.

As on JAX. The embeddings' gradient in bfloat16 is summed in 24 bits, without a float32 copy.
"""

import torch
from torch.autograd.function import once_differentiable

from kerasoft.ops import cross_entropy_tiles as tiles
from kerasoft.ops import cross_entropy_tiles_torch as torch_tiles
from kerasoft.ops.products_torch import add_product, full_precision, product, put_product, scale
from kerasoft.ops.tracing import is_written_down

_ROOM = 3 * 2**29  # bytes, for scores and what the sum of the embeddings' gradient has beside it
_ALIGNED = 16  # bytes, of rows that the tensor memory accelerator reads


def room(features: torch.Tensor, embeddings: torch.Tensor, targets: tiles.Targets) -> int:
    """Bytes that scores may take; 0 where there is no kernel, or for float16, as on JAX."""
    if torch_tiles.fused(features, targets) is None or features.dtype == torch.float16:
        return 0
    if embeddings.dtype == torch.float32:
        copy = 0 if features.dtype == torch.float32 else 2 * embeddings.numel()
        return _ROOM - copy
    has_accelerator = torch.cuda.get_device_capability(features.device) >= (9, 0)
    aligned = embeddings.shape[1] % _ALIGNED == 0
    split = has_accelerator and aligned and features.dtype == embeddings.dtype == torch.bfloat16
    return _ROOM - embeddings.numel() if split else 0


def weighted_loss(
    features: torch.Tensor,
    embeddings: torch.Tensor,
    bias: torch.Tensor | None,
    weights: torch.Tensor,
    targets: tiles.Targets,
    settings: tiles.Settings,
    size: int,
    kept: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """See `kerasoft.ops.linear_cross_entropy`: the sum of weighted losses, and hits (N,)."""
    rest = settings, size, torch.is_grad_enabled()  # which within the function it never is
    with full_precision(features):
        if kept is None or is_written_down():
            return _Function.apply(features, embeddings, bias, weights, targets, *rest)
        rows = kept.nonzero()[:, 0]
        layer = features[rows], embeddings, bias, weights[rows]
        loss, hits = _Function.apply(*layer, targets.of_rows(rows), *rest)
    return loss, hits.new_zeros(len(kept)).index_put((rows,), hits)


class _Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features, embeddings, bias, weights, targets, settings, size, with_gradients):
        features, layer = features.contiguous(), embeddings.to(features.dtype)
        wanted = with_gradients and any(ctx.needs_input_grad)
        room = _room(features, len(layer), size) if torch_tiles.fused(features, targets) else None
        by_embeddings = _Sum(embeddings, len(features)) if wanted else None
        by_bias = torch.zeros_like(layer[:, 0], dtype=torch.float32) if bias is not None else None
        by_features = torch.empty_like(features) if wanted else None
        losses, hits = torch.empty_like(weights), torch.zeros_like(weights)
        for first in range(0, len(features), size):
            rows = slice(first, first + size)
            few, own = features[rows], targets.of_rows(rows)
            scores = product(few, layer.T) if room is None else _product_in(room, few, layer)
            by_value = weights[rows] if wanted else None
            places = losses[rows], hits[rows], by_value
            slope = torch_tiles.whole_rows(scores, bias, own, settings, *places)
            if slope is None:
                continue
            if bias is not None:
                by_bias += slope.sum(0, dtype=torch.float32)
            slope = slope.to(features.dtype)
            put_product(by_features[rows], slope, layer)
            by_embeddings.add(slope, few)
        if wanted:
            by_bias = None if bias is None else by_bias.to(bias.dtype)
            ctx.slopes = by_features, by_embeddings.result(), by_bias, losses
        ctx.mark_non_differentiable(hits)
        return torch.where(weights == 0, 0.0, weights * losses).sum(), hits

    @staticmethod
    @once_differentiable
    def backward(ctx, by_loss, _):
        slopes, ctx.slopes = ctx.slopes, None
        if slopes is None:
            raise RuntimeError(
                "linear_cross_entropy gives its gradients once, as it has made them with the loss. "
                "Pass it a `chunk_size` to go backward again."
            )
        *found, losses = slopes
        for one in found:
            if one is not None:
                scale(one, by_loss)
        return *found, by_loss * losses, None, None, None, None


class _Sum:
    """The gradient of the embeddings, summed over all rows."""

    def __init__(self, embeddings: torch.Tensor, rows: int):
        self._dtype, self._left, self._rows = embeddings.dtype, rows, rows
        self._split = embeddings.is_cuda and embeddings.dtype == torch.bfloat16
        shape, place = embeddings.shape, {"device": embeddings.device}
        if self._split:
            make = torch.empty if rows else torch.zeros
            self._total = make(shape, dtype=torch.bfloat16, **place)
            self._rest = torch.empty(shape, dtype=torch.uint8, **place)
        else:
            self._total = torch.zeros(shape, dtype=torch.float32, **place)

    def add(self, slope: torch.Tensor, features: torch.Tensor) -> None:
        first = self._left == self._rows
        self._left -= len(features)
        if not self._split:
            add_product(self._total, slope.T, features)
            return
        from kerasoft.ops import split_sum_triton

        last = self._left == 0
        split_sum_triton.add_product(slope, features, self._total, self._rest, first, last)

    def result(self) -> torch.Tensor:
        return self._total.to(self._dtype)


def _room(features: torch.Tensor, classes: int, size: int) -> torch.Tensor:
    """For scores (size, C), in rows that begin where they may."""
    step = _ALIGNED // features.element_size()
    width = (classes + step - 1) // step * step
    return features.new_empty(min(size, len(features)), width)[:, :classes]


def _product_in(room: torch.Tensor, features: torch.Tensor, layer: torch.Tensor) -> torch.Tensor:
    return torch.mm(features, layer.T, out=room[: len(features)])
