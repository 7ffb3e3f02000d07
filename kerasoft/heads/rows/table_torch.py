"""Rows of a variable on PyTorch, in place."""

import keras
import torch

from kerasoft.ops.precision import Tensor


def read_rows(table: keras.Variable, rows: Tensor) -> Tensor:
    return torch.index_select(table.value, 0, rows)


def add_to_rows(table: keras.Variable, rows: Tensor, changes: Tensor) -> None:
    with torch.no_grad():
        table.value.index_add_(0, rows, changes)
