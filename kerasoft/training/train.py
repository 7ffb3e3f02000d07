"""One training, from its settings to a finished run folder."""

import dataclasses
import random
from collections.abc import Callable, Mapping
from numbers import Integral
from pathlib import Path

import keras

from kerasoft import backbones, callbacks, evaluation, heads
from kerasoft.classifier import Classifier
from kerasoft.data import Split, Splits
from kerasoft.errors import InvalidArgumentError
from kerasoft.files import replacing
from kerasoft.training import context
from kerasoft.training.batches import ShuffledRows
from kerasoft.training.build import build_classifier, for_inference, precision
from kerasoft.training.dataset import READING, load_dataset
from kerasoft.training.environment import environment
from kerasoft.training.epoch_seed import EpochSeed
from kerasoft.training.fit_on_device import EVALUATION_BATCH, fit_on_device
from kerasoft.training.half_precision import round_weights, shrink
from kerasoft.training.head import check_softmax, complete_options, make_head
from kerasoft.training.recipe import Recipe
from kerasoft.training.run import Run, RunInterrupted, check_writable

SECONDS_BETWEEN_CHECKPOINTS = 10.0  # what an interruption may cost, beside the epoch it falls into


def train(
    recipe: Recipe,
    *,
    softmax: str = "gumbel",
    softmax_options: Mapping[str, object] | None = None,
    dataset: str = "auto",
    labels: str = "fine",
    validation: bool = True,
    data_dir: str | Path | None = None,
    seed: int = 0,
    output_dir: str | Path = "runs",
    say: Callable[[str], None] = print,
) -> Run:
    """Trains one classifier, scores it once on the test split, and writes the run folder.

    Args:
        recipe: how to train; see `kerasoft.training.recipes`.
        softmax: a name in `kerasoft.heads.names()`.
        softmax_options: arguments of the head or score layer, such as `temperature`.
        dataset: "auto" (CIFAR-100, or glyphs where it cannot be had), "cifar100", "cifar10" or
            "glyphs".
        labels: "fine", or "coarse" for the superclasses.
        validation: False trains on the validation images too, once all choices are made.
        data_dir: where CIFAR lies; None looks in the usual places.
        seed: a non-negative integer that decides weights, batches and noise.
        output_dir: the parent of the run folder.
        say: takes one line for the person who waits.

    Returns:
        The run; `run.complete` is true.

    Raises:
        InvalidArgumentError: on a setting that is not allowed, before anything is written.
        DataError: if the data are absent or damaged, before anything is written.
        OSError: if the folder cannot be written.
        RunInterrupted: on Ctrl-C, once there is a run to resume.
    """
    if not isinstance(seed, Integral) or seed < 0:
        raise InvalidArgumentError("`seed` must be a non-negative integer.", seed=seed)
    if not isinstance(softmax, str):
        raise InvalidArgumentError(
            f"`softmax` must be one of {', '.join(heads.names())}.", softmax=softmax
        )
    config = {
        "softmax": softmax.replace("-", "_"),
        "softmax_options": dict(softmax_options or {}),
        "recipe": dataclasses.asdict(recipe),
        "dataset": dataset,
        "labels": labels,
        "validation": validation,
        "seed": int(seed),
        "backend": keras.config.backend(),
    }
    # A wrong name, option or folder must not wait for the data.
    check_softmax(config["softmax"], config["softmax_options"])
    check_writable(output_dir)
    say(READING)
    splits = load_dataset(dataset, labels, data_dir, validation)
    say(splits.describe())
    config["data"] = context.data_facts(splits)
    config["softmax_options"] = complete_options(
        config["softmax"], config["softmax_options"], splits
    )
    classifier = _prepare(config, splits)  # what fails here leaves no folder
    name = f"{recipe.backbone}-{config['softmax']}-s{seed}"
    run = Run.create(output_dir, name, config, environment())
    return _finish(run, classifier, splits, say)


