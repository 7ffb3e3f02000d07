"""The augmentation and the mixing that recipes name."""

from collections.abc import Callable
from functools import partial

import keras

from kerasoft import augmentation

_FLIP_SHIFT = (augmentation.RandomFlip, partial(augmentation.RandomShift, 4))

AUGMENTATIONS: dict[str, tuple[Callable[[], keras.layers.Layer], ...]] = {
    "none": (),
    "flip_shift": _FLIP_SHIFT,
    "flip_shift_cutout": (*_FLIP_SHIFT, partial(augmentation.RandomCutout, 8)),
    "flip_shift_trivial": (*_FLIP_SHIFT, augmentation.TrivialAugment),
}
MIXING: dict[str, Callable[[], keras.layers.Layer | None]] = {
    "none": lambda: None,
    "mixup": partial(augmentation.MixUp, 0.2),
    "cutmix": partial(augmentation.CutMix, 1.0, probability=0.5),
    "mixup_cutmix": partial(augmentation.MixUpOrCutMix, 0.8, 1.0),
}
