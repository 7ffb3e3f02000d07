"""What the runs of a study measured, for its claims and tables to look up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kerasoft.evaluation.statistics import Interval, mean_interval
from kerasoft.published.quantities import Quantity

Cell = tuple[str, str]  # the name of a part, the label of a variant


@dataclass(frozen=True)
class Results:
    """Numbers by part and variant, then by seed, then by the name of a quantity.

    Attributes:
        apart: Why these are not the published settings, so that they decide nothing about what was
            published; empty where they are.
        scores: Of complete runs; of times, those that can be compared.
        failures: Why runs failed, one line each.
    """

    apart: str
    scores: Mapping[Cell, Mapping[int, Mapping[str, float]]]
    failures: Mapping[Cell, Sequence[str]]

    def of(self, cell: Cell, quantity: Quantity) -> dict[int, float]:
        """A number a seed, of the seeds that have one."""
        by_seed = self.scores.get(cell, {}).items()
        return {seed: own[quantity.name] for seed, own in by_seed if quantity.name in own}

    def interval(self, cell: Cell, quantity: Quantity) -> Interval | None:
        """The mean over seeds, with its 95% interval; None where there is no number."""
        values = list(self.of(cell, quantity).values())
        return mean_interval(values) if values else None

    def absence(self, cell: Cell) -> str:
        """Why there is no number."""
        if self.scores.get(cell):
            return "no seed has numbers that can be compared"
        return next(iter(self.failures.get(cell, ())), self.apart or "no run is complete")


def interval_text(interval: Interval, text: Callable[[float], str]) -> str:
    """The mean, its interval and how many seeds it is of."""
    if interval.lower is None:
        return f"{text(interval.mean)} (n = {interval.n})"
    ends = f"{text(interval.lower)} to {text(interval.upper)}"
    return f"{text(interval.mean)} ({ends}, n = {interval.n})"
