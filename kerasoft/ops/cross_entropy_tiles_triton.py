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


def whole_rows(
    scores: torch.Tensor,
    bias: torch.Tensor | None,
    targets: Targets,
    settings: Settings,
    losses: torch.Tensor,
    hits: torch.Tensor,
    by_value: torch.Tensor | None,
) -> None:
    """Losses and hits (N,) of products (N, C) with all classes, put where they belong.

    With gradients in the losses, `by_value` (N,), the products become their own gradient.
    """
    rows, width = scores.shape
    _whole_rows[(rows,)](
        scores,
        scores if bias is None else bias,
        targets.ids,
        targets.shares,
        losses,
        hits,
        losses if by_value is None else by_value,
        width,
        scores.stride(0),
        settings.softcap or 1.0,
        settings.label_smoothing,
        settings.z_loss,
        has_bias=bias is not None,
        capped=settings.softcap is not None,
        even=settings.label_smoothing > 0,
        correct=settings.correct,
        with_slopes=by_value is not None,
        **_blocks(width),
    )


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
def _sums(
    scores, bias, width, cap,
    has_bias: tl.constexpr, capped: tl.constexpr, even: tl.constexpr, correct: tl.constexpr,
    block: tl.constexpr,
):  # fmt: skip
    """Of a row: the highest score and its first place, for each lane of a block the highest and the
    sum of powers beneath it, and of scores that are not -inf the sum and the number."""
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
    here = tl.max(top, 0)
    here = tl.where(here == _LOWEST, -float("inf"), here)
    first = tl.min(tl.where(top == here, best, width), 0)
    return here, first, top, power, tl.sum(total, 0), tl.sum(count, 0)


@triton.jit
def _finite(x):
    """0 in place of -inf: what is taken off scores that are all masked."""
    return tl.where(x == -float("inf"), 0.0, x)


@triton.jit
def _labelled(
    scores, bias, label, share, width, cap, has_bias: tl.constexpr, capped: tl.constexpr
):  # fmt: skip
    """The score of the label times its share, where it is here."""
    is_here = (label >= 0) & (label < width) & (share != 0)
    s = _score(scores, bias, label, is_here, cap, has_bias, capped)
    return tl.where(is_here, share * s, 0.0)


@triton.jit
def _replace(
    scores, bias, label, log_total, by_total, by_label, by_open, width, cap,
    has_bias: tl.constexpr, capped: tl.constexpr, even: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    """Puts the gradient in the scores of a row into their place."""
    lane = tl.arange(0, block)
    base = _finite(log_total)
    for start in range(0, width, block):
        at = start + lane
        s = _score(scores, bias, at, at < width, cap, has_bias, capped)
        slope = tl.exp(s - base) * by_total + tl.where(at == label, by_label, 0.0)
        if even:
            slope -= tl.where(s > -float("inf"), by_open, 0.0)
        if capped:
            slope *= tl.where(s == -float("inf"), 0.0, 1.0 - (s / cap) * (s / cap))
        tl.store(scores + at, slope.to(scores.dtype.element_ty), mask=at < width)


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
    here, place, top, power, total, count = _sums(
        scores, bias, width, cap, has_bias, capped, even, correct, block
    )
    before = tl.load(highest + row)
    now = tl.maximum(here, before)
    base = _finite(now)
    power = tl.sum(power * tl.exp(top - base), 0)
    tl.store(highest + row, now)
    tl.store(powers + row, tl.load(powers + row) * tl.exp(before - base) + power)
    if correct:
        tl.store(bests + row, tl.where(here > before, place + first, tl.load(bests + row)))
    if even:
        tl.store(evens + row, tl.load(evens + row) + total)
        tl.store(counts + row, tl.load(counts + row) + count)
    label, share = tl.load(ids + row) - first, tl.load(shares + row)
    found = _labelled(scores, bias, label, share, width, cap, has_bias, capped)
    tl.store(labelled + row, tl.load(labelled + row) + found)


@triton.jit
def _to_slopes(
    scores, bias, ids, shares,
    log_totals, by_totals, by_labels, evens,
    first, width, stride, cap,
    has_bias: tl.constexpr, capped: tl.constexpr, even: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    by_label = tl.load(by_labels + row) * tl.load(shares + row)
    _replace(
        scores + row * stride, bias, tl.load(ids + row) - first, tl.load(log_totals + row),
        tl.load(by_totals + row), by_label, tl.load(evens + row),
        width, cap, has_bias, capped, even, block,
    )  # fmt: skip


@triton.jit
def _whole_rows(
    scores, bias, ids, shares, losses, hits, by_values,
    width, stride, cap, smoothing, z_loss,
    has_bias: tl.constexpr, capped: tl.constexpr, even: tl.constexpr, correct: tl.constexpr,
    with_slopes: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    """`losses`, `row_slopes` and `slopes` of `cross_entropy_tiles` in a row."""
    row = tl.program_id(0).to(tl.int64)
    scores += row * stride
    here, place, top, power, total, count = _sums(
        scores, bias, width, cap, has_bias, capped, even, correct, block
    )
    base = _finite(here)
    log_total = base + tl.log(tl.sum(power * tl.exp(top - base), 0))
    label, share = tl.load(ids + row), tl.load(shares + row)
    by_open = smoothing * share / tl.maximum(count, 1.0)
    value = share * log_total + z_loss * log_total * log_total
    value -= (1.0 - smoothing) * _labelled(scores, bias, label, share, width, cap, has_bias, capped)
    if even:
        value -= by_open * total
    tl.store(losses + row, value)
    if correct:
        tl.store(hits + row, tl.where(place == label, 1.0, 0.0))
    if with_slopes:
        by_value = tl.load(by_values + row)
        _replace(
            scores, bias, label, log_total, by_value * (share + 2.0 * z_loss * log_total),
            (smoothing - 1.0) * by_value * share, by_value * by_open,
            width, cap, has_bias, capped, even, block,
        )  # fmt: skip
