"""Every op against its rivals: the backend's own softmax, and the `entmax` package on PyTorch."""

import argparse
import importlib.util
import math
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import command_line

from benchmarks import gradients, machine, page, timing
from benchmarks.duels import AGAIN, Duel, cell, is_over, outcome

TITLE = "Softmax variants, forward plus backward"
DTYPES = ("float32", "bfloat16", "float16")
SAMPLE_ROWS = 4  # so many rows are compared between a contestant and its rival
NATIVE = {"tensorflow": "tf.nn", "jax": "jax.nn", "torch": "torch"}


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--classes",
        type=command_line.list_of(command_line.whole_number(2)),
        default=[1_000, 100_000],
        metavar="C,...",
        help="default 1000,100000",
    )
    add(
        "--batch-size",
        type=command_line.whole_number(1),
        default=256,
        metavar="N",
        help="default 256",
    )
    add(
        "--repetitions",
        type=command_line.whole_number(1),
        default=7,
        metavar="N",
        help="rounds in which each contestant is timed once (default 7); slow ones sit some out",
    )
    add("--dtype", choices=DTYPES, default="float32", help="default float32")


def measure(options: argparse.Namespace) -> dict[str, object]:
    """Measures the contestants of the current backend, and those of PyTorch."""
    import keras

    backend = keras.config.backend()
    measurements, duels = [], []
    for classes in options.classes:
        print(f"{backend}, {classes:,} classes ...", flush=True)
        measurements += _measure_at(classes, options, backend, duels)
    return {
        "environment": machine.surroundings("entmax"),
        "measurements": measurements,
        "duels": duels,
    }


def table(record: dict) -> str:
    """The record as Markdown."""
    sizes = record["options"]["classes"]
    heads = ["backend", "op", "against", "bar", *(f"C = {size:,}" for size in sizes), "first call"]
    lines = []
    for backend, part in record["backends"].items():
        rows = {}
        for duel in part["duels"]:
            rows.setdefault((duel["mode"], duel["op"], duel["rival"]), []).append(duel)
        lines += [_row(backend, duels) for duels in rows.values()]
    return f"{page.table(heads, lines)}\n\n{_notes(record)}"


def draw(record: dict, folder: Path) -> None:
    """Draws nothing: ratios are for tables."""


def _measure_at(classes: int, options, backend: str, duels: list[dict]) -> list[dict]:
    """Measures at one number of classes; adds to `duels`, gives what was measured."""
    samples = {}

    def look(key, result):
        samples[key] = [_sample(tensor) for tensor in result]

    timings = timing.take_turns(_contestants(classes, options, backend), options.repetitions, look)
    for mode in {key[0]: None for key in timings if key[0] != "entmax"}:
        for duel in _duels(backend):
            if (mode, duel.op) in timings:
                duels.append(_outcome(duel, mode, classes, timings, samples))
    return [
        {"mode": mode, "name": name, "classes": classes} | asdict(found)
        for (mode, name), found in timings.items()
    ]


def _contestants(classes: int, options, backend: str) -> dict[tuple[str, str], Callable]:
    """What is timed, by mode and name; the `entmax` package is a mode of its own."""
    import keras
    import numpy as np

    random = np.random.default_rng(0)
    shape = (options.batch_size, classes)
    arrays = [random.standard_normal(shape, dtype="float32") for _ in ("scores", "weights")]
    tensors = [keras.ops.convert_to_tensor(array, dtype=options.dtype) for array in arrays]
    generator = keras.random.SeedGenerator(0)
    steps = {}
    for name, op in _ops(backend, generator).items():
        for mode, step in gradients.steps(op, *tensors, generator).items():
            steps[mode, name] = step
    package = _entmax_package(backend)
    tensors = _torch_tensors(arrays, options.dtype) if package else []
    for name, op in package.items():
        steps["entmax", name] = gradients.torch_step(op, *tensors)
    return steps


def _ops(backend: str, generator) -> dict[str, Callable]:
    """The ops of kerasoft, and those of the backend itself beside them."""
    from kerasoft import ops

    native, library = _native(backend), NATIVE[backend]
    return {
        f"{library}.softmax": native["softmax"],
        "softmax": ops.softmax,
        f"{library}.softmax{AGAIN}": native["softmax"],
        "log_softmax": ops.log_softmax,
        f"{library}.log_softmax": native["log_softmax"],
        "sparsemax": ops.sparsemax,
        "entmax15": ops.entmax15,
        "entmax(1.5)": partial(ops.entmax, alpha=1.5),
        "pseudo_softmax": ops.pseudo_softmax,
        "taylor_softmax": ops.taylor_softmax,
        "gumbel_softmax": partial(ops.gumbel_softmax, seed=generator),
    }


