"""The one random generator that no variable of the model holds."""

import keras
import numpy as np


class EpochSeed(keras.callbacks.Callback):
    """Seeds PyTorch's own generator every epoch, from `seed` and the epoch alone.

    Keras on PyTorch draws the masks of an unseeded `Dropout` there, not from the layer's
    `SeedGenerator`. Without this neither a second run nor a resumed one would repeat them. On the
    other backends it does nothing.

    Args:
        seed: a non-negative integer.
    """

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if keras.config.backend() == "torch":
            import torch

            torch.manual_seed(int(np.random.default_rng((self.seed, epoch)).integers(2**63)))
