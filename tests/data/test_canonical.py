import hashlib

import numpy as np
import pytest

from kerasoft.data import canonical
from kerasoft.data.raw import RawPart


def parts(arrays):
    return {
        part: RawPart(arrays[f"{part}_images"], arrays[f"{part}_fine"].astype(int), None, part)
        for part in ("train", "test")
    }


def by_the_book(images, labels, chosen_per_class):
    """The rule as it is written, one image at a time."""
    hashed = sorted(
        (hashlib.sha256(image.tobytes()).digest(), label, row)
        for row, (image, label) in enumerate(zip(images, labels, strict=True))
    )
    seen, train, validation = {}, [], []
    for _, label, row in hashed:
        seen[label] = seen.get(label, 0) + 1
        (train if seen[label] <= chosen_per_class else validation).append(row)
    return train, validation


def test_rule(arrays, spec):
    made = canonical.arrange(parts(arrays), spec)
    train, validation = by_the_book(arrays["train_images"], arrays["train_fine"], 7)
    rows = train + validation
    np.testing.assert_array_equal(made["train_images"], arrays["train_images"][rows])
    np.testing.assert_array_equal(made["train_labels"], arrays["train_fine"][rows])
    rows, _ = by_the_book(arrays["test_images"], arrays["test_fine"], 2)
    np.testing.assert_array_equal(made["test_images"], arrays["test_images"][rows])
    assert made["test_labels"].dtype == np.int32


@pytest.mark.parametrize("seed", range(3))
def test_order_of_rows_does_not_matter(arrays, forms, spec, seed):
    one = canonical.arrange(parts(arrays), spec)
    two = canonical.arrange(parts(forms.shuffle(arrays, seed)), spec)
    for name, array in one.items():
        np.testing.assert_array_equal(two[name], array)


def test_same_image_twice_in_a_class_and_in_two(arrays, forms, spec):
    twins = {name: array.copy() for name, array in arrays.items()}
    in_class = np.flatnonzero(twins["train_fine"] == 5)[:9]
    elsewhere = np.flatnonzero(twins["train_fine"] == 6)[:3]
    twins["train_images"][[*in_class, *elsewhere]] = twins["train_images"][in_class[0]]
    one = canonical.arrange(parts(twins), spec)
    two = canonical.arrange(parts(forms.shuffle(twins, 4)), spec)
    for name, array in one.items():
        np.testing.assert_array_equal(two[name], array)
    chosen = one["train_labels"][: spec.chosen]
    assert (np.bincount(chosen) == 7).all()


def test_images_in_another_memory_layout(arrays, spec):
    planar = dict(arrays)
    planar["train_images"] = np.asfortranarray(arrays["train_images"])
    one, two = (canonical.arrange(parts(each), spec) for each in (arrays, planar))
    np.testing.assert_array_equal(one["train_images"], two["train_images"])
