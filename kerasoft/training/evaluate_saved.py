"""A saved model, scored again."""

from collections.abc import Callable
from pathlib import Path

import keras

from kerasoft import evaluation
from kerasoft.backbones.layers import IMAGE_SHAPE
from kerasoft.data import Splits
from kerasoft.errors import InvalidArgumentError
from kerasoft.training import context
from kerasoft.training.dataset import READING, load_dataset
from kerasoft.training.environment import environment
from kerasoft.training.run import check_writable, new_folder
from kerasoft.training.saved_models import load_model
from kerasoft.training.train import EVALUATION_BATCH

SPLITS = ("test", "validation", "train")


def evaluate_saved(
    path: str | Path,
    *,
    split: str = "test",
    dataset: str | None = None,
    labels: str | None = None,
    data_dir: str | Path | None = None,
    output_dir: str | Path = "runs",
    say: Callable[[str], None] = print,
) -> tuple[evaluation.Report, Path]:
    """Scores a saved model on a split and writes the report into a new folder.

    Args:
        path: a .keras file; of kerasoft, or any Keras model from images (N, 32, 32, 3) to
            probabilities or log-probabilities (N, C).
        split: "test", "validation" or "train".
        dataset: a data set's name; None asks the model, which knows it if kerasoft trained it.
        labels: "fine" or "coarse"; None asks the model.
        data_dir: where the data lie; None looks in the usual places.
        output_dir: the parent of the new folder.
        say: takes one line for the person who waits.

    Returns:
        The report, and the folder that it was written to.

    Raises:
        InvalidArgumentError: if the file is no model, an argument is not allowed, or the split is
            one that the model was trained on as a whole.
        DataError: if the data are absent or damaged.
        OSError: if the folder cannot be written.
    """
    if split not in SPLITS:
        raise InvalidArgumentError(f"`split` must be one of {', '.join(SPLITS)}.", split=split)
    check_writable(output_dir)
    model = load_model(path)
    _check_input(model, path)
    known = getattr(model, "metadata", {})
    dataset = dataset or known.get("dataset")
    if dataset is None:
        raise InvalidArgumentError(
            "The model does not say which data it was trained on; name them with `dataset`.",
            dataset=dataset,
        )
    say(READING)
    splits = load_dataset(dataset, labels or known.get("labels", "fine"), data_dir)
    say(splits.describe())
    if known.get("fingerprint", splits.fingerprint) != splits.fingerprint:
        say("note: these are other data than those that the model was trained on")
    elif split == "validation" and not known.get("validation", True):
        raise InvalidArgumentError(
            "The model was trained on the validation images too; score it on `test`.", split=split
        )
    report = _score(model, splits, split)
    path = Path(path)
    name = path.parent.name if path.stem == "model" else path.stem
    folder = new_folder(output_dir, f"evaluation-{name}-{split}")
    evaluation.write_report(
        report,
        folder,
        title=f"{name} on the {split} split of {splits.name}",
        context=context.evaluation_sections(path.name, split, splits, environment(), model),
    )
    return report, folder


def _check_input(model: keras.Model, path: str | Path) -> None:
    if not hasattr(model, "input_shape"):  # a subclassed model does not say
        return
    shape = tuple(model.input_shape)
    expected = [(None, size) for size in (None, *IMAGE_SHAPE)]
    if len(shape) != 4 or any(size not in ok for size, ok in zip(shape, expected, strict=True)):
        raise InvalidArgumentError(
            "The model must take images (N, 32, 32, 3).", model=str(path), input_shape=shape
        )


def _score(model, splits: Splits, split: str) -> evaluation.Report:
    part = getattr(splits, split)
    return evaluation.evaluate(
        model,
        part.images,
        part.labels,
        class_names=splits.class_names,
        superclass_names=splits.superclass_names,
        class_to_superclass=splits.class_to_superclass,
        batch_size=EVALUATION_BATCH,
    )
