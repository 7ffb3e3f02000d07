"""The folder of one training."""

import datetime
import errno
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kerasoft.callbacks import read_metrics, read_steps
from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation import Report
from kerasoft.files import UNREADABLE, read_json, write_json
from kerasoft.training import times

_INCOMPLETE = """\
This run is not complete: training has not ended, or was interrupted.
Continue it with `--resume` and this folder; it goes on after the last epoch in metrics.csv.
"""
_COLUMNS = {"loss", "epoch_seconds", "first_epoch_extra_seconds"}  # that every metrics.csv has
_SETTINGS = {"softmax", "softmax_options", "recipe", "labels", "seed", "backend", "data"}
_DATA = {"name", "label_kind", "description", "source", "fingerprint", "images"}
_FACTS = {"command", "commit", "backend", "device", "python", "platform", "versions"}


@dataclass(frozen=True)
class Run:
    """Paths of a run folder, and whether it is complete.

    A folder holds INCOMPLETE.txt from its first moment until everything else is in place.

    Attributes:
        folder: the folder.
    """

    folder: Path

    @classmethod
    def create(cls, output_dir: str | Path, name: str, config: dict, environment: dict) -> "Run":
        """Makes `output_dir/<date>-<name>` with the files that come before training.

        Raises:
            OSError: if the folder cannot be made or written.
        """
        run = cls(new_folder(output_dir, name))
        (run.folder / "INCOMPLETE.txt").write_text(_INCOMPLETE)
        write_json(run.folder / "config.json", config)
        write_json(run.folder / "environment.json", environment)
        return run

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """Opens an existing run folder.

        Raises:
            InvalidArgumentError: if it is none.
        """
        run = cls(Path(folder))
        if not (run.folder / "config.json").is_file():
            raise InvalidArgumentError("Not a run folder: no config.json in it.", run=str(folder))
        if not _SETTINGS <= set(run._read("config.json")):
            raise InvalidArgumentError(
                "Not a run folder: its config.json is that of something else.", run=str(folder)
            )
        return run

    @property
    def complete(self) -> bool:
        return not (self.folder / "INCOMPLETE.txt").exists()

    @property
    def config(self) -> dict:
        with self._reading("config.json"):
            settings = self._read("config.json")
            if absent := _DATA - dict(settings["data"]).keys():
                raise LookupError(f"no {', '.join(sorted(absent))} of the data")
            return {"validation": True, **settings}  # the first runs do not say

    @property
    def environment(self) -> dict:
        with self._reading("environment.json"):
            facts = self._read("environment.json")
            if absent := _FACTS - facts.keys():
                raise LookupError(f"no {', '.join(sorted(absent))}")
            return facts

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.csv"

    @property
    def steps(self) -> Path:
        return self.folder / "steps.csv"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.npz"

    @property
    def model(self) -> Path:
        return self.folder / "model.keras"

    def history(self) -> dict[str, list[float]]:
        """The columns of metrics.csv."""
        with self._reading("metrics.csv"):
            rows = read_metrics(self.metrics)
            if absent := _COLUMNS - set(rows[0]):
                raise LookupError(f"no {', '.join(sorted(absent))}")
            return _columns(rows)

    def step_history(self) -> dict[str, list[float]]:
        """The columns of steps.csv; none where the recipe has no `logging_steps`."""
        if not self.steps.exists():
            return {}
        with self._reading("steps.csv"):
            return _columns(read_steps(self.steps))

    def steady_epoch_seconds(self) -> float:
        """Median seconds of training an epoch, without the first epoch (unless it is alone)."""
        return times.steady(self.history()["epoch_seconds"])

    def report(self) -> Report:
        """The scores on the test split, of a complete run."""
        with self._reading("report.json"):
            return Report.from_dict(self._read("report.json"))

    def context(self) -> dict[str, dict[str, object]]:
        """What report.json says beside the scores, of a complete run: section -> name -> value."""
        with self._reading("report.json"):
            return dict(self._read("report.json")["context"])

    def finish(self) -> None:
        """Marks the folder as complete; what only a resume needs goes."""
        self.checkpoint.unlink(missing_ok=True)
        (self.folder / "INCOMPLETE.txt").unlink(missing_ok=True)

    def _read(self, name: str) -> dict:
        with self._reading(name):
            return dict(read_json(self.folder / name))

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        """Whatever is wrong with a file of the run is one line that names it."""
        try:
            yield
        except InvalidArgumentError:
            raise
        except UNREADABLE as error:
            raise InvalidArgumentError(
                f"{name} cannot be read ({type(error).__name__}: {error}); remove this run to "
                "train it again.",
                path=str(self.folder / name),
            ) from None


def _columns(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    return {name: [row.get(name, math.nan) for row in rows] for name in rows[0]}


def check_writable(folder: str | Path) -> None:
    """Raises OSError if `folder` neither can be written nor made; makes nothing."""
    folder = Path(folder).absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "Not a folder", str(existing))
    if not os.access(existing, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "The output folder cannot be written", str(folder))


def new_folder(parent: str | Path, name: str) -> Path:
    """Makes the folder `parent/<date>-<name>`, numbered where that second saw another one."""
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    parent, name = Path(parent), f"{stamp}-{name}"
    parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, 1000):
        folder = parent / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            continue
    raise InvalidArgumentError("No free name for a new run folder.", folder=str(parent / name))


class RunInterrupted(KeyboardInterrupt):
    """Training was interrupted by the user.

    Attributes:
        run: the run to resume.
    """

    def __init__(self, run: Run):
        super().__init__(f"interrupted: {run.folder}")
        self.run = run
