"""`glyphs`: the embedded data set, drawn on the spot, so that everything runs with no network.

It has the shape of CIFAR-100: 60,000 colour pictures of 32 x 32 pixels, 100 classes in 20
superclasses of five, 350 / 150 / 100 of each class to train, choose and test. A class is a
character; a picture shows it in one of up to 20 typefaces, in random size, pose and colours, with
clutter behind and before it. How:

    glyph_outlines   the shapes, as the fonts that Matplotlib ships hold them
    glyph_masks      shapes to pixels
    glyph_alphabet   which characters are the classes, what they are called, how they are grouped
    glyph_draws      random numbers
    glyph_painter    the pictures

All of it is arithmetic on whole numbers: the same arguments give the same bytes on every machine.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from kerasoft.data import cache
from kerasoft.data.glyph_alphabet import GROUP_SIZE, MAX_CLASSES, Alphabet, alphabet, faces_of
from kerasoft.data.glyph_draws import Draws
from kerasoft.data.glyph_masks import Masks, masks_of
from kerasoft.data.glyph_painter import PAINTING, paint
from kerasoft.data.splits import Split, Splits
from kerasoft.errors import InvalidArgumentError

GENERATOR_VERSION = 1
"""Raise it with every change that changes a pixel or a label: it is part of the cache key."""

_MASK_BUDGET = 10_000  # masks in memory; more classes have fewer typefaces each
_LEAST_PER_CLASS = 3  # one picture of each class in each part
_SEED_LIMIT = 2**63
_ORDER = PAINTING + 1  # the stream of random numbers that mixes the rows


@dataclass(frozen=True)
class _Request:
    """What fixes the pictures."""

    num_classes: int
    per_class: int
    seed: int

    @property
    def key(self) -> str:
        """Name of the cache entry."""
        pictures = f"{self.num_classes}x{self.per_class}"
        return f"v{GENERATOR_VERSION}-{pictures}-seed{self.seed}"

    @property
    def rows(self) -> tuple[int, int, int]:
        """Pictures of each class in train, validation and test: 35, 15 and 10 of 60."""
        validation, test = max(1, self.per_class // 4), max(1, self.per_class // 6)
        return self.per_class - validation - test, validation, test


def load_glyphs(
    *,
    labels: str = "fine",
    validation: bool = True,
    num_classes: int = 100,
    size: int = 60_000,
    seed: int = 0,
) -> Splits:
    """Draw the data set, or take it from the cache, where the first call leaves it.

    Args:
        labels: `"fine"`, or `"coarse"` for the groups of five classes.
        validation: `False` leaves the validation images in `train`, and `validation` empty.
        num_classes: 2 to 5,000. The first 100 are always the default ones, group by group; then
            come all other characters of the fonts by code point, without look-alikes, in groups of
            five that are named by their code points.
        size: images in all, at least 3 a class; what does not divide by `num_classes` is left out.
        seed: 0 to 2 ** 63 - 1; fixes everything else.

    Returns:
        `Splits` of read-only arrays: images uint8 `(N, 32, 32, 3)`, labels int32 `(N,)`, rows in
        random order, each class in each part 35 / 15 / 10 of 60, rounded, and at least once.

    Raises:
        InvalidArgumentError: an argument is not one of those above.
        DataError: the cache entry is damaged.
    """
    if labels not in ("fine", "coarse"):
        raise InvalidArgumentError("`labels` must be 'fine' or 'coarse'.", labels=labels)
    request = _request(num_classes, size, seed)
    arrays, facts = _obtain(request)
    if labels == "coarse":
        arrays = {**arrays, "labels": _read_only(arrays["labels"] // np.int32(GROUP_SIZE))}
    return _splits(request, arrays, facts, labels, validation)


def _request(num_classes: int, size: int, seed: int) -> _Request:
    if not _is_whole(num_classes) or not 2 <= num_classes <= MAX_CLASSES:
        message = f"`num_classes` must be an integer from 2 to {MAX_CLASSES}."
        raise InvalidArgumentError(message, num_classes=num_classes)
    least = _LEAST_PER_CLASS * num_classes
    if not _is_whole(size) or size < least:
        message = f"`size` must be an integer of at least {least}, {_LEAST_PER_CLASS} a class."
        raise InvalidArgumentError(message, size=size)
    if not _is_whole(seed) or not 0 <= seed < _SEED_LIMIT:
        raise InvalidArgumentError("`seed` must be an integer from 0 to 2 ** 63 - 1.", seed=seed)
    return _Request(int(num_classes), int(size) // int(num_classes), int(seed))


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _obtain(request: _Request) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays `images` and `labels`: first train, then validation, then test; and their facts."""
    folder = cache.cache_dir() / "glyphs" / request.key
    return cache.fetch(folder) or _draw_and_keep(request, folder)


def _draw_and_keep(request: _Request, folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    classes = alphabet(request.num_classes)
    labels = np.concatenate(list(_mixed(request)))
    arrays = {"images": paint(labels, _masks(classes), request.seed), "labels": labels}
    facts = {key: list(values) for key, values in vars(classes).items()}
    try:
        cache.store(folder, arrays, facts)
        if found := cache.fetch(folder):
            return found
    except OSError as error:
        warnings.warn(
            f"glyphs cannot be kept in {cache.cache_dir()} ({error.strerror or error}); they will "
            "be drawn each time. $KERASOFT_CACHE_DIR names another place.",
            stacklevel=4,
        )
    fingerprint = cache.fingerprint(arrays)
    return {k: _read_only(v) for k, v in arrays.items()}, {**facts, "fingerprint": fingerprint}


def _mixed(request: _Request) -> Iterator[np.ndarray]:
    """The labels of each part, int32, in random order."""
    for part, rows in enumerate(request.rows):
        labels = np.repeat(np.arange(request.num_classes, dtype=np.int32), rows)
        yield labels[Draws(request.seed, _ORDER, part).order(len(labels))]


def _masks(classes: Alphabet) -> Masks:
    faces = max(2, _MASK_BUDGET // len(classes.characters))
    return masks_of([(char, faces_of(char)[:faces]) for char in classes.characters])


def _read_only(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


def _splits(
    request: _Request, arrays: dict[str, np.ndarray], facts: dict[str, Any], kind: str, cut: bool
) -> Splits:
    train, validation, test = (rows * request.num_classes for rows in request.rows)
    sizes = (train, validation, test) if cut else (train + validation, 0, test)
    bounds = pairwise(accumulate(sizes, initial=0))
    parts = [Split(*(np.asarray(arrays[a][i:j]) for a in ("images", "labels"))) for i, j in bounds]
    fine = kind == "fine"
    return Splits(
        *parts,
        class_names=tuple(facts["names"] if fine else facts["group_names"]),
        superclass_names=tuple(facts["group_names"]) if fine else (),
        class_to_superclass=tuple(facts["group_of"]) if fine else (),
        name="glyphs",
        label_kind=kind,
        source=f"Matplotlib's fonts, generator {GENERATOR_VERSION}, seed {request.seed}",
        fingerprint=facts["fingerprint"],
    )
