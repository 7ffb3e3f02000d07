"""A study: each variant trained with each seed, in a run of its own."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
from filelock import FileLock, Timeout

from kerasoft.data import DataError
from kerasoft.errors import InvalidArgumentError
from kerasoft.files import UNREADABLE, read_json, write_json
from kerasoft.training.dataset import READING, load_dataset
from kerasoft.training.head import check_head
from kerasoft.training.recipe import Recipe
from kerasoft.training.run import Run, check_writable
from kerasoft.training.study_record import (
    begin,
    check_once,
    check_settings,
    checked_seeds,
    read_settings,
)
from kerasoft.training.train import resume, train
from kerasoft.training.variant import Variant

ATTEMPTS = 2  # of a run whose process ends without a word, as where memory runs out
_FAILED, _ATTEMPTS = "FAILED.json", "attempts.json"


@dataclass(frozen=True)
class Outcome:
    """What became of one variant with one seed.

    Attributes:
        variant: What was trained.
        seed: Of the run.
        run: The complete run; None where there is none.
        failure: Why there will be none, in one line; None where there is a run, or may be one yet.
    """

    variant: Variant
    seed: int
    run: Run | None = None
    failure: str | None = None

    @property
    def ended(self) -> bool:
        """Whether there is a run, or will be none."""
        return self.run is not None or self.failure is not None

    @property
    def title(self) -> str:
        """Of what it is, for people."""
        return f"{self.variant.label}, seed {self.seed}"

    def __str__(self) -> str:
        """One line for a list of outcomes."""
        state = "complete" if self.run else f"failed: {self.failure}" if self.failure else "missing"
        return f"{self.title}: {state}"


def run_study(
    recipe: Recipe,
    *,
    variants: Sequence[Variant | str],
    seeds: Sequence[int],
    folder: str | Path,
    dataset: str = "auto",
    labels: str = "fine",
    validation: bool = True,
    data_dir: str | Path | None = None,
    say: Callable[[str], None] = print,
) -> list[Outcome]:
    """Trains what is missing in the folder, seed by seed, variants by turns.

    So a machine that slows down slows all variants alike, and whoever stops early has whole seeds.
    What is in the folder stays: an interrupted study goes on where it was, and more variants and
    seeds may be asked for later. Several processes may work in one folder; each takes what no other
    is at. A run that fails is left, with its reason in the folder, and the others go on.

    Args:
        recipe: How to train, the same for all but for what a variant changes.
        variants: Each once; text is read by `Variant.parse`.
        seeds: Non-negative integers, each once.
        folder: Of the study; made where it is missing.
        dataset, labels, validation, data_dir: As in `train`.
        say: Takes one line for the person who waits.

    Returns:
        An outcome for each seed and variant, in this order.

    Raises:
        InvalidArgumentError: If a setting is not allowed, or the folder has a study with others.
        DataError: If the data are absent or damaged.
        OSError: If the folder cannot be written.
        RunInterrupted: On Ctrl-C.
    """
    folder = Path(folder)
    settings = {
        "recipe": dataclasses.asdict(recipe),
        "dataset": dataset,
        "labels": labels,
        "validation": validation,
        "backend": keras.config.backend(),
    }
    variants, seeds = _checked_variants(recipe, variants), checked_seeds(seeds)
    check_writable(folder)
    check_settings(folder, settings)
    cells = [_Cell(folder, variant, seed) for seed in seeds for variant in variants]
    if not all(cell.outcome().ended for cell in cells):
        # What is wrong with the data, or with a variant for these data, must show before anything
        # is written; and "auto" may have been other data when the study began.
        say(READING)
        splits = load_dataset(dataset, labels, data_dir, validation)
        settings["data_fingerprint"] = splits.fingerprint
        for variant in variants:
            check_head(variant.softmax, variant.options, splits)
    begin(folder, settings, variants, seeds)
    for number, cell in enumerate(cells, 1):
        before = cell.outcome()
        say(f"run {number} of {len(cells)}: {before if before.ended else before.title}")
        cell.advance(recipe, settings, data_dir, say)
    return [cell.outcome() for cell in cells]


def read_study(folder: str | Path) -> tuple[dict[str, object], list[Outcome]]:
    """What a study's folder holds; nothing is trained, and no run needs its model.

    Returns:
        The settings that all runs share (recipe, dataset, labels, validation, backend, and
        data_fingerprint where it was kept), and an outcome for each seed and variant that was ever
        asked for, in this order.

    Raises:
        InvalidArgumentError: If it is no study's folder.
    """
    settings, asked = read_settings(Path(folder))
    seeds = sorted({seed for own in asked.values() for seed in own})
    cells = [
        _Cell(Path(folder), variant, seed)
        for seed in seeds
        for variant, own in asked.items()
        if seed in own
    ]
    return settings, [cell.outcome() for cell in cells]


def _checked_variants(recipe: Recipe, variants: Sequence[Variant | str]) -> list[Variant]:
    variants = [one if isinstance(one, Variant) else Variant.parse(one) for one in variants]
    labels = [variant.label for variant in variants]
    check_once("variants", labels)
    if len(set(variants)) < len(variants):
        raise InvalidArgumentError("Two variants must not train alike.", variants=labels)
    for variant in variants:
        variant.recipe(recipe)
    return variants


class _Cell:
    """The folder of one variant with one seed, which has at most one run."""

    def __init__(self, study: Path, variant: Variant, seed: int):
        self.variant, self.seed = variant, seed
        self._folder = study / f"{variant.name}-s{seed}"

    def advance(self, recipe: Recipe, settings: dict, data_dir, say) -> None:
        """Trains, or goes on, unless there is an outcome or another process is at it."""
        self._folder.mkdir(exist_ok=True)
        try:
            with FileLock(self._folder / "run.lock", timeout=0):
                if not self.outcome().ended:
                    self._train(recipe, settings, data_dir, say)
        except Timeout:
            say("another process is at it")

    def outcome(self) -> Outcome:
        if (self._folder / _FAILED).exists():
            return Outcome(self.variant, self.seed, failure=self._reason())
        run = self._run()
        if run is None or not run.complete:
            return Outcome(self.variant, self.seed)
        if diverged := self._divergence():  # of a process that ended before it said so
            return Outcome(self.variant, self.seed, failure=diverged)
        return Outcome(self.variant, self.seed, run=run)

    def _reason(self) -> str:
        try:
            return str(read_json(self._folder / _FAILED)["reason"])
        except UNREADABLE as error:
            return f"its reason in {_FAILED} cannot be read ({type(error).__name__}: {error})"

    def _run(self) -> Run | None:
        found = sorted(path.parent for path in self._folder.glob("*/config.json"))
        return Run.open(found[-1]) if found else None

    def _train(self, recipe: Recipe, settings: dict, data_dir, say) -> None:
        if not self._begin_attempt():
            self._fail(f"the process ended {ATTEMPTS} times while it trained; out of memory?")
            return
        try:
            run = self._run()
            if run is None:
                rest = {name: settings[name] for name in ("dataset", "labels", "validation")}
                rest |= {"softmax": self.variant.softmax, "softmax_options": self.variant.options}
                rest |= {"seed": self.seed, "data_dir": data_dir, "output_dir": self._folder}
                run = train(self.variant.recipe(recipe), **rest, say=say)
            else:
                run = resume(run.folder, data_dir, say)
        except (OSError, DataError, KeyboardInterrupt):  # no fault of this variant
            (self._folder / _ATTEMPTS).unlink(missing_ok=True)
            raise
        except Exception as error:  # whatever it is, the others go on
            self._fail(self._divergence() or f"{type(error).__name__}: {error}")
            return
        if diverged := self._divergence():
            self._fail(diverged)

    def _divergence(self) -> str | None:
        """Since when the loss is not finite, if it is not at the end."""
        run = self._run()
        try:
            losses = run.history()["loss"] if run and run.metrics.exists() else [0.0]
        except InvalidArgumentError:  # whoever needs the numbers will say so
            return None
        if math.isfinite(losses[-1]):
            return None
        first = len(losses)
        while first > 1 and not math.isfinite(losses[first - 2]):
            first -= 1
        return f"the loss became {losses[first - 1]} in epoch {first}"

    def _begin_attempt(self) -> bool:
        """Counts attempts since the last epoch that was kept; whether there may be one more."""
        path, run = self._folder / _ATTEMPTS, self._run()
        epochs = run.metrics.read_text().count("\n") if run and run.metrics.exists() else 0
        attempts = 1 + _attempts_before(path, epochs)
        write_json(path, {"epochs": epochs, "attempts": attempts})
        return attempts <= ATTEMPTS

    def _fail(self, reason: str) -> None:
        write_json(self._folder / _FAILED, {"reason": " ".join(reason.split())})
        (self._folder / _ATTEMPTS).unlink(missing_ok=True)  # who removes the one tries anew


def _attempts_before(path: Path, epochs: int) -> int:
    """How many began after so many epochs; none if that cannot be read."""
    try:
        before = read_json(path)
        return int(before["attempts"]) if before["epochs"] == epochs else 0
    except UNREADABLE:
        return 0
