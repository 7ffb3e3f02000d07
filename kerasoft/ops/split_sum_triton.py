"""Sums of matrix products in 24 bits a number: in bfloat16 and, beside it, 8 bits more.

A sum in float32 would take twice the memory of its bfloat16 result, beside it. Here the result is
the sum's upper half all the time, and the lower half lasts while there is more to come.
"""

import torch
import triton
import triton.language as tl
from triton.tools.tensor_descriptor import TensorDescriptor

_ROWS, _COLUMNS, _DEPTH = 128, 256, 64  # of a tile, and of a step in the inner dimension


def add_product(
    left: torch.Tensor,
    right: torch.Tensor,
    upper: torch.Tensor,
    lower: torch.Tensor,
    first: bool,
    last: bool,
) -> None:
    """Adds left^T right to a sum, in place.

    Args:
        left: bfloat16 (K, M), rows contiguous and 16 bytes times an integer apart.
        right: bfloat16 (K, N), likewise; N a multiple of 16.
        upper: bfloat16 (M, N).
        lower: uint8 (M, N).
        first: whether there is no sum yet, whatever `upper` and `lower` hold.
        last: whether the sum ends here: then `upper` is rounded to the nearest, `lower` is not.

    O(K M N) time.
    """
    (depth, rows), columns = left.shape, right.shape[1]
    tiles = triton.cdiv(rows, _ROWS) * triton.cdiv(columns, _COLUMNS)
    processors = torch.cuda.get_device_properties(left.device).multi_processor_count
    _add_product[(min(tiles, processors),)](
        _blocks(left, _DEPTH, _ROWS),
        _blocks(right, _DEPTH, _COLUMNS),
        _blocks(upper, _ROWS, _COLUMNS // 2),
        _blocks(lower, _ROWS, _COLUMNS // 2),
        depth,
        tiles,
        triton.cdiv(columns, _COLUMNS),
        processors,
        first=first,
        last=last,
        tile_rows=_ROWS,
        tile_columns=_COLUMNS,
        step=_DEPTH,
        num_warps=8,
        num_stages=3,
    )


def _blocks(x: torch.Tensor, rows: int, columns: int) -> TensorDescriptor:
    return TensorDescriptor(x, list(x.shape), list(x.stride()), [rows, columns])


@triton.jit
def _add_product(
    left, right, upper, lower, depth, tiles, across, processors,
    first: tl.constexpr, last: tl.constexpr,
    tile_rows: tl.constexpr, tile_columns: tl.constexpr, step: tl.constexpr,
):  # fmt: skip
    half: tl.constexpr = tile_columns // 2
    for tile in tl.range(tl.program_id(0), tiles, processors, flatten=True):
        row, column = tile // across * tile_rows, tile % across * tile_columns
        total = tl.zeros((tile_rows, tile_columns), tl.float32)
        for k in range(0, depth, step):
            total = tl.dot(left.load([k, row]).T, right.load([k, column]), total)
        # By halves: shared memory has no room for the whole tile beside the inputs of the next.
        parts = tl.reshape(total, (tile_rows, 2, half)).permute(0, 2, 1)
        one, other = tl.split(parts)
        _put(one, upper, lower, row, column, first, last)
        _put(other, upper, lower, row, column + half, first, last)


@triton.jit
def _put(total, upper, lower, row, column, first: tl.constexpr, last: tl.constexpr):
    """Adds a tile to what is there, and stores it in two parts."""
    if not first:
        high = upper.load([row, column]).to(tl.uint16, bitcast=True).to(tl.uint32)
        low = lower.load([row, column]).to(tl.uint32)
        total += ((high << 16) | (low << 8)).to(tl.float32, bitcast=True)
    if last:
        upper.store([row, column], total.to(tl.bfloat16))
    else:
        bits = total.to(tl.uint32, bitcast=True) + 128  # to the nearest of 24 bits
        high = (bits >> 16).to(tl.uint16).to(tl.bfloat16, bitcast=True)
        upper.store([row, column], high)
        lower.store([row, column], ((bits >> 8) & 255).to(tl.uint8))
