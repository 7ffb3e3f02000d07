"""Training batches in an order that only the seed and the epoch decide."""

import keras
import numpy as np

from kerasoft.data import Split


class ShuffledBatches(keras.utils.PyDataset):
    """Images and labels of a split in full batches, shuffled anew every epoch.

    The order of an epoch is a function of `seed` and `epoch`, so it is the same on every backend
    and after a resume. The images left over after the last full batch sit out that epoch: one
    batch shape means one compilation.

    Args:
        split: the images and labels.
        batch_size: images a batch; the whole split, where it is smaller.
        seed: a non-negative integer.
    """

    def __init__(self, split: Split, batch_size: int, seed: int):
        super().__init__()
        self.split = split
        self.batch_size = min(batch_size, len(split))
        self.seed = seed
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Shuffles for that epoch."""
        self.order = np.random.default_rng((self.seed, epoch)).permutation(len(self.split))

    def __len__(self) -> int:
        return len(self.split) // self.batch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        return self.split.images[rows], self.split.labels[rows]

    def follow_epochs(self) -> keras.callbacks.Callback:
        """A callback that calls `start_epoch` as `fit` goes along."""
        return keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: self.start_epoch(epoch)
        )
