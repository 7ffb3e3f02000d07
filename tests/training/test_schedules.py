"""The triangle."""

import keras
import numpy as np
from backend import to_numpy

from kerasoft.training.schedules import LinearWarmupDecay


def rates(schedule, steps):
    return [float(to_numpy(schedule(step))) for step in range(steps)]


def test_it_rises_and_falls():
    found = rates(LinearWarmupDecay(0.5, 10, 4), 13)
    rise = [0.1, 0.2, 0.3, 0.4, 0.5]
    fall = [0.5 * (10 - step) / 6 for step in range(5, 10)]
    np.testing.assert_allclose(found, [*rise, *fall, 0, 0, 0], rtol=1e-6)


def test_without_a_rise():
    np.testing.assert_allclose(rates(LinearWarmupDecay(1.0, 4, 0), 5), [1, 0.75, 0.5, 0.25, 0])


def test_it_is_saved():
    schedule = LinearWarmupDecay(0.5, 10, 4)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert rates(copy, 12) == rates(schedule, 12)
