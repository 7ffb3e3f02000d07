"""Read or download CIFAR through TensorFlow Datasets, in a child process."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from kerasoft.data import read_npz
from kerasoft.data.cifar import Spec
from kerasoft.data.errors import BadFile
from kerasoft.data.raw import RawPart, RawParts, check_names
from kerasoft.data.tfds_reader import NOT_INSTALLED

_SCRIPT = Path(__file__).with_name("tfds_reader.py")
_TAIL = 16_384  # bytes of the child's messages that are kept to find its last line


def read(folder: Path, spec: Spec) -> RawParts:
    """Read a prepared TFDS folder: the one that holds `dataset_info.json`.

    Raises:
        BadFile: TFDS fails to read it, for whatever reason, or the labels have other names.
        OSError: a file cannot be read.
    """
    _check_label_names(folder, spec)
    return _run(["--directory", str(folder)], str(folder), spec, show=False)


def download(data_dir: Path, spec: Spec) -> RawParts:
    """Have TFDS download the data set, prepare it below `data_dir`, and read it.

    TFDS prepares under a provisional name and renames at the end, so that an interrupted download
    is never taken for data. Its progress goes to stderr.

    Raises:
        BadFile: the download fails.
    """
    options = ["--download", spec.name, "--data-dir", str(data_dir)]
    return _run(options, str(data_dir), spec, show=True)


def _check_label_names(folder: Path, spec: Spec) -> None:
    names = {"label": spec.class_names, "coarse_label": spec.superclass_names}
    for feature, expected in names.items():
        path = folder / f"{feature}.labels.txt"
        if path.is_file():
            check_names(path, tuple(path.read_text(encoding="utf-8").split()), expected)


def _run(options: list[str], origin: str, spec: Spec, *, show: bool) -> RawParts:
    with tempfile.TemporaryDirectory(prefix="kerasoft-") as scratch:
        out = Path(scratch) / "data.npz"
        status, tail = _call([sys.executable, "-P", str(_SCRIPT), str(out), *options], show)
        if status:
            raise _failure(origin, status, _last_line(tail))
        try:
            parts = read_npz.read(out, spec)
        except BadFile as error:  # the scratch file is gone when the message is read
            raise BadFile(origin, error.reason) from None
    return {part: _named(raw, f"{origin} ({part})") for part, raw in parts.items()}


def _failure(origin: str, status: int, line: str) -> BadFile:
    if status == NOT_INSTALLED:
        mend = "Run: pip install tensorflow tensorflow-datasets importlib_resources."
        return BadFile(origin, f"needs TFDS, which cannot be imported: {line}", mend)
    return BadFile(origin, f"fails in TFDS: {line or f'exit status {status}'}")


def _named(raw: RawPart, origin: str) -> RawPart:
    return RawPart(raw.images, raw.fine, raw.coarse, origin)


def _call(command: list[str], show: bool) -> tuple[int, bytes]:
    """Run to the end, however long; give the exit status and the last bytes of stderr."""
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "-1",  # the GPU belongs to the training
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
    }
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        return _follow(process, show)
    finally:
        process.kill()  # does nothing where it has ended; else the parent was interrupted
        process.wait()
        process.stderr.close()


def _follow(process: subprocess.Popen, show: bool) -> tuple[int, bytes]:
    tail = b""
    while chunk := process.stderr.read1(_TAIL):
        tail = (tail + chunk)[-_TAIL:]
        if show:
            sys.stderr.write(chunk.decode("utf-8", "replace"))
            sys.stderr.flush()
    return process.wait(), tail


def _last_line(tail: bytes) -> str:
    lines = [line.strip() for line in tail.decode("utf-8", "replace").splitlines()]
    return next((line[:300] for line in reversed(lines) if line), "")
