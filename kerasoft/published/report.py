"""What came of a published study, as a document: reported beside measured, and why they differ."""

import dataclasses
import shlex
from collections.abc import Iterator, Mapping, Sequence

from kerasoft.evaluation.document import (
    Block,
    Cell,
    Document,
    Heading,
    Items,
    Paragraph,
    Table,
    literal,
)
from kerasoft.evaluation.statistics import Interval
from kerasoft.evaluation.study.wording import listed
from kerasoft.published.claims import Claim, Verdict
from kerasoft.published.quantities import Quantity
from kerasoft.published.reproduce import Reproduction
from kerasoft.published.results import Results
from kerasoft.published.study import Part
from kerasoft.training import Variant
from kerasoft.training.recipe import setting_text

_RECIPE = (  # what the table of settings shows, in this order
    *("backbone", "backbone_options", "epochs", "batch_size", "optimizer", "learning_rate"),
    *("momentum", "schedule", "weight_decay", "augmentation", "mixing", "precision"),
)


def study_report(reproduction: Reproduction) -> Document:
    """Claims and verdicts first, then every part's numbers, explanations and settings.

    Args:
        reproduction: What there is; a study that is not complete has a report too.
    """
    study, results = reproduction.study, reproduction.results
    verdicts = [(claim, claim.judge(results)) for claim in study.claims]
    blocks = [
        Paragraph(literal(study.published)),
        Paragraph(f"{literal(study.question)} {_count(verdicts)}"),
        *_scale(reproduction),
        Heading("Claims"),
        _claims_table(verdicts),
        *_in_words(verdicts),
    ]
    for part in study.parts:
        blocks += _part(reproduction, part, results)
    blocks += study.check() if study.check else []
    blocks += [Heading("Why the numbers differ"), Items(study.errors)]
    blocks += [*_settings(reproduction), *_how(reproduction)]
    return Document(study.title, blocks)


def _count(verdicts: list[tuple[Claim, Verdict]]) -> str:
    published = [verdict.holds for claim, verdict in verdicts if not claim.ours]
    return (
        f"Published claims that hold: **{published.count(True)}**; that do not: "
        f"**{published.count(False)}**; that cannot be judged from these runs: "
        f"**{published.count(None)}**."
    )


def _scale(reproduction: Reproduction) -> Iterator[Block]:
    if reproduction.scale == "quick":
        yield Paragraph(
            "**Quick scale.** Fewer images, fewer epochs and in part smaller networks than "
            "published, see [the settings](#settings): this shows that everything runs, and which "
            "way things point. To confirm or refute a published number takes `--scale full`, and a "
            "GPU."
        )
        apart = reproduction.other_data()
    else:
        apart = reproduction.apart()
    if apart:
        yield Paragraph(f"**Not the published settings**: {literal(apart)}.")


def _claims_table(verdicts: list[tuple[Claim, Verdict]]) -> Table:
    rows = [
        [
            literal(claim.text) + (" (said here)" if claim.ours else ""),
            literal(claim.reported()),
            literal(verdict.measured),
            f"**{verdict.text}**: {literal(verdict.reason)}",
        ]
        for claim, verdict in verdicts
    ]
    caption = (
        "Measured: the mean over n seeds and its 95% interval. A claim is judged by the interval; "
        "one that was made here in explanation is marked."
    )
    return Table(("claim", "reported", "measured here", "verdict"), rows, (), caption)


def _in_words(verdicts: list[tuple[Claim, Verdict]]) -> Iterator[Block]:
    """What does not hold, with both numbers."""
    wrong = [(claim, one) for claim, one in verdicts if one.holds is False and not claim.ours]
    if wrong:
        yield Paragraph("In plain words:")
        yield Items(
            [
                f"\N{LEFT DOUBLE QUOTATION MARK}{literal(claim.text)}"
                f"\N{RIGHT DOUBLE QUOTATION MARK} does not hold. Reported: "
                f"{literal(claim.reported())}. Measured here: {literal(verdict.measured)}."
                for claim, verdict in wrong
            ]
        )


def _part(reproduction: Reproduction, part: Part, results: Results) -> Iterator[Block]:
    yield Heading(part.title)
    if reproduction.scale == "quick" and part.quick is None:
        yield Paragraph("Left out at quick scale.")
    elif part.name not in reproduction.outcomes:
        yield Paragraph("Not run yet.")
    else:
        yield _part_table(part, results)
        page = f"{part.name}/report"
        yield Paragraph(f"All that these runs say: [HTML]({page}.html), [Markdown]({page}.md).")
    if part.note:
        yield Paragraph(part.note)
    yield from _failures(reproduction, part)


def _part_table(part: Part, results: Results) -> Table:
    rows = []
    for variant in part.variants:
        cell = (part.name, variant.label)
        n = len(results.scores.get(cell, {}))
        numbers = [_cell(results.interval(cell, one), one, n) for one in part.quantities]
        rows.append([literal(variant.label), _reported(part, variant), Cell(str(n), n), *numbers])
    header = ("variant", "reported", "n", *(one.name for one in part.quantities))
    caption = (
        "After the column n, what was measured here: the mean over n seeds ± half the width of its "
        "95% interval, and n again where only some runs count."
    )
    return Table(header, rows, range(2, len(header)), caption)


def _cell(interval: Interval | None, quantity: Quantity, n: int) -> Cell:
    if interval is None:
        return Cell("-")
    text = quantity.text(interval.mean)
    if interval.lower is not None:
        text += f" ± {quantity.width(interval.upper - interval.mean)}"
    if interval.n != n:
        text += f" (n = {interval.n})"
    return Cell(literal(text), interval.mean)


