"""A published study, trained again in one folder."""

import dataclasses
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kerasoft.errors import InvalidArgumentError
from kerasoft.files import UNREADABLE, read_json, write_json
from kerasoft.published import registry
from kerasoft.published.quantities import QUANTITIES
from kerasoft.published.results import Results
from kerasoft.published.study import SCALES, Part, Study
from kerasoft.training import Outcome, Recipe, Run, run_study
from kerasoft.training.dataset import READING, load_dataset
from kerasoft.training.recipe import CHANGES_NO_TRAINING
from kerasoft.training.run import check_writable
from kerasoft.training.study import read_study

_RECORD = "published.json"
_LEFT_OUT = {  # what nobody mentions who does not use it, with its value then
    one.name: one.default
    for one in dataclasses.fields(Recipe)
    if one.default is not dataclasses.MISSING and one.name != "precision"
}


@dataclass(frozen=True)
class Reproduction:
    """What a folder holds of a study.

    Attributes:
        study: The study.
        scale: "quick" or "full".
        settings: By the name of a part, what its runs share, as `run_study` records it.
        outcomes: By the name of a part.
    """

    study: Study
    scale: str
    settings: Mapping[str, Mapping[str, object]]
    outcomes: Mapping[str, Sequence[Outcome]]

    def runs(self, part: Part) -> list[Run]:
        """The complete ones."""
        return [one.run for one in self.outcomes.get(part.name, ()) if one.run is not None]

    def all_runs(self) -> list[Run]:
        """Those of every part."""
        return [run for part in self.study.parts for run in self.runs(part)]

    def timed_device(self, part: Part) -> str | None:
        """What most of its runs were made on (of as many, the first); None without a run.

        Seconds of other devices could not be averaged with those of this one.
        """
        runs = self.runs(part)
        return statistics.mode(run.environment["device"] for run in runs) if runs else None

    @cached_property
    def results(self) -> Results:
        """The numbers of all runs, of which each is read once."""
        scores: dict = {}
        failures: dict = {}
        for part in self.study.parts:
            labels = {variant: variant.label for variant in part.variants}
            device = self.timed_device(part)
            for one in self.outcomes.get(part.name, ()):
                # By what was trained: an older folder may have another label for it.
                cell = (part.name, labels.get(one.variant, one.variant.label))
                if one.failure is not None:
                    failures.setdefault(cell, []).append(one.failure)
                elif one.run is not None:
                    report, history = one.run.report(), one.run.history()
                    elsewhere = one.run.environment["device"] != device
                    numbers = {
                        each.name: each.of(report, history)
                        for each in QUANTITIES
                        if not (each.is_time and elsewhere)
                    }
                    scores.setdefault(cell, {})[one.seed] = numbers
        return Results(self.apart(), scores, failures)

    def apart(self) -> str:
        """Why these are not the published settings; empty where they are."""
        changed = sorted({name for part in self.study.parts for name in self._changed(part)})
        reasons = ["quick scale"] if self.scale == "quick" else []
        reasons += [self.other_data()] if self.other_data() else []
        if changed and not reasons:
            reasons = [f"settings were changed ({', '.join(changed)})"]
        return "; ".join(reasons)

    def other_data(self) -> str:
        """Which data these are, where they are not the published ones; else empty."""
        names = {run.config["data"]["name"] for run in self.all_runs()}
        if self.scale == "quick":  # has a part of them in any case
            names = {name.partition(":")[0] for name in names}
        others = sorted(names - {self.study.dataset})
        return f"the data are {', '.join(others)}, not {self.study.dataset}" if others else ""

    def _changed(self, part: Part) -> list[str]:
        """What was reported, or is left out of a plain training, and the recipe has otherwise."""
        if part.name not in self.settings:
            return []
        used, published = self.settings[part.name]["recipe"], dataclasses.asdict(part.recipe)
        fixed = part.known | {name for name, off in _LEFT_OUT.items() if published[name] == off}
        names = (fixed & used.keys()) - CHANGES_NO_TRAINING
        return [name for name in names if used[name] != published[name]]


