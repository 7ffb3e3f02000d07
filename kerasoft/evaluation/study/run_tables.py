"""The runs one by one, those that are not there, and how they were run."""

from collections.abc import Mapping

from kerasoft.evaluation.document import Table
from kerasoft.evaluation.study import cells
from kerasoft.evaluation.study.findings import Findings
from kerasoft.evaluation.study.study import Study


def runs_table(findings: Findings) -> Table:
    """A row a run."""
    rows = [
        [
            cells.name(run.variant),
            cells.number(run.seed),
            *(cells.score(measure, measure.of(run.report)) for measure in findings.measures),
            *map(cells.seconds, (run.epoch_seconds, run.compilation_seconds)),
        ]
        for name in findings.study.variants
        for run in findings.study.runs_of(name)
    ]
    titles = [measure.title for measure in findings.measures]
    header = ["variant", "seed", *titles, "seconds an epoch", "compilation, s"]
    return Table(header, rows, range(1, len(header)))


def absent_table(study: Study) -> Table:
    """A row for each run that is not there, with the reason."""
    rows = [
        [
            cells.name(one.variant),
            cells.number(one.seed),
            cells.name(one.failure or "not there yet"),
        ]
        for one in study.absent
    ]
    return Table(["variant", "seed", "why"], rows, [1])


def settings_table(study: Study) -> Table:
    """What each variant has of its own."""
    names = list(dict.fromkeys(key for own in study.settings.values() for key in own))
    rows = [
        [
            cells.name(name),
            *(cells.setting(study.settings.get(name, {}).get(key, "")) for key in names),
        ]
        for name in study.variants
    ]
    return Table(["variant", *names], rows)


def facts_table(facts: Mapping[str, object]) -> Table:
    """Two columns."""
    return Table(
        ["", "value"], [[cells.setting(name), cells.setting(one)] for name, one in facts.items()]
    )