def _reported(part: Part, variant: Variant) -> str:
    found = [one for one in part.reported if one.variant == variant.label]
    return "; ".join(f"{one.quantity.name} {one.quantity.text(one.value)}" for one in found) or "-"


def _failures(reproduction: Reproduction, part: Part) -> Iterator[Block]:
    failed = [one for one in reproduction.outcomes.get(part.name, ()) if one.failure is not None]
    if failed:
        yield Items([literal(str(one)) for one in failed])


def _settings(reproduction: Reproduction) -> Iterator[Block]:
    yield Heading("Settings")
    for part in reproduction.study.parts:
        yield _settings_table(part, *_used(reproduction, part))
    if reproduction.study.unknown:
        yield Items(reproduction.study.unknown)


def _used(reproduction: Reproduction, part: Part) -> tuple[dict, str]:
    """The recipe of the runs, empty where there are none, and how many images they had."""
    recipe = reproduction.settings.get(part.name, {}).get("recipe", {})
    images = [run.config["data"]["images"] for run in reproduction.runs(part)[:1]]
    return recipe, " / ".join(f"{count:,}" for count in images[0]) if images else "-"


def _settings_table(part: Part, used: dict, images: str) -> Table:
    recipe = dataclasses.asdict(part.recipe)
    others = [name for name in used if used[name] != recipe.get(name) and name not in _RECIPE]
    rows = [
        [
            name.replace("_", " "),
            _text(recipe.get(name, "-")),
            _text(used.get(name, "-")),
            _source(part, name),
        ]
        for name in (*_RECIPE, *others)
    ]
    whole = "35,000 / 15,000 / 10,000" if part.validation else "50,000 / 0 / 10,000"
    rows.append(["images to train, choose, test", whole, images, _source(part, "images")])
    header = ("setting", "full scale", "in these runs", "where from")
    return Table(header, rows, (), f"**{literal(part.title)}**")


def _source(part: Part, name: str) -> str:
    return "reported" if name in part.known else "not reported; a plain choice"


def _text(value: object) -> str:
    if isinstance(value, dict):
        return literal(", ".join(f"{name} {one}" for name, one in value.items())) or "-"
    return literal(str(value))


def _how(reproduction: Reproduction) -> Iterator[Block]:
    runs = reproduction.all_runs()
    if not runs:
        return
    data = {run.config["data"]["description"]: run.config["data"]["fingerprint"] for run in runs}
    yield Heading("How it was run")
    yield Items(
        [
            f"`{_command(reproduction)}`",
            *_places([run.environment for run in runs]),
            *_timed(reproduction),
            *(f"{literal(name)}; fingerprint {mark[:12]}" for name, mark in data.items()),
            "Variants took turns, seed by seed. Each run has its own folder beside this page, with "
            "its settings, metrics an epoch, report and model.",
        ]
    )


def _places(environments: Sequence[Mapping]) -> list[str]:
    """Where runs were made, each machine with its libraries once, and all commits there."""
    commits: dict[str, list[str]] = {}
    for one in environments:
        versions = ", ".join(f"{name} {v}" for name, v in one["versions"].items() if v)
        place = f"{one['backend']} on {literal(str(one['device']))}; {versions}"
        commits.setdefault(place, []).append(f"commit {literal(str(one['commit']))}")
    return [f"{place}; {listed(list(dict.fromkeys(found)))}" for place, found in commits.items()]


def _timed(reproduction: Reproduction) -> list[str]:
    """Whose seconds count, where that has to be said."""
    lines = []
    for part in reproduction.study.parts:
        if len({run.environment["device"] for run in reproduction.runs(part)}) > 1:
            title, device = literal(part.title), literal(reproduction.timed_device(part))
            lines.append(f"Seconds of {title} are those of {device} alone.")
    return lines


def _command(reproduction: Reproduction) -> str:
    """What trains the same."""
    used = next(iter(reproduction.settings.values()))
    quick = reproduction.scale == "quick"  # then the number of images is the study's
    seeds = _seeds_option(sorted({run.config["seed"] for run in reproduction.all_runs()}))
    options = {
        "scale": reproduction.scale,
        "seeds": seeds,
        "dataset": used["dataset"].partition(":")[0] if quick else used["dataset"],
        "backend": used["backend"],
    }
    named = [f"--{name} {value}" for name, value in options.items()]
    changes = (f"{name}={value}" for name, value in _changes(reproduction).items())
    named += [f"--set {shlex.quote(change)}" for change in changes]
    return " ".join(["python apps/reproduce.py", reproduction.study.name, *named])


def _changes(reproduction: Reproduction) -> dict[str, str]:
    """What `--set` changed: it does so for every part, and shows where that had another value."""
    changes: dict[str, str] = {}
    for part in reproduction.study.parts:
        used = dict(reproduction.settings.get(part.name, {}).get("recipe", {}))
        published = dataclasses.asdict(part.recipe_at(reproduction.scale)) if used else {}
        for prefix, values, before in (
            ("backbone.", used.pop("backbone_options", {}), published.get("backbone_options", {})),
            ("", used, published),
        ):
            changes |= {
                prefix + name: setting_text(value)
                for name, value in values.items()
                if value != before.get(name)
            }
    return changes


def _seeds_option(seeds: list[int]) -> str:
    """How many, where they count from 0; else which."""
    if seeds == list(range(len(seeds))):
        return str(len(seeds))
    return ",".join(map(str, seeds)) + ("," if len(seeds) == 1 else "")
