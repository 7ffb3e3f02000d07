"""Row optimizers by name."""

from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.rows.row_adagrad import RowAdagrad
from kerasoft.heads.rows.row_adam import RowAdam
from kerasoft.heads.rows.row_optimizer import RowOptimizer
from kerasoft.heads.rows.row_sgd import RowSGD

_OPTIMIZERS: dict[str, type[RowOptimizer]] = {
    "sgd": RowSGD,
    "adagrad": RowAdagrad,
    "adam": RowAdam,
}


def get(row_optimizer: str | RowOptimizer | None) -> RowOptimizer | None:
    """The row optimizer of that name with its default arguments, or what was given.

    Raises:
        InvalidArgumentError: if the name is unknown or it is no row optimizer.
    """
    if row_optimizer is None or isinstance(row_optimizer, RowOptimizer):
        return row_optimizer
    if isinstance(row_optimizer, str) and row_optimizer in _OPTIMIZERS:
        return _OPTIMIZERS[row_optimizer]()
    raise InvalidArgumentError(
        f"`row_optimizer` must be None, one of {', '.join(_OPTIMIZERS)}, or an instance of "
        "RowSGD, RowAdagrad or RowAdam: Keras's own optimizers pass over every row.",
        row_optimizer=row_optimizer,
    )
