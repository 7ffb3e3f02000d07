"""One head in a process of its own: seconds of a training step within fit(), and peak memory.

python -m benchmarks.training_step '{"head": "sampled", "classes": 1000000, ...}' FILE, in apps/

A process has one peak of memory, so that every head at every number of classes needs its own.
"""

import json
import os
import re
import resource
import sys
import time
from pathlib import Path

import command_line

WARM_UP_STEPS = 3
LONGEST_EPOCH = 4.0  # seconds: slow heads get fewer steps an epoch
MOST_STEPS = 50


def measure(settings: dict) -> dict[str, object]:
    """Trains a small classifier and times its epochs.

    Args:
        settings: "head", "classes", "features" (D), "batch_size", "num_sampled", "optimizer"
            ("sgd", "adagrad" or "adam"), "labels" ("zipf" or "uniform") and "epochs" to time.
    """
    import keras

    keras.utils.set_random_seed(0)
    before = peak_bytes()
    start = time.perf_counter()
    model = classifier(settings)
    built = time.perf_counter()
    _fit(model, settings, WARM_UP_STEPS, 1)
    warm = time.perf_counter()
    (first,) = _fit(model, settings, 1, 1)
    steps = max(1, min(MOST_STEPS, int(LONGEST_EPOCH / first)))
    epochs = _fit(model, settings, steps, settings["epochs"])
    return {
        "seconds": [seconds / steps for seconds in epochs],
        "steps_an_epoch": steps,
        "build_seconds": built - start,
        "first_steps_seconds": warm - built,
        "peak_bytes": peak_bytes(),
        "peak_bytes_before": before,
        "parameters": model.head.count_params(),
    }


def classifier(settings: dict):
    """One dense layer, and the head; rows are updated alone in the heads that can."""
    import keras

    import kerasoft

    name, classes, width = settings["head"], settings["classes"], settings["features"]
    options = (
        {"row_optimizer": settings["optimizer"]} if name in ("sampled", "hierarchical") else {}
    )
    if name == "sampled":
        options["num_sampled"] = min(classes, settings["num_sampled"])
    if name == "adaptive":
        options["div_value"] = settings["div_value"]
    inputs = keras.Input((width,))
    body = keras.Model(inputs, keras.layers.Dense(width, activation="relu")(inputs))
    model = kerasoft.Classifier(body, kerasoft.heads.get(name, classes, **options))
    model.build((None, width))
    model.compile(settings["optimizer"], metrics=[])
    return model


def labels(kind: str, classes: int, number: int, random):
    """Class ids: uniform, or the smaller the likelier (p ~ 1 / (id + 1))."""
    import numpy as np

    if kind == "uniform":
        return random.integers(0, classes, number)
    below = np.cumsum(1.0 / np.arange(1, classes + 1))
    return np.searchsorted(below, random.uniform(0, below[-1], number)).clip(max=classes - 1)


def peak_bytes() -> int:
    """The highest memory so far: of the accelerator's where there is one, else of the process."""
    import keras

    backend = keras.config.backend()
    if backend == "jax":
        import jax

        statistics = jax.devices()[0].memory_stats()
        if statistics:
            return statistics["peak_bytes_in_use"]
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.max_memory_allocated()
    status = Path("/proc/self/status")
    if status.exists():  # Linux hands the peak of a parent down to what `getrusage` says
        (line,) = re.findall(r"VmHWM:\s*(\d+) kB", status.read_text())
        return 1024 * int(line)
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _fit(model, settings: dict, steps: int, epochs: int) -> list[float]:
    """Seconds of every epoch of so many steps."""
    import keras
    import numpy as np

    seconds = []
    random = np.random.default_rng(0)
    number = steps * settings["batch_size"]
    x = random.standard_normal((number, settings["features"]), dtype="float32")
    y = labels(settings["labels"], settings["classes"], number, random)
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seconds.append(-time.perf_counter()),
        on_epoch_end=lambda epoch, logs: seconds.append(seconds.pop() + time.perf_counter()),
    )
    options = {"batch_size": settings["batch_size"], "shuffle": False, "verbose": 0}
    model.fit(x, y, epochs=epochs, callbacks=[clock], **options)
    return seconds


if __name__ == "__main__":
    if os.environ["KERAS_BACKEND"] == "torch":
        import torch  # noqa: F401  before TensorFlow: the other order can crash the process
    command_line.show_warnings_as_lines()
    with command_line.one_line_errors():
        Path(sys.argv[2]).write_text(json.dumps(measure(json.loads(sys.argv[1]))))