def reproduce(
    study: Study,
    scale: str,
    *,
    seeds: Sequence[int],
    folder: str | Path,
    dataset: str = "auto",
    data_dir: str | Path | None = None,
    changes: Sequence[str] = (),
    say: Callable[[str], None] = print,
) -> Reproduction:
    """Trains what is missing in the folder: each part of the study in a folder of its own.

    Args:
        study: What to train.
        scale: "quick", minutes on a CPU, or "full", the published settings as far as they are
            known.
        seeds: Non-negative integers, each once.
        folder: Of the study; made where it is missing. What is there stays, as in `run_study`.
        dataset, data_dir: As in `kerasoft.training.train`; at quick scale a part of the images.
        changes: What all recipes have otherwise, "name=value" each.
        say: Takes one line for the person who waits.

    Raises:
        InvalidArgumentError: If a setting is not allowed, or the folder has another study.
        DataError: If the data are absent or damaged.
        OSError: If the folder cannot be written.
        RunInterrupted: On Ctrl-C.
    """
    if scale not in SCALES:
        raise InvalidArgumentError(f"`scale` must be one of {', '.join(SCALES)}.", scale=scale)
    if scale == "quick" and ":" in dataset:
        raise InvalidArgumentError(
            "At quick scale a study has its own number of images; leave out the other.",
            dataset=dataset,
        )
    folder, parts = Path(folder), [part for part in study.parts if part.runs_at(scale)]
    # What is wrong with settings or data must show before anything is written.
    recipes = [part.recipe_at(scale).with_settings(changes) for part in parts]
    record = {"study": study.name, "scale": scale}
    _check_folder(folder, record)
    say(READING)
    for part in parts:
        name = part.dataset_at(scale, dataset)
        load_dataset(name, part.labels, data_dir, part.validation)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / _RECORD, record)
    for part, recipe in zip(parts, recipes, strict=True):
        say(f"part {part.name}: {part.title}")
        run_study(
            recipe,
            variants=part.variants,
            seeds=seeds,
            folder=folder / part.name,
            dataset=part.dataset_at(scale, dataset),
            labels=part.labels,
            validation=part.validation,
            data_dir=data_dir,
            say=say,
        )
    return read(folder)


def read(folder: str | Path) -> Reproduction:
    """What the folder holds; nothing is trained.

    Raises:
        InvalidArgumentError: If it is no folder of `reproduce`.
    """
    path = Path(folder) / _RECORD
    try:
        record = read_json(path)
        study, scale = registry.get(record["study"]), record["scale"]
    except UNREADABLE as error:
        raise InvalidArgumentError(
            f"Not the folder of a published study: {_RECORD} in it cannot be read ({error}).",
            folder=str(folder),
        ) from None
    settings, outcomes = {}, {}
    for part in study.parts:
        if (path.parent / part.name).is_dir():
            settings[part.name], outcomes[part.name] = read_study(path.parent / part.name)
    return Reproduction(study, scale, settings, outcomes)


def _check_folder(folder: Path, record: dict[str, str]) -> None:
    """Refuses a folder that cannot be written or is for something else."""
    check_writable(folder)
    path = folder / _RECORD
    if not path.exists():
        if (folder / "study.json").exists():
            raise InvalidArgumentError(
                "This folder has a study of variants; take another one.", folder=str(folder)
            )
        return
    try:
        before = dict(read_json(path))
    except UNREADABLE as error:
        raise InvalidArgumentError(
            f"{_RECORD} in the folder cannot be read ({error}).", folder=str(folder)
        ) from None
    if before != record:
        raise InvalidArgumentError(
            f"{folder} has {before.get('study')} at {before.get('scale')} scale; take another "
            "folder.",
            **record,
        )
