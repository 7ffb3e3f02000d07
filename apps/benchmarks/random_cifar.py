"""Noise in the shape of CIFAR-100: speed does not depend on what is in an image."""

from pathlib import Path

import numpy as np

from kerasoft.data import cifar

CLASSES = cifar.CIFAR100.num_classes


def images(count: int, seed: int = 0) -> np.ndarray:
    """uint8 (count, 32, 32, 3)."""
    shape = (count, *cifar.IMAGE_SHAPE)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def labels(count: int) -> np.ndarray:
    """int32 (count,): classes by turns."""
    return (np.arange(count) % CLASSES).astype("int32")


def write(path: Path) -> None:
    """A whole CIFAR-100 as one `.npz`, as `kerasoft.data` reads it: 180 MB."""
    arrays = {}
    for seed, part in enumerate(("train", "test")):
        count = cifar.CIFAR100.count(part)
        fine = labels(count)
        arrays[f"{part}_images"] = images(count, seed)
        arrays[f"{part}_fine"] = fine
        arrays[f"{part}_coarse"] = np.take(cifar.CIFAR100.class_to_superclass, fine)
    np.savez(path, **arrays)
