"""A study as plain data: what its runs scored, took and used, and which are not there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.pooled import pooled
from kerasoft.evaluation.report import Report


@dataclass(frozen=True, eq=False)
class StudyRun:
    """One complete run.

    Attributes:
        variant: What was compared, as tables and figures call it.
        seed: Of the run. Runs of the same seed share the data's order and the backbone's
            first weights.
        report: The scores on the test split.
        history: Columns, one entry an epoch; see `kerasoft.evaluation.plot_history`.
        step_history: Columns "step", "loss", ..., one entry every so many steps; empty where the
            recipe has no `logging_steps`.
        epoch_seconds: Of training, at steady pace.
        compilation_seconds: What the first epoch took beyond that.
        training_seconds: All epochs and the compilation.
        parameters: Trained numbers of the model; None where that is not known.
        complexity: What is done -> its cost as O(...) text.
        data: Facts of the data by name, such as the fingerprint.
        environment: Where it ran: backend, device, commit, versions, ..., by name.
    """

    variant: str
    seed: int
    report: Report
    history: Mapping[str, Sequence[float]]
    epoch_seconds: float
    compilation_seconds: float
    training_seconds: float
    step_history: Mapping[str, Sequence[float]] = field(default_factory=dict)
    parameters: int | None = None
    complexity: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Absent:
    """A run that was asked for and is not there.

    Attributes:
        variant: As of a `StudyRun`.
        seed: Likewise.
        failure: Why there will be none, in one line; None where there may be one yet.
    """

    variant: str
    seed: int
    failure: str | None = None


@dataclass(frozen=True, eq=False)
class Study:
    """Variants trained alike, with several seeds each.

    Attributes:
        title: One line.
        subject: What was trained, as part of a sentence: "`cnn`, by the recipe `seed`, ...". It
            may have the inline markup of a document.
        variants: Names of all, in the order in which they are shown; each once.
        baseline: The one that the others are compared with.
        runs: All complete ones; at most one a variant and seed.
        absent: The others that were asked for.
        recipe: How all were trained, by name.
        settings: What a variant has of its own, by variant and name.

    Raises:
        InvalidArgumentError: If a name is not among the variants, or a run is there twice.
    """

    title: str
    subject: str
    variants: tuple[str, ...]
    baseline: str
    runs: tuple[StudyRun, ...]
    absent: tuple[Absent, ...] = ()
    recipe: Mapping[str, object] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def __post_init__(self):
        places = [(one.variant, one.seed) for one in (*self.runs, *self.absent)]
        unknown = {name for name, _ in places} | {self.baseline, *self.settings}
        unknown -= set(self.variants)
        if unknown or len(set(self.variants)) < len(self.variants):
            raise InvalidArgumentError(
                "`variants` must hold every variant once.",
                variants=self.variants,
                unknown=sorted(unknown),
            )
        if len(set(places)) < len(places):
            raise InvalidArgumentError("A variant must have one run a seed.", runs=sorted(places))

    @property
    def trained(self) -> tuple[str, ...]:
        """The variants that have a run."""
        return tuple(name for name in self.variants if self.runs_of(name))

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of all runs, there or not, rising."""
        return tuple(sorted({one.seed for one in (*self.runs, *self.absent)}))

    @cached_property
    def pooled(self) -> dict[str, Report]:
        """Each trained variant's report on the predictions of all its seeds together."""
        return {name: pooled([run.report for run in self.runs_of(name)]) for name in self.trained}

    def runs_of(self, variant: str) -> tuple[StudyRun, ...]:
        """The variant's complete runs by seed."""
        runs = (one for one in self.runs if one.variant == variant)
        return tuple(sorted(runs, key=lambda one: one.seed))
