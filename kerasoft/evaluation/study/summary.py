"""A study in words: what was compared, what came out, what to beware of."""

from kerasoft.evaluation.document import literal
from kerasoft.evaluation.statistics import Interval
from kerasoft.evaluation.study.facts import FINGERPRINT, values
from kerasoft.evaluation.study.findings import Findings
from kerasoft.evaluation.study.measures import ACCURACY, CALIBRATION, LIKELIHOOD, Measure
from kerasoft.evaluation.study.study import Study
from kerasoft.evaluation.study.wording import (
    confidence_text,
    counted,
    listed,
    p_text,
    seconds_text,
    seeds_text,
)
from kerasoft.evaluation.summary import percent

_MUST_AGREE = {  # fact: what it is of
    FINGERPRINT: "data",
    "backend": "backend",
    "device": "device",
    "commit": "commit",
}


def what_was_compared(study: Study) -> str:
    """A paragraph: variants, network, recipe, data, seeds, machine."""
    names = listed([f"**{literal(name)}**" for name in study.variants])
    if len(study.variants) > 1:
        own = any(study.recipe.keys() & one.keys() for one in study.settings.values())
        alike = "alike but for [settings of their own](#how-it-was-run)" if own else "alike"
        names = f"{len(study.variants)} variants of the softmax, trained {alike}: {names}"
    parts = [
        f"{names}.",
        f"Network, recipe and data: {study.subject}; [all settings](#how-it-was-run).",
        _seeds(study),
        *_machine(study),
    ]
    return " ".join(parts)


def warnings(study: Study, baseline: str) -> list[str]:
    """What a reader must know before believing any of it, a paragraph each."""
    found = []
    if baseline != study.baseline:
        found.append(
            f"The baseline that was asked for, {literal(study.baseline)}, has no complete run: "
            f"all differences are from {literal(baseline)}."
        )
    for fact, what in _MUST_AGREE.items():
        several = [literal(_short(fact, str(one))) for one in values(study.runs, fact)]
        if len(several) > 1:
            found.append(f"**The runs are not alike**: they differ in {what} ({listed(several)}).")
    return found + absences(study)


def absences(study: Study) -> list[str]:
    """A sentence on the runs that are not there, if any."""
    failed = sum(one.failure is not None for one in study.absent)
    missing = len(study.absent) - failed
    parts = [f"{failed} failed"] * (failed > 0) + [f"{missing} did not end yet"] * (missing > 0)
    if not parts:
        return []
    runs = counted(len(study.runs) + len(study.absent), "run")
    return [f"**Of {runs}, {listed(parts)}**: [which](#runs-that-are-not-there)."]


def answer(findings: Findings) -> str:
    """A paragraph that follows from the numbers: who differs from the baseline in accuracy."""
    interval = findings.interval(findings.baseline, ACCURACY)
    text = f"**{literal(findings.baseline)}** has a test accuracy of {ACCURACY.interval(interval)}"
    if interval.lower is not None:
        text += f" (mean and {confidence_text(findings.confidence)} interval)"
    if not findings.others:
        return f"{text}. There is no other variant to compare it with."
    return " ".join([f"{text}.", *_differences(findings), *_beware(findings)])


def further_answers(findings: Findings) -> list[str]:
    """A sentence or two each on likelihood, calibration, time and size."""
    texts = [_in_short(findings, measure) for measure in (LIKELIHOOD, CALIBRATION)]
    return [*texts, _time(findings), *_size(findings.study)]


def _seeds(study: Study) -> str:
    turns = ", variants by turns" if len(study.variants) > 1 else ""
    text = f"Trained with {seeds_text(study.seeds)}{turns}"
    numbers = {name: len(study.runs_of(name)) for name in study.variants}
    fewer = [
        f"{literal(name)} has {n} of the runs"
        for name, n in numbers.items()
        if n < len(study.seeds)
    ]
    if fewer:
        text += f" ({listed(fewer)})"
    examples = {run.report.n_examples for run in study.runs}
    split = f" on the {examples.pop():,} images of the test split" if len(examples) == 1 else ""
    return f"{text}; each run was scored once{split}." if study.runs else f"{text}."


def _machine(study: Study) -> list[str]:
    backends, devices, commits = (
        list(map(str, values(study.runs, name))) for name in ("backend", "device", "commit")
    )
    versions = [
        f"{name} {one}" for name in ("keras", *backends) for one in values(study.runs, name)
    ]
    parts = [*devices, *versions, *(f"commit {_short('commit', commit)}" for commit in commits)]
    return [f"Where: {literal(', '.join(parts))}."] if parts else []


