"""The loss of a linear layer under a softmax and its gradients: time and memory beside others."""

import argparse
import csv
import math
from dataclasses import asdict
from functools import partial
from pathlib import Path

import command_line

from benchmarks import device_defaults, gradients, machine, page, timing
from benchmarks import linear_cross_entropy_contest as contest

TITLE = "Linear cross-entropy: loss and gradients of many classes"
DTYPES = ("float32", "bfloat16", "float16")
SIZES = {  # option: its default on a CPU, and on an accelerator
    "rows": (1_024, 8_192),
    "dimensions": (256, 2_304),
    "classes": (131_072, 262_144),
    "dtype": ("float32", "bfloat16"),
}
COLUMNS = (
    "backend", "mode", "name", "milliseconds", "of_three_products", "of_plain", "extra_mebibytes",
    "loss_error", "gradient_error",
)  # fmt: skip
SAMPLE = 1_000  # classes whose gradients are compared
MEBIBYTE = 2**20


def add_options(parser: argparse.ArgumentParser) -> None:
    add, whole = parser.add_argument, command_line.whole_number
    sizes = partial(device_defaults.explained, SIZES)
    add("--rows", type=whole(1), metavar="N", help=f"examples; {sizes('--rows')}")
    add("--dimensions", type=whole(1), metavar="N", help=f"of features; {sizes('--dimensions')}")
    add("--classes", type=whole(1), metavar="N", help=sizes("--classes"))
    kind, text = command_line.one_of(DTYPES), f"{', '.join(DTYPES)} ({sizes('--dtype')})"
    add("--dtype", type=kind, metavar="NAME", help=text)
    kind, text = command_line.list_of(whole(1)), "of kerasoft, besides its own choice"
    add("--chunk-sizes", type=kind, default=[], metavar="N,...", help=text)
    text = "rounds in which each contestant is timed once (default 5); slow ones sit some out"
    add("--repetitions", type=whole(1), default=5, metavar="N", help=text)


def measure(options: argparse.Namespace) -> dict[str, object]:
    """Measures everyone on the current backend."""
    import keras

    gradients.compile_afresh()
    options = device_defaults.settled(options, SIZES)
    tensors = contest.problem(options)
    found = []
    for mode in gradients.MODES[keras.config.backend()]:
        print(f"{keras.config.backend()}, {mode} ...", flush=True)
        found += [{"mode": mode} | entry for entry in _hold(mode, tensors, options)]
    sizes = {name: getattr(options, name) for name in SIZES}
    return {"environment": machine.surroundings(), "sizes": sizes, "measurements": found}


def table(record: dict) -> str:
    """The record as Markdown."""
    heads = ["backend", "loss and gradients", "ms", "of three products", "of plain"]
    heads += ["extra MiB", "error of the loss", "of the gradients"]
    rows = [
        [
            f"{row['backend']}, {row['mode']}",
            row["name"],
            f"{row['milliseconds']:,.1f}",
            *(_number(row[name], "{:.2f}") for name in ("of_three_products", "of_plain")),
            _number(row["extra_mebibytes"], "{:,.0f}"),
            *(_number(row[name], "{:.0e}") for name in ("loss_error", "gradient_error")),
        ]
        for row in rows_of(record)
    ]
    return f"{page.table(heads, rows)}\n\n{_notes(record)}"


def draw(record: dict, folder: Path) -> None:
    """A CSV file of the table, and time against memory."""
    from benchmarks.linear_cross_entropy_figure import draw_costs

    with (folder / "linear-cross-entropy.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows_of(record))
    draw_costs(rows_of(record), folder / "linear-cross-entropy.png")


def rows_of(record: dict) -> list[dict[str, object]]:
    """One a contestant: medians, ratios, and what it needs and errs."""
    rows = []
    for backend, part in record["backends"].items():
        entries = part["measurements"]
        seconds = {(one["mode"], one["name"]): one["median"] for one in entries}
        for one in entries:
            if one["name"] != contest.FLOOR:
                rows.append({"backend": backend} | _row(one, seconds))
    return rows


def _row(one: dict, seconds: dict[tuple[str, str], float]) -> dict[str, object]:
    mode, extra = one["mode"], one["extra_bytes"]
    return {name: one[name] for name in ("mode", "name", "loss_error", "gradient_error")} | {
        "milliseconds": 1000 * one["median"],
        "of_three_products": one["median"] / seconds[mode, contest.FLOOR],
        "of_plain": one["median"] / seconds[mode, contest.PLAIN],
        "extra_mebibytes": None if extra is None else extra / MEBIBYTE,
    }


def _hold(mode: str, tensors: tuple, options: argparse.Namespace) -> list[dict[str, object]]:
    losses = contest.contestants(options.chunk_sizes)
    steps = {name: contest.step(loss, mode, *tensors) for name, loss in losses.items()}
    samples: dict[str, list] = {}

    def look(name: str, result: tuple) -> None:
        if name != contest.FLOOR:
            samples[name] = _sample(*result, tensors[2])

    everyone = steps | {contest.FLOOR: contest.floor(mode, *tensors)}
    timings = timing.take_turns(everyone, options.repetitions, look)
    truth = _sample(*contest.step(losses[contest.PLAIN], mode, *_wide(tensors))(), tensors[2])
    found = []
    for name, times in timings.items():
        entry = {"name": name, "median": times.median} | asdict(times)
        if name in samples:
            entry["extra_bytes"] = contest.extra_bytes(losses[name], steps[name], *tensors)
            loss, *slopes = map(_error, samples[name], truth)
            worst = None if None in slopes else max(slopes)
            entry |= {"loss_error": loss, "gradient_error": worst}
        found.append(entry)
    return found


def _wide(tensors: tuple) -> tuple:
    """The same problem in float32."""
    from keras import ops

    return *(ops.cast(one, "float32") for one in tensors[:2]), tensors[2]


def _sample(loss: object, by_features: object, by_embeddings: object, labels: object) -> list:
    """The loss, and gradients of all features, of some classes and of the labels."""
    from keras import ops

    rows = ops.take(by_embeddings, labels, axis=0)
    parts = (loss, by_features, by_embeddings[:SAMPLE], rows)
    return [gradients.to_numpy(part) for part in parts]


def _error(found, truth) -> float | None:
    """Relative to the largest number; None where it is not finite, which JSON cannot say."""
    error = float(abs(found - truth).max() / abs(truth).max())
    return error if math.isfinite(error) else None


def _number(value: float | None, form: str) -> str:
    return "not known" if value is None else form.format(value)


def _notes(record: dict) -> str:
    sizes = next(iter(record["backends"].values()))["sizes"]
    return "\n".join(
        [
            f"{sizes['rows']:,} examples, {sizes['dimensions']:,} dimensions, "
            f"{sizes['classes']:,} classes, {sizes['dtype']}. Medians of the loss and both "
            "gradients, contestants by turns; the first call, which compiles, is in none of them. "
            "Three products are the scores and two more of that size, which no exact formula can "
            "leave out. Extra memory is the highest beyond inputs, loss and gradients. Errors are "
            "those against the plain formula in float32, relative to the largest number.",
            page.provenance(record),
        ]
    )
