"""One training step against the number of classes, for every head."""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import command_line

from benchmarks import machine, page

TITLE = "A training step, from a hundred classes to ten million"
HEADS = ("softmax", "adaptive", "hierarchical", "sampled")  # unless others are asked for
DENSE = (  # heads that score every class
    "softmax",
    "log_softmax",
    "pseudo",
    "taylor",
    "gumbel",
    "log_gumbel",
    "sparsemax",
    "entmax15",
    "entmax",
)
CHUNKED = ("softmax", "log_softmax")  # those that take many scores a part at a time
ALL = (*DENSE, *HEADS[1:])
FIT_FROM = 10_000  # below so many classes what every step costs hides the growth
APPS = Path(__file__).resolve().parents[1]
GIGABYTE = 1e9


def add_options(parser: argparse.ArgumentParser) -> None:
    add, whole, many = parser.add_argument, command_line.whole_number, command_line.list_of
    classes = [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]
    add(
        "--classes",
        type=many(whole(2)),
        default=classes,
        metavar="C,...",
        help="default 100 to 10000000, by tens",
    )
    add(
        "--heads",
        type=many(command_line.one_of(ALL)),
        default=list(HEADS),
        metavar="NAME,...",
        help=f"of {', '.join(ALL)} (default {','.join(HEADS)})",
    )
    add("--batch-size", type=whole(1), default=256, metavar="N", help="default 256")
    add("--features", type=whole(1), default=128, metavar="D", help="default 128")
    add("--num-sampled", type=whole(1), default=1024, metavar="S", help="default 1024")
    add("--div-value", type=float, default=4.0, metavar="X", help="of adaptive (default 4)")
    add("--optimizer", choices=("sgd", "adagrad", "adam"), default="sgd", help="default sgd")
    add("--labels", choices=("zipf", "uniform"), default="zipf", help="default zipf")
    add("--epochs", type=whole(1), default=7, metavar="N", help="timed ones (default 7)")
    add(
        "--memory",
        type=whole(1),
        default=12,
        metavar="GB",
        help="leave out a head of every class where it needs more than this (default 12)",
    )


def measure(options: argparse.Namespace) -> dict[str, object]:
    """Measures every head at every number of classes, each in a process of its own."""
    import keras

    backend = keras.config.backend()
    points = []
    for classes in options.classes:
        for head in options.heads:
            print(f"{backend}, {classes:,} classes, {head} ...", flush=True)
            points.append({"head": head, "classes": classes} | _point(head, classes, options))
    return {
        "environment": machine.surroundings(),
        "points": points,
        "exponents": {head: exponent(points, head) for head in options.heads},
    }


def exponent(points: list[dict], head: str) -> float | None:
    """The slope of log seconds over log classes, from FIT_FROM classes on, by least squares."""
    pairs = [
        (math.log(point["classes"]), math.log(statistics.median(point["seconds"])))
        for point in points
        if point["head"] == head and point["classes"] >= FIT_FROM and "seconds" in point
    ]
    if len(pairs) < 2:
        return None
    return statistics.linear_regression(*zip(*pairs, strict=True)).slope


def table(record: dict) -> str:
    """The record as Markdown."""
    sizes, names = record["options"]["classes"], record["options"]["heads"]
    heads = ["backend", "head", *(f"C = {size:,}" for size in sizes), "grows as"]
    lines = []
    for backend, part in record["backends"].items():
        for name in names:
            row = [_cell(_find(part, name, size)) for size in sizes]
            lines.append([backend, name, *row, _growth(part["exponents"][name])])
    return f"{page.table(heads, lines)}\n\n{_notes(record)}"


def draw(record: dict, folder: Path) -> None:
    """One panel a backend, one line a head."""
    from benchmarks.scaling_figure import draw_scaling

    draw_scaling(record, folder / "scaling.png")


def _point(head: str, classes: int, options: argparse.Namespace) -> dict[str, object]:
    needed = dense_bytes(head, classes, options) if head in DENSE else 0
    if needed > options.memory * GIGABYTE:
        return {"left_out": f"may need {needed / GIGABYTE:.0f} GB"}
    names = ("features", "batch_size", "num_sampled", "div_value", "optimizer", "labels", "epochs")
    settings = {"head": head, "classes": classes}
    settings |= {name: getattr(options, name) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "point.json")
        command = [sys.executable, "-m", "benchmarks.training_step"]
        paths = filter(None, (str(APPS), os.environ.get("PYTHONPATH")))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        done = subprocess.run([*command, json.dumps(settings), str(file)], env=environment)
        if done.returncode:
            return {"left_out": f"failed, exit status {done.returncode}"}
        return json.loads(file.read_text())


def dense_bytes(head: str, classes: int, options: argparse.Namespace) -> int:
    """Weights, gradients and an update; and scores, probabilities and gradients if all are held."""
    held = 0 if head in CHUNKED else options.batch_size
    return 4 * 3 * classes * (options.features + held)


def _find(part: dict, head: str, classes: int) -> dict:
    (point,) = (
        point for point in part["points"] if (point["head"], point["classes"]) == (head, classes)
    )
    return point


def _cell(point: dict) -> str:
    if "left_out" in point:
        return point["left_out"]
    step = page.milliseconds(statistics.median(point["seconds"]))
    used = (point["peak_bytes"] - point["peak_bytes_before"]) / GIGABYTE
    return f"{step} ms, {used:.2f} GB"


def _growth(slope: float | None) -> str:
    return "" if slope is None else f"C^{max(slope, 0.0):.2f}"


def _notes(record: dict) -> str:
    options = record["options"]
    return "\n".join(
        [
            "Milliseconds of a training step within `Classifier.fit` (loss, gradients, update; "
            f"median of {options['epochs']} epochs, compilation apart), and the peak of memory "
            "over what the libraries take.",
            f"Batch {options['batch_size']}, D = {options['features']}, "
            f"S = {options['num_sampled']}, div_value {options['div_value']:g}, "
            f"{options['optimizer']}, {options['labels']} labels; growth fitted from "
            f"C = {FIT_FROM:,}.",
            page.provenance(record),
        ]
    )
