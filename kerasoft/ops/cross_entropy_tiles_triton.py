"""Tiles of scores on a GPU by PyTorch: the arithmetic of `cross_entropy_tiles`, fused by Triton.

Each function of there would be some ten passes over the tile; here it is one, or two, in the dtype
that the product left. Rows have one class id each.
"""

import torch
import triton
import triton.language as tl

from kerasoft.ops.cross_entropy_tiles import RowSlopes, Settings, Targets, Totals

_NARROW = 16_384  # classes of a tile up to which smaller blocks are faster
_LOWEST = tl.constexpr(-3.0e38)  # in place of -inf, of which there is no difference


def with_tile(
    totals: Totals,
    scores: torch.Tensor,
    bias: torch.Tensor | None,
    first: int,
    targets: Targets,
    settings: Settings,
) -> Totals:
    """Totals of one tile more, from products (N, c) before bias and cap; fills them in place."""
    rows, width = scores.shape
    _add_tile[(rows,)](
        scores,
        scores if bias is None else bias,
        targets.ids,
        targets.shares,
        *totals,
        first,
        width,
        scores.stride(0),
        settings.softcap or 1.0,
        has_bias=bias is not None,
        capped=settings.softcap is not None,
        even=settings.label_smoothing > 0,
        correct=settings.correct,
        **_blocks(width),
    )
    return totals


def slopes(
    scores: torch.Tensor,
    bias: torch.Tensor | None,
    first: int,
    log_total: torch.Tensor,
    of_rows: RowSlopes,
    targets: Targets,
    settings: Settings,
) -> torch.Tensor:
    """The gradient in products (N, c), in their dtype and in their place."""
    rows, width = scores.shape
    _to_slopes[(rows,)](
        scores,
        scores if bias is None else bias,
        targets.ids,
        targets.shares,
        log_total,
        of_rows.by_total,
        of_rows.by_label,
        of_rows.by_total if of_rows.even is None else of_rows.even,
        first,
        width,
        scores.stride(0),
        settings.softcap or 1.0,
        has_bias=bias is not None,
        capped=settings.softcap is not None,
        even=of_rows.even is not None,
        **_blocks(width),
    )
    return scores


def _blocks(width: int) -> dict[str, int]:
    """How many scores of a row at a time, by how many warps."""
    if width > _NARROW:
        return {"block": 4096, "num_warps": 16}
    return {"block": min(1024, max(128, triton.next_power_of_2(width))), "num_warps": 4}


@triton.jit
def _score(scores, bias, at, inside, cap, has_bias: tl.constexpr, capped: tl.constexpr):
    """Float32 scores at some places of a row; -inf outside."""
    s = tl.load(scores + at, mask=inside, other=0.0).to(tl.float32)
    if has_bias:
        s += tl.load(bias + at, mask=inside, other=0.0).to(tl.float32)
    if capped:
        x = s / cap
        tanh = 1.0 - 2.0 / (tl.exp(2.0 * x) + 1.0)  # which loses digits near 0, but ends at 1
        tanh = tl.where(
            tl.abs(x) < 0.05, x * (1.0 - x * x * (1.0 / 3.0 - x * x * 2.0 / 15.0)), tanh
        )
        s = tl.where(s == -float("inf"), s, cap * tanh)
    return tl.where(inside, s, -float("inf"))


@triton.jit
def _add_tile(
    scores, bias, ids, shares,
    highest, powers, labelled, evens, counts, bests,
    first, width, stride, cap,
    has_bias: tl.constexpr, capped: tl.constexpr, even: tl.constexpr, correct: tl.constexpr,
    block: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    scores += row * stride
    lane = tl.arange(0, block)
    top = tl.full((block,), _LOWEST, tl.float32)  # of each lane, as all that follows
    power = tl.zeros((block,), tl.float32)
    best = tl.zeros((block,), tl.int32)
    total = tl.zeros((block,), tl.float32)
    count = tl.zeros((block,), tl.float32)
    for start in range(0, width, block):
        at = start + lane
        s = _score(scores, bias, at, at < width, cap, has_bias, capped)
        if correct:
            best = tl.where(s > top, at, best)
        if even:
            is_open = s > -float("inf")
            total += tl.where(is_open, s, 0.0)
            count += tl.where(is_open, 1.0, 0.0)
        other = tl.exp(-tl.abs(s - top))  # of the lower of both; the higher has 1
        power = tl.where(s > top, power * other + 1.0, power + other)
        top = tl.maximum(s, top)
    before = tl.load(highest + row)
    here = tl.max(top, 0)
    here = tl.where(here == _LOWEST, -float("inf"), here)
    now = tl.maximum(here, before)
    base = tl.where(now == -float("inf"), 0.0, now)
    power = tl.sum(power * tl.exp(top - base), 0)
    tl.store(highest + row, now)
    tl.store(powers + row, tl.load(powers + row) * tl.exp(before - base) + power)
    if correct:
        found = tl.min(tl.where(top == here, best, width), 0) + first
        tl.store(bests + row, tl.where(here > before, found, tl.load(bests + row)))
    if even:
        tl.store(evens + row, tl.load(evens + row) + tl.sum(total, 0))
        tl.store(counts + row, tl.load(counts + row) + tl.sum(count, 0))
    label = tl.load(ids + row) - first
    share = tl.load(shares + row)
    counts_here = (label >= 0) & (label < width) & (share != 0)
    s = _score(scores, bias, label, counts_here, cap, has_bias, capped)
    tl.store(labelled + row, tl.load(labelled + row) + tl.where(counts_here, share * s, 0.0))


@triton.jit
def _to_slopes(
    scores, bias, ids, shares,
    log_totals, by_totals, by_labels, evens,
    first, width, stride, cap,
    has_bias: tl.constexpr, capped: tl.constexpr, even: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    scores += row * stride
    lane = tl.arange(0, block)
    label = tl.load(ids + row) - first
    by_label = tl.load(by_labels + row) * tl.load(shares + row)
    by_total = tl.load(by_totals + row)
    log_total = tl.load(log_totals + row)
    base = tl.where(log_total == -float("inf"), 0.0, log_total)
    for start in range(0, width, block):
        at = start + lane
        s = _score(scores, bias, at, at < width, cap, has_bias, capped)
        slope = tl.exp(s - base) * by_total + tl.where(at == label, by_label, 0.0)
        if even:
            slope -= tl.where(s > -float("inf"), tl.load(evens + row), 0.0)
        if capped:
            slope *= tl.where(s == -float("inf"), 0.0, 1.0 - (s / cap) * (s / cap))
        tl.store(scores + at, slope.to(scores.dtype.element_ty), mask=at < width)
