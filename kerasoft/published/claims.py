"""What a study says, in a form that measurements can answer."""

import re
import statistics
from dataclasses import dataclass
from typing import ClassVar

from kerasoft.evaluation.statistics import Interval, mean_interval, paired_difference
from kerasoft.published.quantities import Quantity
from kerasoft.published.results import Cell, Results, interval_text

ONE_SEED = "one seed, which has no interval"
ALIKE = "the same difference in every seed, without variation to judge it by"


@dataclass(frozen=True)
class Verdict:
    """Whether a claim holds.

    Attributes:
        holds: None where that cannot be judged.
        measured: What was measured, as text.
        reason: Why the verdict is this one.
    """

    holds: bool | None
    measured: str
    reason: str

    @property
    def text(self) -> str:
        """In words."""
        words = {True: "holds", False: "does not hold", None: "cannot be judged"}
        return words[self.holds]


@dataclass(frozen=True)
class Claim:
    """A sentence and the rule by which intervals over seeds decide about it.

    Attributes:
        text: The sentence.
        part: The part of the study whose runs decide.
        ours: Whether it is an explanation given here, and not what was published.
    """

    text: str
    part: str
    ours: bool = False

    def reported(self) -> str:
        """The published number, as text."""
        raise NotImplementedError

    def judge(self, results: Results) -> Verdict:
        """The verdict that the results allow."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class OfVariant(Claim):
    """Base class of claims about one number of one variant; a subclass gives `decide`."""

    variant: str
    quantity: Quantity
    value: float

    def reported(self) -> str:
        return self.quantity.text(self.value)

    def decide(self, interval: Interval) -> tuple[bool | None, str]:
        """Whether an interval of several seeds at the published settings agrees, and why."""
        raise NotImplementedError

    def judge(self, results: Results) -> Verdict:
        cell = (self.part, self.variant)
        interval = results.interval(cell, self.quantity)
        if interval is None:
            return Verdict(None, "-", results.absence(cell))
        undecided = _undecided(results, interval)
        holds, reason = (None, undecided) if undecided else self.decide(interval)
        return Verdict(holds, interval_text(interval, self.quantity.text), reason)


@dataclass(frozen=True, kw_only=True)
class Level(OfVariant):
    """A variant has about the reported value: to within `tolerance`, of its unit.

    Holds where the whole interval lies that near, does not hold where none of it does.
    """

    tolerance: float = 0.02

    def decide(self, interval: Interval) -> tuple[bool | None, str]:
        low, high = self.value - self.tolerance, self.value + self.tolerance
        near = f"within {self.quantity.size(self.tolerance)}"
        if low <= interval.lower and interval.upper <= high:
            return True, f"all of the interval is {near}"
        if interval.upper < low or interval.lower > high:
            side = "higher" if interval.lower > high else "lower"
            return False, f"{side}: none of the interval is {near}"
        return None, f"only a part of the interval is {near}; take more seeds"


@dataclass(frozen=True, kw_only=True)
class Below(OfVariant):
    """A variant stays under a value: holds where the whole interval does."""

    def reported(self) -> str:
        return f"under {super().reported()}"

    def decide(self, interval: Interval) -> tuple[bool | None, str]:
        if interval.upper < self.value:
            return True, "all of the interval is under it"
        if interval.lower >= self.value:
            return False, "none of the interval is under it"
        return None, "only a part of the interval is under it; take more seeds"


@dataclass(frozen=True, kw_only=True)
class Contrast(Claim):
    """A variant differs from another in the reported direction, seed by seed.

    Holds where the interval of the difference lies on the reported side of 0. Does not hold where
    it lies on the other side, or holds 0 and not the reported difference.

    Attributes:
        values: The reported values of both.
        relative: Whether to compare ratios, as for times of another machine.
    """

    variant: str
    than: str
    quantity: Quantity
    values: tuple[float, float]
    relative: bool = False

    def reported(self) -> str:
        return self._text(self._difference(*self.values)) + self._pair(*self.values)

    def judge(self, results: Results) -> Verdict:
        cells = [(self.part, name) for name in (self.variant, self.than)]
        own, others = (results.of(cell, self.quantity) for cell in cells)
        both = [seed for seed in own if seed in others]
        if not both:
            return Verdict(None, "-", results.absence(_first_absent(results, cells)))
        interval = self._interval([own[seed] for seed in both], [others[seed] for seed in both])
        means = [statistics.fmean(numbers[seed] for seed in both) for numbers in (own, others)]
        measured = interval_text(interval, self._text) + self._pair(*means)
        same = (interval.mean > 0) == (self._difference(*self.values) > 0)
        side = "reported" if same else "other"
        if reason := _undecided(results, interval):
            where = f"points the {side} way" if interval.mean else "shows no difference"
            return Verdict(None, measured, f"{reason}; it {where}")
        if interval.lower > 0 or interval.upper < 0:
            reason = f"all of the interval is on the {side} side of no difference"
            return Verdict(same, measured, reason)
        if interval.lower <= self._difference(*self.values) <= interval.upper:
            reason = "the interval holds both 0 and what was reported; take more seeds"
            return Verdict(None, measured, reason)
        return Verdict(False, measured, "the interval holds 0 and not what was reported")

    def _interval(self, own: list[float], others: list[float]) -> Interval:
        if self.relative:
            return mean_interval(list(map(self._difference, own, others)))
        return paired_difference(own, others).interval

    def _difference(self, one: float, other: float) -> float:
        return one / other - 1 if self.relative else one - other

    def _text(self, difference: float) -> str:
        if self.relative:
            return f"{100 * difference:+.1f}%".replace("-", "\N{MINUS SIGN}")
        return self.quantity.signed(difference)

    def _pair(self, one: float, other: float) -> str:
        return f": {self.quantity.text(one)} and {self.quantity.text(other)}"


@dataclass(frozen=True, kw_only=True)
class Breaks(Claim):
    """Training of a variant ends in a loss that is no number."""

    variant: str
    NAN: ClassVar[str] = r"loss became (nan|-?inf)|\bNaN\b"  # as studies and backends write it

    def reported(self) -> str:
        return "NaN"

    def judge(self, results: Results) -> Verdict:
        cell = (self.part, self.variant)
        complete, failures = results.scores.get(cell, {}), results.failures.get(cell, ())
        broken = [one for one in failures if re.search(self.NAN, one)]
        count = len(complete) + len(failures)
        if not complete and not broken:
            return Verdict(None, "-", results.absence(cell))
        measured = f"{len(complete)} of {count} trained to the end with finite losses"
        if results.apart:
            return Verdict(None, measured, results.apart)
        if broken:
            return Verdict(True, measured, broken[0])
        return Verdict(False, measured, "no loss became NaN")


@dataclass(frozen=True, kw_only=True)
class Same(Claim):
    """Two quantities are one and the same number in every run of a part, at any scale."""

    quantity: Quantity
    other: Quantity
    TOLERANCE: ClassVar[float] = 1e-9

    def reported(self) -> str:
        return "-"

    def judge(self, results: Results) -> Verdict:
        runs = [
            scores
            for (part, _), by_seed in results.scores.items()
            if part == self.part
            for scores in by_seed.values()
        ]
        if not runs:
            return Verdict(None, "-", "no run is complete")
        pairs = [(scores[self.quantity.name], scores[self.other.name]) for scores in runs]
        equal = sum(abs(one - other) <= self.TOLERANCE for one, other in pairs)
        measured = f"equal in {equal} of {len(runs)} runs"
        return Verdict(equal == len(runs), measured, "an identity: each run decides by itself")


def _undecided(results: Results, interval: Interval) -> str | None:
    """Why no interval can decide, if so."""
    untold = ONE_SEED if interval.n == 1 else ALIKE
    return results.apart or (untold if interval.lower is None else None)


def _first_absent(results: Results, cells: list[Cell]) -> Cell:
    return next((cell for cell in cells if not results.scores.get(cell)), cells[0])
