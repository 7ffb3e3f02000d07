"""Rows of a variable on PyTorch, in place."""

from collections.abc import Iterator

import keras
import torch

from kerasoft.ops.precision import Tensor


def read_rows(table: keras.Variable, rows: Tensor) -> Tensor:
    return torch.index_select(table.value, 0, rows)


def joined(blocks: Iterator[torch.Tensor], shape: tuple) -> torch.Tensor:
    first = next(blocks)
    table, start = first.new_empty(shape), len(first)
    table[:start] = first
    for block in blocks:
        table[start : start + len(block)] = block
        start += len(block)
    return table


def add_to_rows(table: keras.Variable, rows: Tensor, changes: Tensor) -> None:
    with torch.no_grad():
        table.value.index_add_(0, rows, changes)
