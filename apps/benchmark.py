"""Times what kerasoft computes beside what others do, in one run.

python apps/benchmark.py --suite variants

A suite is a module with a TITLE and four functions: `add_options` takes a parser, `measure` gives
what it measured of the current backend, `table` makes Markdown of the record of all backends, and
`draw` puts the suite's figures (if any) into a folder.
"""

import argparse
import datetime
import importlib.util
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import command_line
from benchmarks import (
    machine,
    suite_layers,
    suite_linear_cross_entropy,
    suite_scaling,
    suite_training,
    suite_variants,
)

SUITES = {
    "variants": suite_variants,
    "scaling": suite_scaling,
    "layers": suite_layers,
    "training": suite_training,
    "linear-cross-entropy": suite_linear_cross_entropy,
}


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The options that all suites share, and those of the one that is asked for."""
    first = command_line.Parser(add_help=False)
    _add_suite(first)
    name = first.parse_known_args(argv)[0].suite
    parser = command_line.Parser(description="Measure a suite on every backend.")
    _add_suite(parser)
    add = parser.add_argument
    add(
        "--backends",
        type=command_line.list_of(str),
        metavar="NAME,...",
        help="tensorflow, jax, torch (default: those that are installed)",
    )
    add("--output-dir", default="runs", metavar="DIR", help="parent of the table's folder")
    add("--measure-into", metavar="FILE", help=argparse.SUPPRESS)
    SUITES[name].add_options(parser.add_argument_group(f"of the suite {name}"))
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else argv
    options = parse(argv)
    if options.measure_into is not None:
        _measure(options)
        return
    backends = _backends(options.backends)
    command_line.choose_backend(backends[0])
    with command_line.one_line_errors():
        from kerasoft.training.run import check_writable

        check_writable(options.output_dir)
        record = _record(options, argv, backends)
        folder = _write(options, record)
    print(f"\n{SUITES[options.suite].table(record)}\n\nrecord  {folder / options.suite}.json")


def _add_suite(parser: argparse.ArgumentParser) -> None:
    default = next(iter(SUITES))
    names = ", ".join(SUITES)
    parser.add_argument(
        "--suite",
        choices=SUITES,
        default=default,
        metavar="NAME",
        help=f"{names} (default {default}); with --help, lists the options of that suite",
    )


def _backends(asked: list[str] | None) -> list[str]:
    """Every backend that was asked for, or every one there is."""
    backends = asked if asked is not None else command_line.installed_backends() or [None]
    for name in backends:
        if name not in (None, *command_line.BACKENDS):
            command_line.fail(
                f"--backends must be of {', '.join(command_line.BACKENDS)}, separated by commas. "
                f"Received: {name!r}"
            )
        command_line.choose_backend(name)
    return backends


def _record(options: argparse.Namespace, argv: list[str], backends: list[str]) -> dict:
    """Measures each backend in a process of its own: Keras has one backend a process."""
    from kerasoft.training.environment import commit

    load = machine.load_average()
    if load is not None and load > machine.BUSY:
        print(f"warning: the machine is busy (load average {load:.1f}): ratios will be off")
    settings = vars(options) | {"backends": backends}
    del settings["measure_into"]
    return {
        "command": shlex.join(["python", "apps/benchmark.py", *argv]),
        "commit": commit(),
        "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "load_average": load,
        "options": settings,
        "backends": {name: _in_own_process(name, argv) for name in backends},
    }


def _in_own_process(backend: str, argv: list[str]) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "record.json")
        own = ["--backends", backend, "--measure-into", str(file)]
        # PyTorch shares the process with the others, so nobody may take all memory of a GPU.
        variables = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        done = subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), *argv, *own],
            env=variables | os.environ | {"KERAS_BACKEND": backend},
        )
        if done.returncode or not file.exists():
            command_line.fail(
                f"Measuring on {backend} failed. Received: exit status {done.returncode}"
            )
        return json.loads(file.read_text())


def _measure(options: argparse.Namespace) -> None:
    """What a process of one backend does."""
    if importlib.util.find_spec("torch"):
        import torch  # noqa: F401  before TensorFlow: the other order can crash the process
    (backend,) = options.backends
    command_line.choose_backend(backend)
    command_line.show_warnings_as_lines()
    with command_line.one_line_errors():
        from kerasoft.files import write_json

        write_json(Path(options.measure_into), SUITES[options.suite].measure(options))


def _write(options: argparse.Namespace, record: dict) -> Path:
    """Writes record and table; gives their folder."""
    from kerasoft.files import replacing, write_json
    from kerasoft.training.run import new_folder

    suite = SUITES[options.suite]
    folder = new_folder(options.output_dir, f"benchmark-{options.suite}")
    write_json(folder / f"{options.suite}.json", record)
    page = f"# {suite.TITLE}\n\n```\n{record['command']}\n```\n\n{suite.table(record)}\n"
    with replacing(folder / f"{options.suite}.md") as temporary:
        temporary.write_text(page, encoding="utf-8")
    suite.draw(record, folder)
    return folder


if __name__ == "__main__":
    main()
