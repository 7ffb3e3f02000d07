"""The rows of a batch that belong to something, brought together and taken in blocks."""

from collections.abc import Callable

from keras import ops

from kerasoft.ops.precision import Tensor


class RowBlocks:
    """Work on the m rows of N for which a mask holds, a fixed number of them at a time.

    Shapes stay static: the rows that belong come first, and a loop over blocks stops after the last
    of them. Its cost follows m, rounded up to full blocks.

    Args:
        present: bool (N,), which rows belong; N is at least 1.
        size: rows a block.
    """

    def __init__(self, present: Tensor, size: int):
        self.present = present
        batch = ops.shape(present)[0]
        self.size = min(size, batch) if isinstance(batch, int) else size
        self._blocks = -(-batch // self.size)
        members = ops.cast(present, "int32")
        self._count = ops.cast(ops.sum(members), "int32")
        self._place = ops.maximum(ops.cumsum(members) - 1, 0)
        order = ops.argsort(ops.arange(batch, dtype="int32") - batch * members)
        slots = ops.arange(self._blocks * self.size, dtype="int32")
        self._filled = slots < self._count
        self._rows = ops.take(order, ops.minimum(slots, batch - 1), axis=0)

    def gather(self, x: Tensor) -> Tensor:
        """The rows of `x` (N, ...) that belong, then zeros: (blocks * size, ...)."""
        rows = ops.take(x, self._rows, axis=0)
        return ops.where(_like(self._filled, rows), rows, ops.zeros_like(rows))

    def spread(self, x: Tensor) -> Tensor:
        """Puts what `gather` made back into its place: (N, ...), 0 for the rows outside."""
        rows = ops.take(x, self._place, axis=0)
        return ops.where(_like(self.present, rows), rows, ops.zeros_like(rows))

    def take(self, x: Tensor, block: Tensor) -> Tensor:
        """A block (size, ...) of gathered rows."""
        start = (block * self.size, *[0] * (len(x.shape) - 1))
        return ops.slice(x, start, (self.size, *x.shape[1:]))

    def put(self, x: Tensor, block: Tensor, rows: Tensor) -> Tensor:
        """Gathered rows with one block replaced."""
        start = (block * self.size, *[0] * (len(x.shape) - 1))
        return ops.slice_update(x, start, rows)

    def loop(self, body: Callable, *state: Tensor) -> tuple[Tensor, ...]:
        """Runs `state = body(block, *state)` for every block that has a row."""
        blocks = (self._count + (self.size - 1)) // self.size

        def step(block, *state):
            return block + 1, *body(block, *state)

        start = ops.zeros((), "int32")
        return ops.while_loop(lambda block, *_: block < blocks, step, (start, *state))[1:]


def _like(mask: Tensor, x: Tensor) -> Tensor:
    return ops.reshape(mask, (-1, *[1] * (len(x.shape) - 1)))
