"""One order of the rows, and one split, for every source of the same images.

Sources hold the same images in different orders, so order and split follow from the content:

- Rows are ordered by the SHA-256 of the 3,072 bytes of the image (row by row, each pixel red,
  green, blue); the same image under two labels is ordered by label. That mixes the classes well.
- In each class, the first 70 % of the training images in that order are `train` (350 of the 500
  images of a CIFAR-100 class), the other 30 % are `validation` (150).

`train` rows stand first, then `validation` rows, each in the order above, so that either split and
both together are one contiguous piece of memory.
"""

import hashlib

import numpy as np

from kerasoft.data.cifar import Spec
from kerasoft.data.raw import RawPart, RawParts


def arrange(parts: RawParts, spec: Spec) -> dict[str, np.ndarray]:
    """Put checked parts into canonical order.

    Returns:
        `train_images` and `test_images`, uint8 of shape `(N, 32, 32, 3)`, and `train_labels` and
        `test_labels`, int32 of shape `(N,)`, the fine labels. The first `spec.chosen` rows of train
        are the train split, the others the validation split.
    """
    train, test = parts["train"], parts["test"]
    train_rows = _split_order(train.fine, _hash_order(train), spec)
    return {**_take("train", train, train_rows), **_take("test", test, _hash_order(test))}


def _take(part: str, raw: RawPart, rows: np.ndarray) -> dict[str, np.ndarray]:
    labels = raw.fine[rows].astype(np.int32)
    return {f"{part}_images": raw.images[rows], f"{part}_labels": labels}


def _hash_order(raw: RawPart) -> np.ndarray:
    rows = np.ascontiguousarray(raw.images).reshape(len(raw.images), -1)
    digests = b"".join(hashlib.sha256(row).digest() for row in rows)
    words = np.frombuffer(digests, ">u8").reshape(-1, 4)
    return np.lexsort((raw.fine, *words.T[::-1]))  # the last key sorts first


def _split_order(labels: np.ndarray, order: np.ndarray, spec: Spec) -> np.ndarray:
    """Hash order -> train rows in hash order, then validation rows in hash order."""
    by_class = np.argsort(labels[order], kind="stable").reshape(spec.num_classes, -1)
    chosen = np.sort(by_class[:, : spec.chosen_per_class], axis=None)
    left = np.sort(by_class[:, spec.chosen_per_class :], axis=None)
    return order[np.concatenate([chosen, left])]
