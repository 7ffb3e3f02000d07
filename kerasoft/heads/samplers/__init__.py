"""Which classes a step samples, and how probable that was."""

from kerasoft.heads.samplers.class_distribution import class_distribution
from kerasoft.heads.samplers.sampler import Sampler
from kerasoft.heads.samplers.strata import UNIT

__all__ = ["UNIT", "Sampler", "class_distribution"]
