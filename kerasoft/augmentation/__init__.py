"""Augmentation: Keras layers that change each image of a batch on its own, on the device."""

from kerasoft.augmentation.random_flip import RandomFlip
from kerasoft.augmentation.random_shift import RandomShift

__all__ = ["RandomFlip", "RandomShift"]
