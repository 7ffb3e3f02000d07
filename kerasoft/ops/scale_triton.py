"""A tensor times a number that only the GPU knows."""

import torch
import triton
import triton.language as tl

_BLOCK = 8192


def scale(x: torch.Tensor, factor: torch.Tensor) -> None:
    """Multiplies a contiguous x by one number, in place, without a look at it where that is 1."""
    _scale[(triton.cdiv(x.numel(), _BLOCK),)](x, factor, x.numel(), block=_BLOCK, num_warps=8)


@triton.jit
def _scale(x, factor, size, block: tl.constexpr):
    by = tl.load(factor).to(tl.float32)
    if by != 1.0:
        at = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
        inside = at < size
        product = tl.load(x + at, mask=inside).to(tl.float32) * by
        tl.store(x + at, product.to(x.dtype.element_ty), mask=inside)
