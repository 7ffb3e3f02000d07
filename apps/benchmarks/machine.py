"""What a benchmark ran on, beyond what every run records."""

import importlib.metadata
import importlib.util
import os
import platform
from pathlib import Path

BUSY = 0.5  # a load average from which on timings say little
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")


def surroundings(*packages: str) -> dict[str, object]:
    """kerasoft's record of the environment, with the processor, threads and more packages.

    Without the command: that of a part of a benchmark is not what repeats it.
    """
    from kerasoft.training import environment

    record = environment()
    del record["command"]
    record["versions"] |= {name: _version(name) for name in packages}
    return record | {"cpu": _cpu(), "threads": _threads()}


def load_average() -> float | None:
    """How many processes wanted a core in the last minute, where the system tells."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _cpu() -> str:
    """The model of the processor, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown")


def _threads() -> dict[str, object]:
    """What decides the number of threads; benchmarks set none."""
    threads = {"cores": os.cpu_count()}
    if hasattr(os, "sched_getaffinity"):
        threads["cores_allowed"] = len(os.sched_getaffinity(0))
    if importlib.util.find_spec("torch"):
        import torch

        threads["torch"] = torch.get_num_threads()
    return threads | {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
