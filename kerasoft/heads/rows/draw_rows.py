"""Initial values of a large table, drawn some rows at a time."""

from collections.abc import Iterator

from keras.initializers import Initializer, VarianceScaling

from kerasoft.heads.rows.table import joined
from kerasoft.ops.precision import Tensor

_NUMBERS_AT_A_TIME = 2**24


def draw_rows(initializer: Initializer, shape: tuple, dtype: str) -> Tensor:
    """What `initializer(shape, dtype)` gives, but in less memory.

    To draw a table in one go takes three to four times its size, which is what limits the number of
    classes. Glorot's, He's and LeCun's initializers and `VarianceScaling` are drawn in blocks of
    the same distribution, which takes the size of the result and of a block (on TensorFlow twice
    that); others, and those with axes of their own for the fans, as they are.

    Args:
        initializer: for a matrix.
        shape: (rows, columns).
        dtype: of the result.
    """
    total, columns = shape
    rows = _NUMBERS_AT_A_TIME // max(1, columns) or 1
    if total <= rows or not _scales_by_fans(initializer):
        return initializer(shape, dtype=dtype)
    return joined(_blocks(initializer, shape, dtype, rows), shape)


def _scales_by_fans(initializer: Initializer) -> bool:
    """Whether it draws as `VarianceScaling` does, for a matrix of (fan in, fan out)."""
    if type(initializer).__call__ is not VarianceScaling.__call__:
        return False
    return all(getattr(initializer, f"{side}_axes", None) is None for side in ("input", "output"))


def _blocks(initializer: VarianceScaling, shape: tuple, dtype: str, rows: int) -> Iterator[Tensor]:
    total, columns = shape
    for number, start in enumerate(range(0, total, rows)):
        size = min(rows, total - start)
        scale = initializer.scale * _fan(initializer, size, columns) / _fan(initializer, *shape)
        seed = initializer.seed
        one = VarianceScaling(
            scale,
            initializer.mode,
            initializer.distribution,
            seed=seed + number if isinstance(seed, int) else seed,
        )
        yield one((size, columns), dtype=dtype)


def _fan(initializer: VarianceScaling, rows: int, columns: int) -> float:
    """What the initializer divides its scale by, for a matrix of that shape."""
    fans = {"fan_in": rows, "fan_out": columns, "fan_avg": (rows + columns) / 2}
    return max(1.0, fans[initializer.mode])
