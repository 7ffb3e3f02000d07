"""Seconds that a command of a training app takes, from nothing and once more."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import command_line

APP = Path(__file__).resolve().parents[1] / "train_cnn.py"
CACHES = ("empty", "filled")
TICK = 0.01  # seconds between two looks for the first epoch's row


def measure(arguments: list[str], data_dir: str | Path) -> list[dict[str, object]]:
    """Trains twice with one cache folder, which is empty at first.

    Args:
        arguments: of `train_cnn.py`, but for what says where things lie.
        data_dir: what it shall read.

    Returns:
        For each of CACHES the seconds from the start of the process to the end of the first epoch
        (its row in metrics.csv) and to the end of the command.
    """
    with tempfile.TemporaryDirectory() as folder:
        variables = os.environ | {"KERASOFT_CACHE_DIR": str(Path(folder, "cache"))}
        variables.pop("JAX_COMPILATION_CACHE_DIR", None)  # would be another cache, filled or not
        found = []
        for cache in CACHES:
            runs = Path(folder, cache)
            places = ["--data-dir", str(data_dir), "--output-dir", str(runs)]
            command = [sys.executable, str(APP), *arguments, *places]
            found.append({"cache": cache} | _watch(command, runs, variables))
        return found


def _watch(command: list[str], runs: Path, variables: dict[str, str]) -> dict[str, float]:
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, env=variables, stdout=said, stderr=subprocess.STDOUT)
        try:
            while process.poll() is None and not any(runs.glob("*/metrics.csv")):
                time.sleep(TICK)
            first_epoch = time.perf_counter() - start
            process.wait()
        finally:
            process.kill()  # where it is interrupted; one that has ended stays as it is
        end = time.perf_counter() - start
        if process.returncode:
            said.seek(0)
            last = said.read().strip().rpartition("\n")[-1]
            command_line.fail(
                f"train_cnn.py failed: {last} Received: exit status {process.returncode}"
            )
    return {"first_epoch_seconds": first_epoch, "command_seconds": end}
