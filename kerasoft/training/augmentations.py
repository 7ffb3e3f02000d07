"""The augmentation and the mixing that recipes name."""

from collections.abc import Callable
from functools import partial

import keras

from kerasoft import augmentation

Layers = list[keras.layers.Layer]


def _flip_shift(pixels: int) -> Layers:
    return [augmentation.RandomFlip(), augmentation.RandomShift(pixels)]


# From the largest shift in pixels to layers.
AUGMENTATIONS: dict[str, Callable[[int], Layers]] = {
    "none": lambda pixels: [],
    "flip_shift": _flip_shift,
    "flip_shift_cutout": lambda pixels: [*_flip_shift(pixels), augmentation.RandomCutout(8)],
    "flip_shift_trivial": lambda pixels: [*_flip_shift(pixels), augmentation.TrivialAugment()],
}
MIXING: dict[str, Callable[[], keras.layers.Layer | None]] = {
    "none": lambda: None,
    "mixup": partial(augmentation.MixUp, 0.2),
    "cutmix": partial(augmentation.CutMix, 1.0, probability=0.5),
    "mixup_cutmix": partial(augmentation.MixUpOrCutMix, 0.8, 1.0),
}
