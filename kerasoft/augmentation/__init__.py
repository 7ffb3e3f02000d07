"""Augmentation: Keras layers that change each image of a batch on its own, on the device.

`MixUp`, `CutMix` and `MixUpOrCutMix` mix images and leave the labels to the loss: they are given to
a `Classifier` as its `mixing`, the others as its `augmentation`.
"""

from kerasoft.augmentation.cut_mix import CutMix
from kerasoft.augmentation.mix_up import MixUp
from kerasoft.augmentation.mix_up_or_cut_mix import MixUpOrCutMix
from kerasoft.augmentation.mixing import Mixing
from kerasoft.augmentation.random_cutout import RandomCutout
from kerasoft.augmentation.random_flip import RandomFlip
from kerasoft.augmentation.random_shift import RandomShift
from kerasoft.augmentation.trivial_augment import TrivialAugment

__all__ = [
    "CutMix",
    "MixUp",
    "MixUpOrCutMix",
    "Mixing",
    "RandomCutout",
    "RandomFlip",
    "RandomShift",
    "TrivialAugment",
]