def resume(
    folder: str | Path, data_dir: str | Path | None = None, say: Callable[[str], None] = print
) -> Run:
    """Continues an interrupted run to the result that it would have had.

    Args:
        folder: the run folder.
        data_dir: where the data lie now; None looks in the usual places.
        say: takes one line for the person who waits.

    Returns:
        The run, complete.

    Raises:
        InvalidArgumentError: if the folder is no run, or a complete one, or of another backend.
        DataError: if the data are absent or damaged.
        RunInterrupted: on Ctrl-C.
    """
    run = Run.open(folder)
    config = run.config
    if run.complete:
        raise InvalidArgumentError("This run is complete already.", run=str(folder))
    check_writable(folder)
    if unknown := config["recipe"].keys() - {one.name for one in dataclasses.fields(Recipe)}:
        raise InvalidArgumentError(
            "The run's recipe has settings that this version does not know.",
            recipe=sorted(unknown),
        )
    if config["backend"] != keras.config.backend():
        raise InvalidArgumentError(
            f"This run was begun with the {config['backend']} backend.",
            backend=keras.config.backend(),
        )
    say(READING)
    splits = load_dataset(config["data"]["name"], config["labels"], data_dir, config["validation"])
    if splits.fingerprint != config["data"]["fingerprint"]:
        raise InvalidArgumentError(
            "These are not the data that the run was begun with.", source=splits.source
        )
    say(splits.describe())
    return _finish(run, _prepare(config, splits), splits, say)


def _prepare(config: Mapping, splits: Splits) -> Classifier:
    """The classifier before its first step."""
    recipe = Recipe(**config["recipe"])
    steps = len(ShuffledRows(len(splits.train), recipe.batch_size, config["seed"]))
    with precision(recipe.precision):
        # From `random` Keras draws the seed of every initializer and generator. Heads draw apart,
        # so that backbones of one seed begin alike under any of them.
        random.seed(f"head {config['seed']}")
        head = make_head(
            config["softmax"], config["softmax_options"], splits, recipe.label_smoothing
        )
        random.seed(config["seed"])
        classifier = build_classifier(recipe, head, steps, context.metadata(config, splits))
    backbones.adapt(classifier.backbone, splits.train.images)
    return classifier


def _finish(run: Run, classifier: Classifier, splits: Splits, say: Callable[[str], None]) -> Run:
    try:
        _fit(run, classifier, splits.train, splits.validation, say)
        _conclude(run, classifier, splits)
    except KeyboardInterrupt:
        raise RunInterrupted(run) from None
    return run


def _fit(
    run: Run,
    classifier: Classifier,
    train: Split,
    validation: Split,
    say: Callable[[str], None],
) -> None:
    seed, recipe = run.config["seed"], Recipe(**run.config["recipe"])
    done = 0
    if run.checkpoint.exists():
        done = callbacks.Checkpoint.restore(classifier, run.checkpoint)
        say(f"going on after epoch {done} of {recipe.epochs}")
    steps = len(ShuffledRows(len(train), recipe.batch_size, seed))
    every = min(recipe.logging_steps, steps)
    step_logger = [callbacks.StepLogger(run.steps, every, done * steps)] if every else []
    say(f"epochs left: {recipe.epochs - done}, of {steps} steps; the first also compiles")
    fit_on_device(
        classifier,
        train.images,
        train.labels,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        seed=seed,
        initial_epoch=done,
        validation_data=(validation.images, validation.labels) if len(validation) else None,
        logging_steps=every or None,
        callbacks=[
            EpochSeed(seed),
            callbacks.EpochTimer(),
            callbacks.RunLogger(run.metrics, initial_epoch=done),
            *step_logger,
            callbacks.Checkpoint(run.checkpoint, SECONDS_BETWEEN_CHECKPOINTS),
            callbacks.Progress(),
        ],
        verbose=0,
    )


def _conclude(run: Run, classifier: Classifier, splits: Splits) -> None:
    """The test split, once; the report; the model."""
    model = for_inference(classifier)
    half_precision = run.config["recipe"]["precision"] != "float32"
    if half_precision:
        round_weights(model)
    report = evaluation.evaluate(
        model,
        splits.test.images,
        splits.test.labels,
        class_names=splits.class_names,
        superclass_names=splits.superclass_names,
        class_to_superclass=splits.class_to_superclass,
        batch_size=EVALUATION_BATCH,
    )
    history = run.history()
    evaluation.write_report(
        report,
        run.folder,
        title=context.title(run.config),
        context=context.sections(run.config, run.environment, history, model),
        history=history,
    )
    with replacing(run.model) as temporary:
        model.save(temporary)
    if half_precision:
        shrink(run.model)
    run.finish()
