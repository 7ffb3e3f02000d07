"""Heads as published code has them, mistakes included: to repeat a study, not to build on.

`kerasoft.heads.get` knows their names, so that a run can be made again from its config, and
`kerasoft.heads.names` does not list them.
"""

from kerasoft.heads.published.gumbel_noise_over_temperature import GumbelNoiseOverTemperature
from kerasoft.heads.published.hinge import Hinge
from kerasoft.heads.published.softmax_twice import SoftmaxTwice

HEADS = {
    "softmax_twice": SoftmaxTwice,
    "gumbel_noise_over_temperature": GumbelNoiseOverTemperature,
    "hinge": Hinge,
}

__all__ = ["HEADS", "GumbelNoiseOverTemperature", "Hinge", "SoftmaxTwice"]
