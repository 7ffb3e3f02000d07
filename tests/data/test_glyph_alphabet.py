"""The classes: how many there are, that they differ, and what they are called."""

import numpy as np
import pytest

from kerasoft.data.glyph_alphabet import GROUPS, MAX_CLASSES, alphabet, class_name, faces_of
from kerasoft.data.glyph_masks import mask


@pytest.fixture(scope="module")
def all_classes():
    return alphabet(MAX_CLASSES)


def thumbnails(characters):
    pixels = [mask(faces_of(char)[0], ord(char), side=16).reshape(-1) for char in characters]
    return np.stack(pixels).astype(np.int32)


def test_default_is_100_distinct_masks_in_20_groups_of_five():
    classes = alphabet(100)
    assert classes.characters == tuple("".join(GROUPS.values()))
    assert classes.group_names == tuple(GROUPS)
    assert np.bincount(classes.group_of).tolist() == [5] * 20
    pixels = thumbnails(classes.characters)
    differences = np.abs(pixels[:, None] - pixels).mean(axis=2) + 255 * np.eye(100)
    assert differences.min() > 11  # grey levels, on average over the whole mask


def test_default_characters_come_in_several_faces():
    numbers = [len(faces_of(char)) for char in alphabet(100).characters]
    assert min(numbers) >= 4 and np.mean(numbers) > 14


def test_5000_classes_are_distinct(all_classes):
    assert len(set(all_classes.characters)) == 5_000
    assert len(set(all_classes.names)) == 5_000
    assert len(set(all_classes.group_names)) == 1_000
    pixels = thumbnails(all_classes.characters)
    assert len({row.tobytes() for row in pixels}) == 5_000
    assert pixels.any(axis=1).all()


def test_names_are_plain_words(all_classes):
    names = (*all_classes.names, *all_classes.group_names)
    assert all(name.isascii() and name.isidentifier() for name in names)


@pytest.mark.parametrize("count", [2, 5, 7, 100, 101, 333])
def test_fewer_classes_are_the_first_of_more(all_classes, count):
    classes = alphabet(count)
    groups = -(-count // 5)
    assert classes.characters == all_classes.characters[:count]
    assert classes.group_of == all_classes.group_of[:count]
    assert len(classes.group_names) == groups
    assert classes.group_names[: groups - 1] == all_classes.group_names[: groups - 1]


def test_later_classes_are_in_code_point_order(all_classes):
    later = list(map(ord, all_classes.characters[100:]))
    assert later == sorted(later)


def test_twins_are_left_out(all_classes):
    for twin in "\u0391\u0410\u00a0\u0301":  # Greek and Cyrillic A, a blank, a combining accent
        assert twin not in all_classes.characters


def test_names_come_from_unicode():
    assert class_name("\u0434") == "cyrillic_small_de"
    assert class_name("\u2554") == "box_double_down_right"
