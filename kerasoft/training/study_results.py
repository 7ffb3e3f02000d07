"""From a study's folder to what a report of it needs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from kerasoft import heads
from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.document import literal
from kerasoft.evaluation.study import Absent, Study, StudyRun
from kerasoft.evaluation.study.facts import DATA_SET, IMAGES, LABELS
from kerasoft.training import context, times
from kerasoft.training.study import Outcome, read_study
from kerasoft.training.variant import Variant


def study_results(
    folder: str | Path, *, baseline: Variant | str | None = None, title: str | None = None
) -> Study:
    """What the runs of a study left in its folder; no model is needed, and nothing is trained.

    Args:
        folder: Of the study.
        baseline: What the others are compared with, a label or what `Variant.parse` reads; None
            takes the plain softmax, or else the first variant.
        title: One line; None makes one of network and data.

    Raises:
        InvalidArgumentError: If it is no study's folder, a file of a complete run is damaged, or
            the study has no such baseline.
    """
    settings, outcomes = read_study(folder)
    variants = list(dict.fromkeys(one.variant for one in outcomes))
    runs = tuple(_study_run(one) for one in outcomes if one.run)
    recipe = settings["recipe"]
    data = runs[0].data[DATA_SET] if runs else settings["dataset"]
    return Study(
        title=title or f"Softmax variants of {recipe['backbone']} on {data}",
        subject=_subject(recipe, settings, runs) + _without_smoothing(recipe, variants),
        variants=tuple(variant.label for variant in variants),
        baseline=choose_baseline(variants, baseline).label,
        runs=runs,
        absent=tuple(
            Absent(one.variant.label, one.seed, one.failure) for one in outcomes if not one.run
        ),
        recipe=recipe,
        settings={variant.label: _settings(variant, outcomes) for variant in variants},
    )


def choose_baseline(variants: Sequence[Variant], asked: Variant | str | None) -> Variant:
    """The variant that the others are compared with; see `study_results`.

    Raises:
        InvalidArgumentError: If it is not among the variants.
    """
    labels = {variant.label: variant for variant in variants}
    name = asked.label if isinstance(asked, Variant) else asked
    if asked is None:
        asked = Variant("softmax") if Variant("softmax") in variants else variants[0]
    elif isinstance(asked, str):
        asked = labels.get(asked) or _parsed(asked)
    if asked not in variants:
        raise InvalidArgumentError(f"`baseline` must be one of {'; '.join(labels)}.", baseline=name)
    return variants[variants.index(asked)]


def _parsed(text: str) -> Variant | None:
    try:
        return Variant.parse(text)
    except InvalidArgumentError:
        return None


def _study_run(outcome: Outcome) -> StudyRun:
    run, history = outcome.run, outcome.run.history()
    model = run.context()["Model"]
    return StudyRun(
        variant=outcome.variant.label,
        seed=outcome.seed,
        report=run.report(),
        history=history,
        step_history=run.step_history(),
        epoch_seconds=times.steady(history["epoch_seconds"]),
        compilation_seconds=times.compilation(history),
        training_seconds=times.in_all(history),
        parameters=model.get(context.TRAINED),
        complexity={name: model[name] for name in context.COMPLEXITY if name in model},
        data=context.data_rows(run.config),
        environment=context.environment_rows(run.environment),
    )


def _subject(recipe: Mapping, settings: Mapping, runs: Sequence[StudyRun]) -> str:
    epochs = f"{recipe['epochs']} epoch{'s' if recipe['epochs'] > 1 else ''}"
    text = (
        f"`{recipe['backbone']}` by the recipe `{recipe['name']}` ({epochs}, "
        f"batches of {recipe['batch_size']})"
    )
    if not runs:
        return f"{text} on {settings['dataset']}"
    data, report = runs[0].data, runs[0].report
    sizes = data[IMAGES]
    return (
        f"{text} on {data[DATA_SET]} with {data[LABELS]} labels ({report.n_classes:,} classes; "
        f"{sizes} images to train, validate and test)"
    )


def _without_smoothing(recipe: Mapping, variants: Sequence[Variant]) -> str:
    """Which variants leave the recipe's label smoothing out, so that they are not trained alike."""
    smoothing = {
        one: one.changes.get("label_smoothing", recipe.get("label_smoothing")) for one in variants
    }
    without = [
        one.label
        for one in variants
        if smoothing[one] and heads.kind(one.softmax) is not heads.SoftmaxHead
    ]
    if not without:
        return ""
    names = ", ".join(map(literal, without))
    return (
        f", with label smoothing, which {names} **did not have**: it is for heads that score every "
        "class"
    )


def _settings(variant: Variant, outcomes: Sequence[Outcome]) -> dict[str, object]:
    """What the variant has of its own, with the defaults that its runs completed."""
    runs = (one.run for one in outcomes if one.variant == variant and one.run)
    options = next((run.config["softmax_options"] for run in runs), variant.options)
    return {"softmax": variant.softmax, **options, **variant.changes}
