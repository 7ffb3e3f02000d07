"""How many scores linear cross-entropy has at once: a rule from measurements.

Two passes over all rows, a chunk of classes at a time, compute every score twice (four products of
the size N C D) and need little memory. One pass over all classes, a chunk of rows at a time, makes
the gradients with the loss and computes every score once (three products); its chunks must have
enough rows to use a product well, and to be worth another sum over the embeddings' gradient.
"""

from kerasoft.ops.linear_scores import classes_at_a_time

_CPU_SCORES = 2**22  # of two passes: 16 MiB, which is enough for products to run at full speed
_ACCELERATOR_SCORES = 2**25  # likewise, 64 MiB in half precision
_FEWEST_CLASSES = 256  # a chunk, however many rows there are
_FEWEST_ROWS = 1024  # a chunk of one pass, if there are more
_MULTIPLE = 128  # of rows a chunk, which products like


def classes_in_two_passes(rows: int | None, on_accelerator: bool) -> int:
    """Classes a chunk."""
    scores = _ACCELERATOR_SCORES if on_accelerator else _CPU_SCORES
    return max(_FEWEST_CLASSES, classes_at_a_time((rows,), scores))


def rows_in_one_pass(rows: int, most: int) -> int | None:
    """Rows a chunk; None where two passes are better.

    Chunks have the same size where half as many more of them allow it, else about the same.

    Args:
        rows: of all chunks.
        most: those whose scores there is room for.
    """
    if not rows or most < min(rows, _FEWEST_ROWS):
        return None
    fewest = -(-rows // most)
    for chunks in range(fewest, fewest + fewest // 2 + 1):
        if rows % chunks == 0:
            return rows // chunks
    even = -(-rows // fewest)
    rounded = -(-even // _MULTIPLE) * _MULTIPLE
    return rounded if rounded <= most else even
