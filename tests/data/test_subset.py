"""Fewer images: which, of how many classes, and what stays."""

import dataclasses

import numpy as np
import pytest

from kerasoft import data
from kerasoft.data import Split, Splits
from kerasoft.errors import InvalidArgumentError


def part(counts, seed):
    """Images that hold their row number; class c occurs counts[c] times, in random order."""
    labels = np.repeat(np.arange(len(counts), dtype="int32"), counts)
    labels = np.random.default_rng(seed).permutation(labels)
    images = np.zeros((len(labels), 32, 32, 3), "uint8")
    images[:, 0, 0, 0] = np.arange(len(labels))
    return Split(images, labels)


@pytest.fixture(scope="module")
def splits():
    return Splits(
        *(part(counts, seed) for seed, counts in enumerate([(60, 60, 3), (20, 20, 1), (9, 9, 9)])),
        class_names=("a", "b", "c"),
        superclass_names=(),
        class_to_superclass=(),
        name="letters",
        label_kind="fine",
        source="a test",
        fingerprint="f" * 64,
    )


def rows(split):
    return split.images[:, 0, 0, 0].tolist()


def test_each_class_keeps_its_share_and_its_first_images(splits):
    less = data.subset(splits, 41)  # a third
    assert np.bincount(less.train.labels).tolist() == [20, 20, 1]
    assert np.bincount(less.validation.labels).tolist() == [6, 6, 1]
    assert less.test is splits.test
    for name in ("train", "validation"):
        kept, whole = getattr(less, name), getattr(splits, name)
        assert rows(kept) == sorted(rows(kept))
        np.testing.assert_array_equal(kept.labels, whole.labels[rows(kept)])
        for label in range(3):
            of_class = np.flatnonzero(whole.labels == label).tolist()
            mine = [row for row in rows(kept) if whole.labels[row] == label]
            assert mine == of_class[: len(mine)]
        assert not kept.images.flags.writeable and kept.labels.dtype == np.int32


def test_it_says_what_it_is(splits):
    less = data.subset(splits, np.int64(41))
    assert less.name == "letters:41" and less.fingerprint == splits.fingerprint
    assert less.describe().startswith("letters:41 (fine labels): 41 / 13 / 27 images of 3 classes")


def test_all_of_them_and_no_validation(splits):
    empty = Split(splits.validation.images[:0], splits.validation.labels[:0])
    less = data.subset(dataclasses.replace(splits, validation=empty), len(splits.train))
    np.testing.assert_array_equal(less.train.images, splits.train.images)
    assert len(less.validation) == 0


@pytest.mark.parametrize("images", [2, 124, -1, 41.0, "41", None, True])
def test_numbers_that_are_not_allowed(splits, images):
    with pytest.raises(InvalidArgumentError, match="from 3, one a class, to 123") as error:
        data.subset(splits, images)
    assert str(error.value).endswith(f"Received: images={images!r}")
