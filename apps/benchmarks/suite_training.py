"""Images a second of `fit_on_device` beside `fit` and a loop by hand; seconds of a cold start."""

import argparse
import math
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path

import command_line
import train_cnn

from benchmarks import cold_start, device_defaults, gradients, machine, page, timing
from benchmarks.duels import is_over, outcome
from benchmarks.layer_contests import SOFTMAXES
from benchmarks.suite_layers import POLICIES

TITLE = "Training: images a second, and the first epoch"
PARTS = ("steady", "start")
SECONDS_A_ROUND = 2.0  # an epoch is long: with less patience each would sit out most rounds
SIZES = {  # option: its default on a CPU, and on an accelerator
    "backbone": ("simple_cnn", "resnet9"),
    "precision": ("float32", "mixed_bfloat16"),
    "images": (2_048, 35_000),
    "batch_sizes": ([64], [64, 512]),
}
RECIPES = ("quick", "sprint")  # for the start: on a CPU, and on an accelerator


def add_options(parser: argparse.ArgumentParser) -> None:
    add, whole, many = parser.add_argument, command_line.whole_number, command_line.list_of
    sizes = partial(device_defaults.explained, SIZES)
    text = "steady (default): epochs in turns; start: a whole command, twice"
    kind = many(command_line.one_of(PARTS))
    add("--parts", type=kind, default=["steady"], metavar="NAME,...", help=text)
    names = train_cnn.APP.backbones
    text = f"{', '.join(names)} ({sizes('--backbone')})"
    add("--backbone", type=command_line.one_of(names), metavar="NAME", help=text)
    text = f"{', '.join(POLICIES)} ({sizes('--precision')})"
    add("--precision", type=command_line.one_of(POLICIES), metavar="POLICY", help=text)
    text = f"{', '.join(SOFTMAXES)} (default softmax)"
    kind = command_line.one_of(SOFTMAXES)
    add("--softmax", type=kind, default="softmax", metavar="NAME", help=text)
    add("--images", type=whole(1), metavar="N", help=f"an epoch, of steady; {sizes('--images')}")
    text = f"of steady; {sizes('--batch-sizes')}"
    add("--batch-sizes", type=many(whole(1)), metavar="N,...", help=text)
    text = "of steady: each trains an epoch in each (default 5); slow ones sit some out"
    add("--rounds", type=whole(1), default=5, metavar="N", help=text)
    text = "CIFAR-100 for start (default: noise in its shape)"
    add("--data-dir", metavar="DIR", help=text)


def measure(options: argparse.Namespace) -> dict[str, object]:
    """Measures training on the current backend."""
    gradients.compile_afresh()
    options = device_defaults.settled(options, SIZES)
    measurements, duels = [], []
    for batch_size in options.batch_sizes if "steady" in options.parts else []:
        _say(f"batches of {batch_size}", options)
        facts = {"batch_size": batch_size, "images": options.images} | _network(options)
        for found, kept in zip(_hold(options, batch_size), (measurements, duels), strict=True):
            kept += [facts | entry for entry in found]
    return {
        "environment": machine.surroundings(),
        "measurements": measurements,
        "duels": duels,
        "starts": _starts(options) if "start" in options.parts else [],
    }


def table(record: dict) -> str:
    """The record as Markdown."""
    tables = {"steady": _steady_table, "start": _start_table}
    sections = [
        f"## {part.capitalize()}\n\n{tables[part](record)}" for part in record["options"]["parts"]
    ]
    return "\n\n".join([*sections, page.provenance(record)])


def draw(record: dict, folder: Path) -> None:
    """Draws nothing: ratios are for tables."""


def _say(what: str, options: argparse.Namespace) -> None:
    import keras

    print(f"{keras.config.backend()}, {options.backbone}, {what} ...", flush=True)


def _network(options: argparse.Namespace) -> dict[str, str]:
    return {name: getattr(options, name) for name in ("backbone", "precision", "softmax")}


