"""study.json: the settings that all runs of a study share, and what was ever asked for."""

import dataclasses
from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path

from filelock import FileLock

from kerasoft.errors import InvalidArgumentError
from kerasoft.files import UNREADABLE, read_json, write_json
from kerasoft.training.recipe import CHANGES_NO_TRAINING, Recipe
from kerasoft.training.variant import Variant

_NAME = "study.json"


def begin(folder: Path, settings: dict, variants: Sequence[Variant], seeds: Sequence[int]) -> None:
    """Compares the settings with those that are there, and writes down what is asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "study.lock"):
        before, asked = check_settings(folder, settings)
        asked = _asked(asked, variants, seeds)
        check_once("variants", [one["variant"]["label"] for one in asked])
        write_json(folder / _NAME, before | settings | {"variants": asked})


def check_settings(folder: Path, settings: dict) -> tuple[dict, dict[Variant, list[int]]]:
    """What is there, if anything; no setting may be another."""
    if not (folder / _NAME).exists():
        if (folder / "report.md").exists():
            raise InvalidArgumentError(
                "This folder has the report of something else; take another folder.",
                folder=str(folder),
            )
        return {}, {}
    before, asked = read_settings(folder)
    for name, value in settings.items():
        was, now = _deciding(before.get(name, value)), _deciding(value)
        if was != now:
            _refuse(folder, name, was, now)
    return before, asked


def read_settings(folder: Path) -> tuple[dict, dict[Variant, list[int]]]:
    """The settings that all runs share, and the seeds that each variant was asked for with."""
    try:
        settings = dict(read_json(folder / _NAME))
        asked = {Variant(**one["variant"]): list(one["seeds"]) for one in settings.pop("variants")}
        # A recipe of an earlier version has not yet what came to recipes since.
        settings["recipe"] = dataclasses.asdict(Recipe(**settings["recipe"]))
        if not asked or not all(map(checked_seeds, asked.values())):
            raise ValueError("no variant, or no seed")
        return settings, asked
    except UNREADABLE as error:
        raise InvalidArgumentError(
            f"Not a study's folder: {_NAME} in it cannot be read ({type(error).__name__}: "
            f"{error}).",
            folder=str(folder),
        ) from None


def _deciding(setting: object) -> object:
    """The setting; of a recipe, what makes it another training."""
    if not isinstance(setting, dict):
        return setting
    return {name: value for name, value in setting.items() if name not in CHANGES_NO_TRAINING}


def _refuse(folder: Path, name: str, before: object, now: object) -> None:
    if isinstance(before, dict) and isinstance(now, dict):  # of a recipe, what differs
        names = dict.fromkeys([*now, *before])
        differing = [one for one in names if before.get(one) != now.get(one)]
        before, now = ({one: of.get(one) for one in differing} for of in (before, now))
    raise InvalidArgumentError(
        f"The study in {folder} has another {name} ({before}); take another folder.", **{name: now}
    )


def _asked(
    before: Mapping[Variant, list[int]], variants: Sequence[Variant], seeds: Sequence[int]
) -> list[dict[str, object]]:
    """Which seeds of which variant were ever asked for; the first order and last label count."""
    asked = dict(before)
    labelled = dict(zip(variants, variants, strict=True))
    for variant in variants:
        asked[variant] = sorted({*asked.get(variant, ()), *seeds})
    return [
        {"variant": dataclasses.asdict(labelled.get(variant, variant)), "seeds": own}
        for variant, own in asked.items()
    ]


def checked_seeds(seeds: Sequence[int]) -> list[int]:
    """The seeds as a list of plain integers.

    Raises:
        InvalidArgumentError: If there is none, one is there twice, or is no non-negative integer.
    """
    seeds = list(seeds)
    for seed in seeds:
        if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
            raise InvalidArgumentError("`seeds` must be non-negative integers.", seeds=seeds)
    seeds = [int(seed) for seed in seeds]
    check_once("seeds", seeds)
    return seeds


def check_once(name: str, values: Sequence[object]) -> None:
    """Raises InvalidArgumentError unless there is at least one, and each once."""
    if not values or len(set(values)) < len(values):
        raise InvalidArgumentError(
            f"`{name}` must be at least one, each once.", **{name: list(values)}
        )
