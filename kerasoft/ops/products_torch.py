"""Matrix products of PyTorch, and multiples, that round once."""

import torch
from torch.utils._triton import has_triton


def full_precision(like: torch.Tensor) -> torch.autocast:
    """A context without autocast: what is computed twice must come out the same twice."""
    return torch.autocast(like.device.type, enabled=False)


def product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """left (M, K) right (K, N), summed in float32.

    Returns:
        (M, N): on a GPU in the dtype of both, rounded as it is stored; elsewhere float32, as there
        half precision is slower and gains nothing.
    """
    if left.is_cuda or left.dtype == torch.float32:
        return left @ right
    return left.float() @ right.float()


def put_product(place: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> None:
    """Writes left right to a place of any dtype, rounded once."""
    if left.is_cuda and place.dtype == left.dtype and place.is_contiguous():
        torch.mm(left, right, out=place)
    else:
        place.copy_(product(left, right))


def add_product(total: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> None:
    """Adds left right to a float32 sum, in place."""
    if left.is_cuda and left.dtype != torch.float32:
        torch.addmm(total, left, right, out_dtype=torch.float32, out=total)
    else:
        total.addmm_(left.float(), right.float())


def scale(x: torch.Tensor, factor: torch.Tensor) -> None:
    """Multiplies x by one float32 number, in place; by Triton, 1 costs nothing."""
    if x.is_cuda and x.is_contiguous() and has_triton():
        from kerasoft.ops import scale_triton

        scale_triton.scale(x, factor)
    else:
        x.copy_(x.float() * factor)