def _hold(options: argparse.Namespace, batch_size: int) -> tuple[list[dict], list[dict]]:
    """What was measured of everyone, and how the duels came out."""
    from benchmarks import training_contest

    losses = {}
    contestants = training_contest.contestants(options, batch_size)
    epochs = {name: contestant.epoch for name, contestant in contestants.items()}
    timings = timing.take_turns(epochs, options.rounds, losses.__setitem__, SECONDS_A_ROUND)
    for contestant in contestants.values():
        contestant.end()
    images = {name: contestant.images for name, contestant in contestants.items()}
    measurements = [
        {"name": name, "images_an_epoch": images[name], "first_loss": _number(losses[name])}
        | asdict(found)
        for name, found in timings.items()
    ]
    an_image = {name: _an_image(found, images[name]) for name, found in timings.items()}
    return measurements, [
        outcome(duel, an_image[duel.op], an_image[duel.rival])
        | {"rival_first_call_seconds": timings[duel.rival].first_call_seconds}
        for duel in training_contest.duels(timings)
    ]


def _number(loss: float) -> float | None:
    """None where it is not finite, which JSON cannot say."""
    return loss if math.isfinite(loss) else None


def _an_image(found: timing.Timing, images: int) -> timing.Timing:
    """Seconds an image instead of an epoch: not every epoch has as many."""
    return timing.Timing(found.first_call_seconds, [one / images for one in found.seconds])


def _starts(options: argparse.Namespace) -> list[dict]:
    from kerasoft.training import accelerator

    recipe = RECIPES[0 if accelerator() is None else 1]
    _say(f"from the start, recipe {recipe}", options)
    network = [text for name, value in _network(options).items() for text in (f"--{name}", value)]
    arguments = ["--recipe", recipe, "--epochs", "1", "--dataset", "cifar100", *network]
    facts = {"recipe": recipe} | _network(options)
    with tempfile.TemporaryDirectory() as folder:
        if options.data_dir is None:
            from benchmarks import random_cifar

            random_cifar.write(Path(folder, "cifar100.npz"))
        found = cold_start.measure(arguments, options.data_dir or folder)
    return [facts | entry for entry in found]


def _steady_table(record: dict) -> str:
    heads = ["backend", "network", "images", "batch size", "training", "against"]
    rows = [
        [
            backend,
            f"{duel['backbone']}, {duel['precision']}",
            f"{duel['images']:,}",
            str(duel["batch_size"]),
            duel["op"],
            duel["rival"],
            _throughput(duel),
            f"{duel['first_call_seconds']:.1f} / {duel['rival_first_call_seconds']:.1f} s",
        ]
        for backend, found in record["backends"].items()
        for duel in found["duels"]
    ]
    heads += ["images a second", "first epoch"]
    return f"{page.table(heads, rows)}\n\n{_steady_notes(record)}"


def _throughput(duel: dict) -> str:
    """Times as many images a second, and those of both."""
    slow = " **slow**" if is_over(duel) else ""
    own, rival = 1 / duel["seconds"], 1 / duel["rival_seconds"]
    return f"{1 / duel['ratio']:.2f}{slow} ({own:,.0f} / {rival:,.0f})"


def _steady_notes(record: dict) -> str:
    return (
        "Ratio of the images a second (and those of both), by the median epoch; the first epoch, "
        "which compiles, is in none of them. "
        f"Random images, {record['options']['softmax']}, SGD with Nesterov momentum; "
        f"rounds: {record['options']['rounds']} (slow ones sat some out)."
    )


def _start_table(record: dict) -> str:
    heads = ["backend", "recipe", "cache", "to the end of the first epoch", "of the command"]
    rows = [
        [
            backend,
            f"{start['recipe']}, {start['backbone']}, {start['precision']}",
            start["cache"],
            f"{start['first_epoch_seconds']:.1f} s",
            f"{start['command_seconds']:.1f} s",
        ]
        for backend, found in record["backends"].items()
        for start in found["starts"]
    ]
    return (
        f"{page.table(heads, rows)}\n\nSeconds from the start of `train_cnn.py` with one epoch; "
        "the second time it finds the data and (on JAX with an accelerator) the programs in its "
        "cache folder."
    )