def _short(fact: str, text: str) -> str:
    """A commit by its first nine digits, and whether files differed from it."""
    return text[:9] + "-dirty" * text.endswith("-dirty") if fact == "commit" else text


def _differences(findings: Findings) -> list[str]:
    """In accuracy: who equals the baseline, who differs, who does not, who cannot be told."""
    same, clear, unclear, untold, constant, apart = [], [], [], [], [], []
    for name in findings.others:
        contrast = findings.contrast(name, ACCURACY)
        if contrast is None:
            apart.append(literal(name))
            continue
        interval, p = contrast.difference.interval, contrast.adjusted_p_value
        text = f"{ACCURACY.signed(interval.mean)} points"
        if p is None:
            (untold if interval.n == 1 else constant).append(f"{literal(name)} {text}")
            continue
        text += f" ({ACCURACY.ends(interval)}; {p_text(p)})"
        if interval.lower == interval.upper == 0:
            same.append(literal(name))
        elif findings.differs(name, ACCURACY):
            clear.append(f"**{literal(name)}** {text}")
        else:
            unclear.append(f"{literal(name)} {text}")
    starts = {
        "The same accuracy seed by seed": same,
        "These differ from it": clear,
        "Not told apart from it, after correction": unclear,
        "One seed alone, which may be chance, gives": untold,
        "The same difference in every seed, without variation to judge it by": constant,
        "Without a seed in common with it": apart,
    }
    return [f"{start}: {'; '.join(texts)}." for start, texts in starts.items() if texts]


def _beware(findings: Findings) -> list[str]:
    """How to read the intervals and p-values, where there are any."""
    contrasts = {name: findings.contrast(name, ACCURACY) for name in findings.others}
    tested = [name for name, one in contrasts.items() if one and one.adjusted_p_value is not None]
    if not tested:
        return []
    texts = [
        f"In brackets: the {confidence_text(findings.confidence)} interval of the difference over "
        f"seeds, each by itself, and p after Holm's correction for "
        f"{counted(len(tested), 'comparison')}, which decides."
    ]
    if not all(findings.differs(name, ACCURACY) for name in tested):
        texts.append("What is not told apart may still differ, by what the interval allows.")
    return texts


def _in_short(findings: Findings, measure: Measure) -> str:
    means = []
    for name in findings.study.trained:
        interval = findings.interval(name, measure)
        text = "infinite" if interval is None else measure.text(interval.mean)
        if name in findings.others and findings.differs(name, measure):
            text += " (differs)"
        means.append(f"{literal(name)} {text}")
    text = f"**{measure.label.capitalize()}**, lower is better: {'; '.join(means)}."
    infinite = [name for name in findings.study.trained if findings.interval(name, measure) is None]
    return text + _infinite(findings.study, infinite)


def _infinite(study: Study, names: list[str]) -> str:
    """How often it is that a true class has probability 0."""
    if not names:
        return ""
    reports = [study.pooled[name] for name in names]
    shares = [percent(one.infinite_log_likelihoods / one.n_examples) for one in reports]
    parts = [f"{share} with {literal(name)}" for name, share in zip(names, shares, strict=True)]
    return f" Infinite where a true class has probability 0: of {listed(parts)} of all images."


def _time(findings: Findings) -> str:
    baseline = findings.baseline
    text = (
        f"**Time**: {literal(baseline)} takes {seconds_text(findings.seconds(baseline))} an epoch"
    )
    ratios = {name: findings.relative_seconds(name) for name in findings.others}
    relative = [
        f"{literal(name)} {ratio.mean:.2f} times that" + _ratio_ends(ratio)
        for name, ratio in ratios.items()
        if ratio
    ]
    return f"{'; '.join([text, *relative])}. Compilation and validation are not in it."


def _ratio_ends(ratio: Interval) -> str:
    return "" if ratio.lower is None else f" ({ratio.lower:.2f} to {ratio.upper:.2f})"


def _size(study: Study) -> list[str]:
    sizes = {name: study.runs_of(name)[0].parameters for name in study.trained}
    if None in sizes.values():
        return []
    if len(set(sizes.values())) == 1:
        each = " each" * (len(sizes) > 1)
        return [f"**Size**: {next(iter(sizes.values())):,} trained parameters{each}."]
    listing = "; ".join(f"{literal(name)} {size:,}" for name, size in sizes.items())
    return [f"**Size**, in trained parameters: {listing}."]
