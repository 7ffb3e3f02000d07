"""Attention and depthwise convolution of kerasoft against those of Keras."""

import argparse
import math
from dataclasses import asdict
from functools import partial
from pathlib import Path

import command_line

from benchmarks import (
    device_defaults,
    gradients,
    layer_contests,
    layer_steps,
    machine,
    page,
    timing,
)
from benchmarks.duels import Duel, cell, outcome
from benchmarks.layer_contests import SOFTMAXES, Contest

TITLE = "Layers against those of Keras"
POLICIES = ("float32", "mixed_bfloat16")
PARTS = {"attention": layer_contests.attention, "depthwise": layer_contests.depthwise}
SAMPLE_ROWS = 4  # outputs and gradients of so many examples are compared
SIZES = {  # option: its default on a CPU, and on an accelerator
    "attention_batch": (8, 256),
    "tokens": (64, 256),
    "depthwise_batch": (4, 256),
    "depthwise_dtypes": (["float32"], ["mixed_bfloat16"]),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    add, whole = parser.add_argument, command_line.whole_number
    sizes = partial(device_defaults.explained, SIZES)

    def names(option, allowed, default=None):
        kind = command_line.list_of(command_line.one_of(allowed))
        text = f"default {','.join(default)}" if default else sizes(option)
        add(option, type=kind, default=default, metavar="NAME,...", help=text)

    names("--parts", PARTS, list(PARTS))
    names("--softmaxes", SOFTMAXES, list(SOFTMAXES))
    names("--attention-dtypes", POLICIES, list(POLICIES))
    names("--depthwise-dtypes", POLICIES)
    for option in ("--attention-batch", "--tokens", "--depthwise-batch"):
        add(option, type=whole(1), metavar="N", help=sizes(option))
    text = "side of EfficientNet-Lite0's images, which sizes its convolutions (default 160)"
    add("--image-size", type=whole(32), default=160, metavar="N", help=text)
    text = "rounds in which each contestant is timed once (default 7); slow ones sit some out"
    add("--repetitions", type=whole(1), default=7, metavar="N", help=text)


def measure(options: argparse.Namespace) -> dict[str, object]:
    """Measures the layers on the current backend."""
    import keras

    keras.utils.set_random_seed(0)
    gradients.compile_afresh()
    options = device_defaults.settled(options, SIZES)
    measurements, duels = [], []
    for part in options.parts:
        for contest in PARTS[part](options):
            facts = {"part": part, "mode": layer_steps.mode()} | contest.facts
            shape = "x".join(map(str, facts["shape"]))
            print(f"{keras.config.backend()}, {part}, {facts['dtype']}, {shape} ...", flush=True)
            for found, kept in zip(_hold(contest, options), (measurements, duels), strict=True):
                kept += [facts | entry for entry in found]
    return {
        "environment": machine.surroundings(),
        "measurements": measurements,
        "duels": duels,
    }


def table(record: dict) -> str:
    """The record as Markdown."""
    tables = {"attention": _attention_table, "depthwise": _depthwise_table}
    sections = [
        f"## {part.capitalize()}\n\n{tables[part](record)}" for part in record["options"]["parts"]
    ]
    return "\n\n".join([*sections, _notes(record)])


def draw(record: dict, folder: Path) -> None:
    """Draws nothing: ratios are for tables."""


def _hold(contest: Contest, options: argparse.Namespace) -> tuple[list[dict], list[dict]]:
    """What was measured of everyone, and how the duels came out."""
    samples = {}

    def look(key, result):
        samples[key] = _sample(*result)

    timings = timing.take_turns(contest.steps, options.repetitions, look)
    measurements = [
        {"name": name, "pass": which} | asdict(found) for (name, which), found in timings.items()
    ]
    passes = dict.fromkeys(which for _, which in timings)
    duels = [_outcome(duel, which, timings, samples) for duel in contest.duels for which in passes]
    return measurements, duels


def _outcome(duel: Duel, which: str, timings: dict, samples: dict) -> dict[str, object]:
    """Medians and their ratio, seconds of compiling, and how far the results are apart."""
    own, rival = (duel.op, which), (duel.rival, which)
    found = {"pass": which} | outcome(duel, timings[own], timings[rival])
    found["compiling_seconds"] = _compiling(timings[own])
    found["rival_compiling_seconds"] = _compiling(timings[rival])
    apart = _difference(samples[own], samples[rival]) if duel.same else None
    return found | {"largest_difference": apart}


def _compiling(found: timing.Timing) -> float | None:
    """What the first call took longer than others; None where nothing is compiled."""
    if layer_steps.mode() == "eager":
        return None
    return max(0.0, found.first_call_seconds - found.median)


def _sample(output: object, *gradients_: object) -> list:
    """Output, gradient of the inputs, gradients of all weights in one."""
    import numpy as np

    arrays = [gradients.to_numpy(output[:SAMPLE_ROWS])]
    if gradients_:
        of_inputs, of_weights = gradients_
        arrays.append(gradients.to_numpy(of_inputs[:SAMPLE_ROWS]))
        arrays.append(np.concatenate([gradients.to_numpy(one).ravel() for one in of_weights]))
    return arrays


def _difference(ours: list, theirs: list) -> float | None:
    """Relative to the largest number; None where it is not finite, which JSON cannot say."""
    largest = max(float(abs(a - b).max() / abs(b).max()) for a, b in zip(ours, theirs, strict=True))
    return largest if math.isfinite(largest) else None


def _attention_table(record: dict) -> str:
    heads = ["backend", "dtype", "attention", "against", *layer_steps.PASSES]
    rows = {}
    for backend, duel in _duels(record, "attention"):
        key = (_backend(backend, duel), duel["dtype"], duel["op"], duel["rival"])
        rows.setdefault(key, []).append(cell(duel))
    return page.table(heads, [[*key, *cells] for key, cells in rows.items()])


def _depthwise_table(record: dict) -> str:
    heads = ["backend", "dtype", "convolution", layer_steps.TRAINING, "compiling"]
    groups = {}
    for backend, duel in _duels(record, "depthwise"):
        groups.setdefault((_backend(backend, duel), duel["dtype"]), []).append(duel)
    rows = []
    for key, duels in groups.items():
        named = [*((_title(duel), duel) for duel in duels), ("all", _sum(duels))]
        rows += [[*key, name, cell(duel), _compiling_cell(duel)] for name, duel in named]
    return page.table(heads, rows)


def _duels(record: dict, part: str) -> list[tuple[str, dict]]:
    return [
        (backend, duel)
        for backend, found in record["backends"].items()
        for duel in found["duels"]
        if duel["part"] == part
    ]


def _backend(name: str, duel: dict) -> str:
    return f"{name}, {duel['mode']}"


def _title(duel: dict) -> str:
    _, height, width, channels = duel["shape"]
    size, strides = duel["kernel_size"], duel["strides"]
    return f"{height}x{width}x{channels}, {size}x{size}" + (
        f", stride {strides}" if strides > 1 else ""
    )


def _sum(duels: list[dict]) -> dict:
    """One after the other: sums of the medians and of the seconds of compiling."""
    names = ("seconds", "rival_seconds", "compiling_seconds", "rival_compiling_seconds")
    total = {
        name: None if None in (values := [duel[name] for duel in duels]) else sum(values)
        for name in names
    }
    return total | {"bar": None, "ratio": total["seconds"] / total["rival_seconds"]}


def _compiling_cell(duel: dict) -> str:
    own, rival = duel["compiling_seconds"], duel["rival_compiling_seconds"]
    if own is None:
        return ""
    ratio = f"{own / rival:.2f} " if rival else ""
    return f"{ratio}({own:.2f} / {rival:.2f} s)"


def _notes(record: dict) -> str:
    """What the numbers were measured with, in a few lines."""
    return "\n".join(
        [
            "Ratio of kerasoft's median to that of Keras's layer with the same weights (and both "
            "medians); the first call, which compiles, is in none of them. Forward is a call as in "
            "`predict`; training is a call as in `fit` and the gradients for inputs and weights.",
            *_sizes(record),
            f"Rounds: {record['options']['repetitions']} (slow ones sat some out), inputs standard "
            f"normal. {_agreement(record)}.",
            page.provenance(record),
        ]
    )


def _sizes(record: dict) -> list[str]:
    lines = []
    for _, duel in _duels(record, "attention")[:1]:
        batch_size, tokens, features = duel["shape"]
        lines.append(
            f"Attention: batch {batch_size}, {tokens} tokens of {features} features, "
            f"{duel['heads']} heads of {duel['key_dim']}."
        )
    for _, duel in _duels(record, "depthwise")[:1]:
        lines.append(
            f"Depthwise: batch {duel['shape'][0]}; compiling is the first call less a later one, "
            "kerasoft's before Keras's."
        )
    return lines


def _agreement(record: dict) -> str:
    """How far those are apart that compute the same function."""
    apart = {}
    for part in PARTS:
        for _, duel in _duels(record, part):
            if duel["same"]:
                apart.setdefault(duel["dtype"], []).append(duel["largest_difference"])
    if any(None in found for found in apart.values()):
        return "An output or gradient is not finite"
    largest = " and ".join(f"{max(found):.1g} in {dtype}" for dtype, found in apart.items())
    return (
        "Where both compute the same function, outputs and gradients differ by at most "
        f"{largest}, of the largest number"
    )
