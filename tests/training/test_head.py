"""From the name of a softmax to a head that knows the data."""

import dataclasses
import warnings

import numpy as np
import pytest
import training_fakes

from kerasoft import heads
from kerasoft.errors import InvalidArgumentError
from kerasoft.training.head import check_head, check_softmax, complete_options, make_head

SPLITS = training_fakes.splits()
CLASSES = SPLITS.num_classes
PARENTS = tuple(label // 5 for label in range(CLASSES))
GROUPED = dataclasses.replace(SPLITS, superclass_names=("low", "high"), class_to_superclass=PARENTS)


def made(name, splits=SPLITS, **options):
    check_softmax(name, options)
    options = complete_options(name, options, splits)
    return options, make_head(name, options, splits)


@pytest.mark.parametrize("name", heads.names())
def test_every_name(name):
    options, head = made(name)
    assert head.num_classes == CLASSES and type(head) is heads.kind(name)
    if heads.kind(name) is heads.SoftmaxHead:
        assert options == {}


def test_hierarchical_takes_the_superclasses_of_the_data():
    options, head = made("hierarchical", GROUPED)
    assert options == {"tree": "superclasses"}
    assert head.tree == heads.taxonomy(PARENTS) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    options, head = made("hierarchical")
    assert options == {"tree": "balanced"} and head.tree == "balanced"
    assert made("hierarchical", GROUPED, tree="balanced")[1].tree == "balanced"
    with pytest.raises(InvalidArgumentError, match="no superclasses. Received: tree="):
        made("hierarchical", tree="superclasses")


def test_adaptive_warns_where_no_class_is_rare():
    labels = np.arange(10 * CLASSES) % CLASSES
    split = dataclasses.replace(SPLITS.train, images=SPLITS.train.images[:1], labels=labels)
    equal = dataclasses.replace(SPLITS, train=split)
    with pytest.warns(UserWarning, match="equally frequent"):
        complete_options("adaptive", {}, equal)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        complete_options("adaptive", {"cutoffs": [3]}, equal)
        skewed = dataclasses.replace(split, labels=labels // 2)
        complete_options("adaptive", {}, dataclasses.replace(SPLITS, train=skewed))


def test_counts_are_those_of_the_training_labels():
    counts = np.bincount(SPLITS.train.labels, minlength=CLASSES).tolist()
    assert made("adaptive")[1].get_config()["counts"] == counts
    assert made("hierarchical", tree="huffman")[1].get_config()["counts"] == counts
    options, head = made("sampled")
    assert head.get_config()["counts"] == counts
    assert options["num_sampled"] == head.num_sampled == max(1, CLASSES // 4)


@pytest.mark.parametrize(
    ("name", "options", "received"),
    [
        ("softmix", {}, "softmax='softmix'"),
        ("gumbel", {"num_sampled": 3}, "num_sampled=3"),
        ("sampled", {"temperature": 1.0}, "temperature=1.0"),
        ("sampled", {"num_sampled": 0}, "num_sampled=0"),
        ("hierarchical", {"tree": "oak"}, "tree='oak'"),
        ("adaptive", {"cutoffs": [3, 2]}, "cutoffs=[3, 2]"),
    ],
)
def test_what_is_wrong_for_any_data_is_seen_without_data(name, options, received):
    with pytest.raises(InvalidArgumentError) as error:
        check_softmax(name, options)
    assert str(error.value).endswith(f"Received: {received}")


def test_what_has_an_entry_a_class_waits_for_the_data():
    tree, numbers = [list(range(CLASSES))], [1.0] * CLASSES
    for name, options in (
        ("hierarchical", {"tree": tree}),
        ("sampled", {"sampler": numbers, "num_sampled": 2}),
    ):
        check_softmax(name, options)
        check_head(name, options, SPLITS)
        with pytest.raises(InvalidArgumentError, match="Received: "):
            check_head(name, {**options, next(iter(options)): [1.0]}, SPLITS)


def test_what_does_not_fit_these_data():
    for name, options in (
        ("sampled", {"num_sampled": CLASSES + 1}),
        ("adaptive", {"cutoffs": [CLASSES]}),
        ("hierarchical", {"tree": "cifar100"}),
    ):
        with pytest.raises(InvalidArgumentError, match="Received: "):
            made(name, **options)


def test_an_own_label_smoothing_wins(splits):
    assert make_head("softmax", {}, splits, 0.1).label_smoothing == 0.1
    assert make_head("softmax", {"label_smoothing": 0.3}, splits, 0.1).label_smoothing == 0.3
    assert make_head("softmax", {"label_smoothing": 0}, splits, 0.1).label_smoothing == 0
