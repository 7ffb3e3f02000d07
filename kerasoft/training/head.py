"""From the name and options of a softmax to the head for a data set."""

import warnings
from collections.abc import Mapping

import numpy as np

from kerasoft import heads
from kerasoft.data import Splits
from kerasoft.errors import InvalidArgumentError

_TREES_OF_DATA = ("auto", "superclasses", "cifar100")
_TREES = ("superclasses", "balanced", "huffman", "cifar100")
_OF_THE_TRAINING = {"counts", "dtype", "name", "num_classes", "softmax"}
_MANY = 100_000  # classes: what is wrong for so many is wrong for fewer
_SHARE_SAMPLED, _MOST_SAMPLED = 4, 1024  # a quarter of the classes, where there are few


def check_softmax(name: str, options: Mapping[str, object]) -> None:
    """Looks at a name and options before there are data to make a head for.

    Raises:
        InvalidArgumentError: if one is unknown, or a value is not allowed for any data.
    """
    if own := _OF_THE_TRAINING & options.keys():
        raise InvalidArgumentError(
            f"The training decides these of a softmax: {', '.join(sorted(_OF_THE_TRAINING))}.",
            options=sorted(own),
        )
    try:
        _make_for_any_data(name, options)
    except InvalidArgumentError:
        raise
    except (TypeError, ValueError) as error:  # of Keras, as for a dtype or an initializer
        reason = " ".join(str(error).split())
        raise InvalidArgumentError(
            f"Softmax `{name}` cannot be made: {reason}", options=dict(options)
        ) from None


def _make_for_any_data(name: str, options: Mapping[str, object]) -> None:
    if heads.kind(name) is heads.SoftmaxHead:
        heads.get(name, 2, **options)
        return
    tree, sampler = options.get("tree", "balanced"), options.get("sampler", "uniform")
    if isinstance(tree, str) and tree not in ("auto", *_TREES):
        raise InvalidArgumentError(f"`tree` must be one of {', '.join(_TREES)}.", tree=tree)
    # What has an entry a class is for the data to judge.
    if not isinstance(tree, str) or tree in _TREES_OF_DATA:
        options = {**options, "tree": "balanced"}
    if not isinstance(sampler, str):
        options = {**options, "sampler": "uniform"}
    heads.get(name, _MANY, **options, **_counts(name, options, np.zeros(1, "int32"), _MANY))


def complete_options(name: str, options: Mapping[str, object], splits: Splits) -> dict[str, object]:
    """The options with defaults that fit the data, as a run records them.

    Raises:
        InvalidArgumentError: if the tree of superclasses is asked for where there are none.
    """
    if name == "adaptive" and "cutoffs" not in options and _equally_frequent(splits):
        warnings.warn(
            "These classes are equally frequent; the adaptive softmax is for those that are not. "
            "It learns the classes of its last clusters badly here.",
            stacklevel=2,
        )
    if name == "hierarchical":
        return {**options, "tree": _tree(options.get("tree", "auto"), splits)}
    if name == "sampled":
        sampled = max(1, min(_MOST_SAMPLED, splits.num_classes // _SHARE_SAMPLED))
        return {"num_sampled": sampled, "sampler": "unigram", **options}
    return dict(options)


def check_head(name: str, options: Mapping[str, object], splits: Splits) -> None:
    """Makes the head for these data once, without a word, where nothing is trained yet.

    Raises:
        InvalidArgumentError: if an option does not fit the data.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever trains will hear it
        make_head(name, complete_options(name, options, splits), splits)


def make_head(
    name: str, options: Mapping[str, object], splits: Splits, label_smoothing: float = 0.0
) -> heads.Head:
    """The head for these data: with the tree and the counts that the options ask for.

    Args:
        name: a name in `heads.names()`.
        options: what `complete_options` gave.
        splits: the data.
        label_smoothing: of the recipe; heads that do not score every class leave it out, and say
            so by a warning.

    Raises:
        InvalidArgumentError: if an option does not fit the data.
    """
    if label_smoothing:
        if heads.kind(name) is heads.SoftmaxHead:
            options = {"label_smoothing": label_smoothing, **options}  # an own one wins
        else:
            warnings.warn(
                "The recipe's label smoothing is left out: it is for heads that score every class, "
                f"and {name} does not.",
                stacklevel=2,
            )
    classes = splits.num_classes
    counts = _counts(name, options, splits.train.labels, classes)
    if options.get("tree") == "superclasses":
        options = {**options, "tree": heads.taxonomy(splits.class_to_superclass)}
    return heads.get(name, classes, **options, **counts)


def _tree(tree: object, splits: Splits) -> object:
    if tree == "auto":
        return "superclasses" if splits.class_to_superclass else "balanced"
    if tree == "superclasses" and not splits.class_to_superclass:
        raise InvalidArgumentError("These labels have no superclasses.", tree=tree)
    return tree


def _equally_frequent(splits: Splits) -> bool:
    counts = np.bincount(splits.train.labels, minlength=splits.num_classes)
    return bool(counts.max() < 1.1 * counts.min())


def _counts(
    name: str, options: Mapping[str, object], labels: np.ndarray, classes: int
) -> dict[str, object]:
    """How often each class occurs, for the heads that ask."""
    asked = (
        name == "adaptive"
        or options.get("tree") == "huffman"
        or options.get("sampler") == "unigram"
    )
    return {"counts": np.bincount(labels, minlength=classes).tolist()} if asked else {}
