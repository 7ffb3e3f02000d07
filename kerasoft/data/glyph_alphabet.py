"""Which characters are the classes of `glyphs`, and what they and their groups are called."""

import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from kerasoft.data.glyph_masks import mask
from kerasoft.data.glyph_outlines import FACES, characters

GROUPS = {
    "digits_low": "01234",
    "digits_high": "56789",
    "latin_vowels": "aeiuy",
    "latin_consonants": "dfghr",
    "latin_capitals_early": "BGHKM",
    "latin_capitals_late": "NQRTW",
    "latin_extended": "æðøþß",
    "greek_small": "δλξπφ",
    "greek_capitals": "ΔΞΣΨΩ",
    "cyrillic": "ДЖЩЮЯ",
    "hebrew": "אגלמש",
    "punctuation": "%?&@#",
    "currency": "$¢£¥€",
    "operators": "+×÷=≈",
    "calculus": "∫∂∇√∞",
    "logic": "∀∃∈⊂⊕",
    "arrows": "←↑→↓↔",
    "box_drawing": "╔╗╚╝╬",
    "shapes": "■●▲★♥",
    "chess": "♚♛♜♝♞",
}
"""The default classes, group by group. No two look alike when turned by 25 degrees."""

GROUP_SIZE = 5
MAX_CLASSES = 5_000

_THUMBNAIL = 16
_LEAST_DIFFERENCE = 6 * _THUMBNAIL**2  # a mean of 6 grey levels of 255 over the thumbnail
_EMPTY_WORDS = {"letter", "drawings", "and"}
_NOT_DRAWN = "CMZ"  # first letters of the general categories: control, mark, separator


@dataclass(frozen=True)
class Alphabet:
    """The classes, in label order.

    Attributes:
        characters: one character a class.
        names: one readable ASCII name a class, all different, such as `"digit_zero"`.
        group_names: one name a group of five consecutive classes; the last may be smaller.
        group_of: the group of each class.
    """

    characters: tuple[str, ...]
    names: tuple[str, ...]
    group_names: tuple[str, ...]
    group_of: tuple[int, ...]


def alphabet(num_classes: int) -> Alphabet:
    """The first classes of an order that does not depend on how many are asked for.

    The 100 of `GROUPS` come first, then all other characters of the fonts by code point. Left out
    are blanks, combining marks, characters without a name, and each whose mask looks like that of
    a class before it: the letter A stands for its Greek and Cyrillic twins, the full stop for the
    bullet.

    Args:
        num_classes: 1 to `MAX_CLASSES`.
    """
    chosen = tuple(itertools.islice(_order(), num_classes))
    groups = [chosen[i : i + GROUP_SIZE] for i in range(0, num_classes, GROUP_SIZE)]
    return Alphabet(
        characters=chosen,
        names=tuple(map(class_name, chosen)),
        group_names=(*GROUPS, *map(_block_name, groups[len(GROUPS) :]))[: len(groups)],
        group_of=tuple(label // GROUP_SIZE for label in range(num_classes)),
    )


def faces_of(character: str) -> tuple[str, ...]:
    """The faces that draw a character, in the order of `FACES`."""
    return tuple(face for face in FACES if ord(character) in characters(face))


def class_name(character: str) -> str:
    """The Unicode name as an identifier, without the words that say nothing."""
    words = unicodedata.name(character).lower().replace("-", " ").split()
    return "_".join(word for word in words if word not in _EMPTY_WORDS)


def _block_name(group: tuple[str, ...]) -> str:
    return f"u{ord(group[0]):04x}_to_u{ord(group[-1]):04x}"


def _order() -> Iterator[str]:
    default = "".join(GROUPS.values())
    yield from default
    code_points = sorted(frozenset().union(*map(characters, FACES)) - set(map(ord, default)))
    yield from _distinct(default, filter(_is_drawn, map(chr, code_points)))


def _is_drawn(character: str) -> bool:
    is_mark = unicodedata.category(character)[0] in _NOT_DRAWN
    return not is_mark and bool(unicodedata.name(character, ""))


def _distinct(known: Iterable[str], candidates: Iterable[str]) -> Iterator[str]:
    """The candidates that are not blank and differ from all that came before them."""
    seen = _Thumbnails()
    for character in known:
        seen.add(_thumbnail(character))
    for character in candidates:
        thumbnail = _thumbnail(character)
        if thumbnail.any() and not seen.has_like(thumbnail):
            yield character
            seen.add(thumbnail)


class _Thumbnails:
    """Thumbnails of the classes so far, with the ink of each to sort out most at a glance."""

    def __init__(self) -> None:
        self._pixels = np.zeros((MAX_CLASSES, _THUMBNAIL**2), np.int16)
        self._ink = np.zeros(MAX_CLASSES, np.int32)
        self._count = 0

    def add(self, thumbnail: np.ndarray) -> None:
        self._pixels[self._count] = thumbnail
        self._ink[self._count] = thumbnail.sum(dtype=np.int32)
        self._count += 1

    def has_like(self, thumbnail: np.ndarray) -> bool:
        ink = self._ink[: self._count] - thumbnail.sum(dtype=np.int32)
        near = self._pixels[np.flatnonzero(np.abs(ink) < _LEAST_DIFFERENCE)]
        distances = np.abs(near - thumbnail).sum(axis=1, dtype=np.int32)
        return bool((distances < _LEAST_DIFFERENCE).any())


def _thumbnail(character: str) -> np.ndarray:
    pixels = mask(faces_of(character)[0], ord(character), side=_THUMBNAIL)
    return pixels.astype(np.int16).reshape(-1)
