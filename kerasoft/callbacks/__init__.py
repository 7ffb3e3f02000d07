"""Callbacks that time, log, save and show a training."""

from kerasoft.callbacks.checkpoint import Checkpoint
from kerasoft.callbacks.epoch_timer import EpochTimer
from kerasoft.callbacks.progress import Progress
from kerasoft.callbacks.run_logger import RunLogger
from kerasoft.callbacks.step_logger import StepLogger, read_steps
from kerasoft.callbacks.table import read_metrics

__all__ = [
    "Checkpoint",
    "EpochTimer",
    "Progress",
    "RunLogger",
    "StepLogger",
    "read_metrics",
    "read_steps",
]
