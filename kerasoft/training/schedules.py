"""Learning rates that Keras does not bring."""

import keras
from keras import ops

from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class LinearWarmupDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A linear rise from 0 to `peak`, then a linear fall to 0: the triangle of short trainings.

    Args:
        peak: the highest learning rate.
        steps: when it is back at 0, where it stays.
        warmup_steps: when it is at its peak; 0 begins there.
    """

    def __init__(self, peak: float, steps: int, warmup_steps: int):
        super().__init__()
        self.peak = peak
        self.steps = steps
        self.warmup_steps = warmup_steps

    def __call__(self, step: Tensor) -> Tensor:
        step = ops.cast(step, "float32")
        rise = (step + 1.0) / (self.warmup_steps + 1)
        fall = (self.steps - step) / max(1, self.steps - self.warmup_steps)
        return self.peak * ops.maximum(0.0, ops.minimum(rise, fall))

    def get_config(self) -> dict:
        return {"peak": self.peak, "steps": self.steps, "warmup_steps": self.warmup_steps}
