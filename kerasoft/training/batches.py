"""Which examples a step sees, decided by the seed and the epoch alone."""

import numpy as np


class ShuffledRows:
    """Row numbers of full batches, shuffled anew every epoch.

    The order of an epoch is a function of `seed` and `epoch`, so it is the same on every backend
    and after a resume. The rows left over after the last full batch sit out that epoch: one batch
    shape means one compilation.

    Args:
        count: how many rows there are, at least one.
        batch_size: rows a batch; all of them, where there are fewer.
        seed: a non-negative integer.
    """

    def __init__(self, count: int, batch_size: int, seed: int):
        self.count = count
        self.batch_size = min(batch_size, count)
        self.seed = seed

    def __len__(self) -> int:
        return self.count // self.batch_size

    def epoch(self, epoch: int) -> np.ndarray:
        """int32 (steps, batch_size): the rows of each step of that epoch."""
        order = np.random.default_rng((self.seed, epoch)).permutation(self.count)
        kept = order[: len(self) * self.batch_size]
        return kept.reshape(len(self), self.batch_size).astype("int32")