def _native(backend: str) -> dict[str, Callable]:
    if backend == "tensorflow":
        import tensorflow as tf

        return {"softmax": tf.nn.softmax, "log_softmax": tf.nn.log_softmax}
    if backend == "jax":
        import jax

        return {"softmax": jax.nn.softmax, "log_softmax": jax.nn.log_softmax}
    import torch

    return {
        "softmax": partial(torch.softmax, dim=-1),
        "log_softmax": partial(torch.log_softmax, dim=-1),
    }


def _entmax_package(backend: str) -> dict[str, Callable]:
    """The ops of the `entmax` package; none where it is absent or would run on another device."""
    if not all(importlib.util.find_spec(name) for name in ("torch", "entmax")):
        return {}
    import entmax
    import torch

    from kerasoft.training import accelerator

    if accelerator() and not torch.cuda.is_available():
        return {}
    package = {
        "entmax.sparsemax": entmax.sparsemax,
        "entmax.sparsemax, k=100": partial(entmax.sparsemax, k=100),
        "entmax.entmax15": entmax.entmax15,
        "entmax.entmax15, k=100": partial(entmax.entmax15, k=100),
    }
    if backend == "torch":  # once is enough: it has no bar and takes longer than all the others
        package["entmax.entmax_bisect"] = partial(entmax.entmax_bisect, alpha=1.5)
    return package


def _torch_tensors(arrays: list, dtype: str) -> list:
    """The same numbers for PyTorch, on a GPU if Keras's backend uses one."""
    import torch

    from kerasoft.training import accelerator

    device = "cuda" if accelerator() else "cpu"
    return [torch.from_numpy(array).to(device, getattr(torch, dtype)) for array in arrays]


def _duels(backend: str) -> list[Duel]:
    """Who is compared with whom."""
    library = NATIVE[backend]
    softmax, package_bar = f"{library}.softmax", 1.0 if backend == "torch" else 1.5
    general = "entmax.entmax_bisect" if backend == "torch" else "entmax.entmax15"
    return [
        Duel("softmax", softmax, 1.1),
        Duel("log_softmax", f"{library}.log_softmax", 1.1),
        Duel("sparsemax", "entmax.sparsemax", package_bar),
        Duel("sparsemax", "entmax.sparsemax, k=100", package_bar),
        Duel("entmax15", "entmax.entmax15", package_bar),
        Duel("entmax15", "entmax.entmax15, k=100", package_bar),
        Duel("entmax(1.5)", general),
        Duel("pseudo_softmax", softmax, same=False),
        Duel("taylor_softmax", softmax, same=False),
        Duel("gumbel_softmax", softmax, same=False),
        Duel(softmax + AGAIN, softmax),
    ]


def _outcome(duel: Duel, mode: str, classes: int, timings: dict, samples: dict) -> dict:
    """Both medians, their ratio, and how far the results are apart; None for an absent rival."""
    key = (mode, duel.op)
    rival = ("entmax" if duel.rival.startswith("entmax.") else mode, duel.rival)
    found = {"mode": mode, "classes": classes}
    found |= outcome(duel, timings[key], timings.get(rival)) | {"largest_difference": None}
    if duel.same and rival in timings:
        found["largest_difference"] = _difference(samples[key], samples[rival])
    return found


def _sample(tensor: object):
    return gradients.to_numpy(tensor[:SAMPLE_ROWS])


def _difference(ours: list, theirs: list) -> float | None:
    """Of output and gradient; None where it is not finite, which JSON cannot say."""
    largest = max(float(abs(a - b).max()) for a, b in zip(ours, theirs, strict=True))
    return largest if math.isfinite(largest) else None


def _row(backend: str, duels: list[dict]) -> list[str]:
    first = duels[0]
    bar = "" if first["bar"] is None else f"{first['bar']:g}"
    compiling = " / ".join(f"{duel['first_call_seconds']:.2f}" for duel in duels) + " s"
    cells = [cell(duel) for duel in duels]
    return [f"{backend}, {first['mode']}", first["op"], first["rival"], bar, *cells, compiling]


def _notes(record: dict) -> str:
    """What the numbers were measured with, in a few lines."""
    options, parts = record["options"], record["backends"].values()
    duels = [duel for part in parts for duel in part["duels"] if duel["ratio"] is not None]
    barred = [duel for duel in duels if duel["bar"] is not None]
    held = sum(not is_over(duel) for duel in barred)
    return "\n".join(
        [
            "Ratio of the medians of the op and of what it is compared with (and both medians); "
            "the first call, which compiles, is in none of them.",
            f"Batch {options['batch_size']}, {options['dtype']}, rounds: {options['repetitions']} "
            "(slow ops sat some out), scores standard normal.",
            f"{held} of {len(barred)} ratios within their bar. {_agreement(duels)}.",
            page.provenance(record, "entmax"),
        ]
    )


def _agreement(duels: list[dict]) -> str:
    """How far those are apart that compute the same function."""
    apart = [duel["largest_difference"] for duel in duels if duel["same"]]
    if None in apart:
        return "An output or gradient is not finite"
    return (
        "Where both compute the same function, outputs and gradients differ by at most "
        f"{max(apart, default=0.0):.1g}"
    )
