"""Class embeddings of which a training step reads and changes a few rows."""

from kerasoft.heads.rows.draw_rows import draw_rows
from kerasoft.heads.rows.registry import get
from kerasoft.heads.rows.row_adagrad import RowAdagrad
from kerasoft.heads.rows.row_adam import RowAdam
from kerasoft.heads.rows.row_optimizer import RowOptimizer
from kerasoft.heads.rows.row_sgd import RowSGD
from kerasoft.heads.rows.table import read_rows

__all__ = ["RowAdagrad", "RowAdam", "RowOptimizer", "RowSGD", "draw_rows", "get", "read_rows"]
