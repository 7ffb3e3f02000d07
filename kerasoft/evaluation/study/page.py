"""A study as a document."""

from collections.abc import Iterator

from kerasoft.evaluation.document import Block, Document, Heading, Items, Paragraph, literal
from kerasoft.evaluation.study import figures, summary
from kerasoft.evaluation.study.confused_table import confused_table
from kerasoft.evaluation.study.cost_table import cost_table
from kerasoft.evaluation.study.facts import shared_facts, values
from kerasoft.evaluation.study.findings import Findings, find
from kerasoft.evaluation.study.run_tables import (
    absent_table,
    facts_table,
    runs_table,
    settings_table,
)
from kerasoft.evaluation.study.score_tables import (
    differences_table,
    p_values_table,
    scores_table,
)
from kerasoft.evaluation.study.study import Study
from kerasoft.evaluation.summary import metric_rows


def study_document(study: Study, confidence: float = 0.95) -> Document:
    """Everything that the runs say: words first, then scores, cost, figures and settings.

    Args:
        study: The runs, complete or not.
        confidence: Of the intervals, in (0, 1).

    Raises:
        InvalidArgumentError: If `confidence` is not between 0 and 1, or the runs are of other
            classes.
    """
    if not study.runs:
        words = [summary.what_was_compared(study), *summary.absences(study)]
        return Document(study.title, [*map(Paragraph, words), *_absent(study), *_settings(study)])
    findings = find(study, confidence)
    sections = (_summary, _scores, _cost, _curves, _mistakes, _calibration)
    blocks = [block for section in sections for block in section(findings)]
    blocks += [*_absent(study), *_settings(study), *_runs(findings), *_definitions(study)]
    return Document(study.title, blocks)


def _summary(findings: Findings) -> Iterator[Block]:
    study = findings.study
    yield Paragraph(summary.what_was_compared(study))
    yield from map(Paragraph, summary.warnings(study, findings.baseline))
    yield Paragraph(summary.answer(findings))
    yield Items(summary.further_answers(findings))


def _scores(findings: Findings) -> Iterator[Block]:
    yield Heading("Scores")
    yield scores_table(findings)
    yield figures.scores_figure(findings)
    if findings.others:
        yield Heading(f"Differences from {findings.baseline}")
        yield differences_table(findings)
        yield p_values_table(findings)


def _cost(findings: Findings) -> Iterator[Block]:
    yield Heading("Time and size")
    yield cost_table(findings)


def _curves(findings: Findings) -> Iterator[Block]:
    yield Heading("Learning curves")
    yield figures.curves_figure(findings.study)
    if steps := figures.step_curves_figure(findings.study):
        yield steps


def _mistakes(findings: Findings) -> Iterator[Block]:
    yield Heading("Confusion")
    yield from figures.confusion_figures(findings)
    yield Heading("Most confused pairs", 3)
    yield confused_table(findings.study)


def _calibration(findings: Findings) -> Iterator[Block]:
    yield Heading("Calibration")
    yield figures.reliability_figure(findings.study)


def _absent(study: Study) -> Iterator[Block]:
    if study.absent:
        yield Heading("Runs that are not there")
        yield absent_table(study)


def _settings(study: Study) -> Iterator[Block]:
    yield Heading("How it was run")
    if commands := values(study.runs, "command"):
        yield Items([f"`{literal(str(command))}`" for command in commands])
    if any(study.settings.values()):
        yield settings_table(study)
    data = shared_facts(study.runs, "data")
    environment = shared_facts(study.runs, "environment")
    environment.pop("command", None)
    for title, facts in (("Recipe", study.recipe), ("Data", data), ("Environment", environment)):
        if facts:
            yield Heading(title, 3)
            yield facts_table(facts)


def _runs(findings: Findings) -> Iterator[Block]:
    yield Heading("Every run")
    yield runs_table(findings)


def _definitions(study: Study) -> Iterator[Block]:
    yield Heading("What the scores say")
    rows = metric_rows(study.runs[0].report)
    yield Items([f"**{row.label}**: {literal(row.definition)}" for row in rows])
