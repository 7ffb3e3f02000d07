"""Memory that a call needs for a while, beyond what was there before and what it gives back."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

TICK = 0.001  # seconds between two looks at the process


def extra_bytes(call: Callable[[], tuple]) -> int | None:
    """The highest memory while `call` runs, over that before it, without its results.

    The library's own count on TensorFlow, and on PyTorch with a GPU; else that of the process,
    looked at every millisecond, which takes pages that stay with the allocator for used. None where
    neither is known. For JAX there is `planned_bytes`.

    Args:
        call: gives tensors, when they are ready; it must have run before.
    """
    counters = _of_torch() or _of_tensorflow() or _of_process()
    if counters is None:
        return None
    start, highest = counters
    before = start()
    result = call()
    kept = sum(_bytes(tensor) for tensor in result)
    return max(0, highest() - before - kept)


def planned_bytes(function: Callable[..., tuple], *tensors: object) -> int:
    """What XLA sets aside for a function under `jax.jit`, beyond inputs and outputs."""
    import jax

    return jax.jit(function).lower(*tensors).compile().memory_analysis().temp_size_in_bytes


def _bytes(tensor: object) -> int:
    if hasattr(tensor, "nbytes"):
        return tensor.nbytes
    return tensor.dtype.size * tensor.shape.num_elements()  # TensorFlow's


def _of_torch() -> tuple | None:
    import keras

    if keras.config.backend() != "torch":
        return None
    import torch

    if not torch.cuda.is_available():
        return None

    def start() -> int:
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()

    return start, torch.cuda.max_memory_allocated


def _of_tensorflow() -> tuple | None:
    import keras

    if keras.config.backend() != "tensorflow":
        return None
    import tensorflow as tf

    device = "GPU:0" if tf.config.list_physical_devices("GPU") else "CPU:0"
    try:
        tf.config.experimental.get_memory_info(device)
    except ValueError:  # a processor without oneDNN, which brings the allocator that counts
        return None

    def start() -> int:
        tf.config.experimental.reset_memory_stats(device)
        return tf.config.experimental.get_memory_info(device)["current"]

    return start, lambda: tf.config.experimental.get_memory_info(device)["peak"]


def _of_process() -> tuple | None:
    from kerasoft.training import accelerator

    if accelerator() is not None or not Path("/proc/self/statm").exists():
        return None
    watch = _Watch()
    return watch.start, watch.stop


class _Watch:
    """The highest resident memory of this process between `start` and `stop`."""

    def start(self) -> int:
        self._ends = False
        self._highest = before = _resident()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return before

    def stop(self) -> int:
        self._ends = True
        self._thread.join()
        return self._highest

    def _look(self) -> None:
        while not self._ends:
            self._highest = max(self._highest, _resident())
            time.sleep(TICK)


def _resident() -> int:
    import resource

    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
