"""Who is timed in the suite of training: ways to train one network, each from the same weights."""

import argparse
import random
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import keras

from benchmarks import random_cifar
from benchmarks.duels import AGAIN, Duel
from benchmarks.epoch_by_epoch import EpochByEpoch
from kerasoft import Classifier, heads
from kerasoft.training import Recipe, accelerator, fit_on_device
from kerasoft.training.batches import ShuffledRows
from kerasoft.training.build import build_classifier, precision

FIT, ON_DEVICE, RAW_SCAN = "fit", "fit_on_device", "raw scan"
AUGMENTATION = "flip_shift"
AUGMENTED = f"{ON_DEVICE}, {AUGMENTATION}"
BAR = 1.05  # a dearer step than that of `fit` would be no help
LEARNING_RATE = 1e-3  # so small that no noise makes the weights grow


class Contestant(NamedTuple):
    """A way to train.

    Attributes:
        epoch: trains an epoch more, and gives its loss when the device is done.
        images: how many it sees an epoch.
        end: frees what it holds.
    """

    epoch: Callable[[], float]
    images: int
    end: Callable[[], None]


def contestants(options: argparse.Namespace, batch_size: int) -> dict[str, Contestant]:
    """All that there are on this backend and device, ready to train."""
    images, labels = random_cifar.images(options.images), random_cifar.labels(options.images)
    order = ShuffledRows(len(labels), batch_size, seed=0)
    whole = len(order) * order.batch_size

    def fit() -> Contestant:
        model = _classifier(options, batch_size)
        train = partial(model.fit, images, labels, batch_size=batch_size, shuffle=True, verbose=0)
        turns = EpochByEpoch(model, train)
        return Contestant(turns, len(labels), turns.end)

    def on_device(augmentation: str = "none") -> Contestant:
        model = _classifier(options, batch_size, augmentation)
        train = partial(fit_on_device, model, images, labels, batch_size=batch_size, verbose=0)
        turns = EpochByEpoch(model, train)
        return Contestant(turns, whole, turns.end)

    found = {FIT: fit(), ON_DEVICE: on_device(), AUGMENTED: on_device(AUGMENTATION)}
    if accelerator() is None:
        # On an accelerator it would compile for long, and on a CPU a loop of convolutions is slow.
        return found | {FIT + AGAIN: fit()}
    if keras.config.backend() == "jax":
        from benchmarks.raw_scan import raw_scan

        epoch = raw_scan(_classifier(options, batch_size), images, labels, batch_size)
        found[RAW_SCAN] = Contestant(epoch, whole, lambda: None)
    return found


def duels(names: object) -> list[Duel]:
    """Those between contestants that there are."""
    all_duels = [
        Duel(ON_DEVICE, FIT, BAR),
        Duel(ON_DEVICE, RAW_SCAN, same=False),
        Duel(AUGMENTED, ON_DEVICE, same=False),
        Duel(FIT + AGAIN, FIT),
    ]
    return [duel for duel in all_duels if {duel.op, duel.rival} <= set(names)]


def _classifier(
    options: argparse.Namespace, batch_size: int, augmentation: str = "none"
) -> Classifier:
    """With its optimizer's variables; the optimizer is that of many published trainings."""
    random.seed(0)  # from it Keras draws the seed of every initializer
    recipe = Recipe(
        name="contest",
        backbone=options.backbone,
        epochs=1,
        batch_size=batch_size,
        optimizer="sgd",
        learning_rate=LEARNING_RATE,
        momentum=0.9,
        nesterov=True,
        weight_decay=0.04,
        precision=options.precision,
        augmentation=augmentation,
    )
    steps = options.images // batch_size
    with precision(recipe.precision):
        head = heads.get(options.softmax, random_cifar.CLASSES)
        classifier = build_classifier(recipe, head, steps, metadata={})
    classifier.optimizer.build(classifier.trainable_variables)
    return classifier
