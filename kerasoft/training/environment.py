"""What a run ran on."""

import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

import keras

from kerasoft.version import __version__

_PACKAGES = ("keras", "tensorflow", "jax", "jaxlib", "torch", "numpy", "scikit-learn", "matplotlib")


def accelerator() -> str | None:
    """The accelerator that the current backend will use ("NVIDIA H200", say), or None on a CPU."""
    backend = keras.config.backend()
    if backend == "jax":
        import jax

        device = jax.devices()[0]
        return None if device.platform == "cpu" else device.device_kind
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.get_device_name()
        return "Apple GPU" if torch.backends.mps.is_available() else None
    if backend == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_physical_devices("GPU")
        details = tf.config.experimental.get_device_details(devices[0]) if devices else {}
        return details.get("device_name", "GPU") if devices else None
    return None


def environment() -> dict[str, object]:
    """Versions, backend, device, command line and commit, as plain JSON values."""
    return {
        "command": shlex.join([Path(sys.executable).name, *sys.argv]),
        "commit": commit(),
        "backend": keras.config.backend(),
        "device": accelerator() or f"CPU, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "versions": {"kerasoft": __version__} | {name: _version(name) for name in _PACKAGES},
        "flags": {
            name: os.environ[name] for name in ("XLA_FLAGS", "TF_XLA_FLAGS") if name in os.environ
        },
    }


def commit() -> str | None:
    """The commit of this source tree, "-dirty" if files differ from it; None outside a checkout.

    The variable KERASOFT_COMMIT says it where the sources were copied without their history.
    """
    if "KERASOFT_COMMIT" in os.environ:
        return os.environ["KERASOFT_COMMIT"]
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        head = _git(root, "rev-parse", "HEAD")
        return head + ("-dirty" if _git(root, "status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
