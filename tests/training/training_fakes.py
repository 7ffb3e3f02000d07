"""A data set and a network so small that a training takes a second."""

import importlib

import keras
import numpy as np

from kerasoft import backbones
from kerasoft.data import Split, Splits
from kerasoft.training import Recipe

CLASSES = 10
RUN_FILES = {
    "config.json", "environment.json", "metrics.csv", "history.png", "confusion.png",
    "confusion.csv", "reliability.png", "report.json", "report.md", "model.keras",
}  # fmt: skip


def _part(rows: int, seed: int) -> Split:
    """Every class is bright in a stripe of its own, under noise."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(rows) % CLASSES).astype(np.int32)
    images = rng.integers(0, 160, (rows, 32, 32, 3))
    for image, label in zip(images, labels, strict=True):
        image[3 * label : 3 * label + 3] += 90
    return Split(images.astype(np.uint8), labels)


def splits(validation: int = 100, fingerprint: str = "f" * 64) -> Splits:
    return Splits(
        train=_part(320, 1),
        validation=_part(validation, 2),
        test=_part(130, 3),
        class_names=tuple(f"stripe {label}" for label in range(CLASSES)),
        superclass_names=(),
        class_to_superclass=(),
        name="cifar10",
        label_kind="fine",
        source="a test",
        fingerprint=fingerprint,
    )


def tiny() -> keras.Model:
    """Dropout and batch normalisation, in a network that compiles at once."""
    images = keras.Input((32, 32, 3), name="images")
    x = keras.layers.AveragePooling2D((1, 32))(keras.layers.Rescaling(1 / 255)(images))
    x = keras.layers.Dense(16, activation="relu")(keras.layers.Flatten()(x))
    x = keras.layers.Dropout(0.5)(keras.layers.BatchNormalization(momentum=0.5)(x))
    return keras.Model(images, x, name="tiny")


def recipe(**changes: object) -> Recipe:
    """Three epochs of five steps."""
    settings = {
        "name": "tiny",
        "backbone": "linear",
        "epochs": 3,
        "batch_size": 64,
        "optimizer": "adam",
        "learning_rate": 1e-2,
        "schedule": "cosine",
        "warmup": 0.2,
    }
    return Recipe(**{**settings, **changes})


def use_fakes(patch, splits):
    """Every data set is `splits`, and every backbone `tiny`; gives the list of names asked for."""
    asked = []

    def load_dataset(name, labels="fine", data_dir=None, validation=True):
        asked.append((name, labels, data_dir, validation))
        return splits

    for module in ("train", "study", "evaluate_saved"):
        module = importlib.import_module(f"kerasoft.training.{module}")
        patch.setattr(module, "load_dataset", load_dataset)
    patch.setattr(backbones, "get", lambda name: tiny())
    # Epochs of milliseconds: each is kept, as those of a real training are.
    train_module = importlib.import_module("kerasoft.training.train")
    patch.setattr(train_module, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    return asked
