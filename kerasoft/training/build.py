"""From a recipe to a compiled classifier."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import keras
from keras import ops
from keras.optimizers.schedules import CosineDecay, LearningRateSchedule

from kerasoft import backbones, heads
from kerasoft.classifier import Classifier
from kerasoft.training.augmentations import AUGMENTATIONS, MIXING
from kerasoft.training.muon import Muon
from kerasoft.training.recipe import Recipe
from kerasoft.training.schedules import LinearWarmupDecay


def build_classifier(
    recipe: Recipe,
    head: heads.Head,
    steps_per_epoch: int,
    metadata: Mapping[str, object],
) -> Classifier:
    """A classifier as the recipe wants it, built and compiled.

    Args:
        recipe: the recipe.
        head: the head, not built yet.
        steps_per_epoch: optimizer steps an epoch, for the schedule.
        metadata: facts that travel with the saved model.

    Returns:
        A compiled `Classifier` over uint8 images (N, 32, 32, 3).
    """
    backbone = backbones.get(recipe.backbone, **recipe.backbone_options)
    classifier = Classifier(
        backbone,
        head,
        augmentation=_augmentation(recipe),
        metadata=metadata,
        mixing=MIXING[recipe.mixing](),
    )
    classifier.build(backbone.input_shape)
    top = min(5, head.num_classes)
    optimizer = _optimizer(recipe, steps_per_epoch * recipe.epochs)
    if recipe.optimizer == "adamw":
        vectors = [weight for weight in classifier.trainable_weights if len(weight.shape) < 2]
        optimizer.exclude_from_weight_decay(var_list=vectors)
    classifier.compile(
        optimizer=optimizer,
        metrics=[
            keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
            keras.metrics.SparseTopKCategoricalAccuracy(top, name="top5"),
        ],
    )
    return classifier


def for_inference(classifier: Classifier) -> Classifier:
    """A copy with the same weights, but no optimizer, augmentation or mixing: half the file."""
    head = type(classifier.head).from_config(classifier.head.inference_config())
    config = {**classifier.get_config(), "augmentation": None, "mixing": None}
    config["head"] = keras.saving.serialize_keras_object(head)
    copy = Classifier.from_config(config)
    copy.build(classifier.backbone.input_shape)
    copy.backbone.set_weights(classifier.backbone.get_weights())
    trained = {weight.name: weight for weight in classifier.head.weights}
    for weight in copy.head.weights:
        # Through the host: JAX would give both models one array, which one then uses up.
        weight.assign(ops.convert_to_numpy(trained[weight.name]))
    return copy


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Layers made within get this dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    options = {
        "learning_rate": _schedule(recipe, steps),
        "weight_decay": recipe.weight_decay or None,
        "global_clipnorm": recipe.clip or None,
    }
    if recipe.average:
        options |= {"use_ema": True, "ema_momentum": recipe.average}
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(**options)
    if recipe.optimizer == "adamw":
        return keras.optimizers.AdamW(**{**options, "weight_decay": recipe.weight_decay})
    if recipe.optimizer == "muon":
        return Muon(momentum=recipe.momentum, other_rate=recipe.other_rate, **options)
    return keras.optimizers.SGD(momentum=recipe.momentum, nesterov=recipe.nesterov, **options)


def _schedule(recipe: Recipe, steps: int) -> float | LearningRateSchedule:
    if recipe.schedule == "constant":
        return recipe.learning_rate
    rise = round(recipe.warmup * steps)
    if recipe.schedule == "linear":
        return LinearWarmupDecay(recipe.learning_rate, steps, rise)
    if rise == 0:
        return CosineDecay(recipe.learning_rate, steps)
    return CosineDecay(
        0.0, max(1, steps - rise), warmup_target=recipe.learning_rate, warmup_steps=rise
    )


def _augmentation(recipe: Recipe) -> keras.layers.Layer | None:
    layers = AUGMENTATIONS[recipe.augmentation](recipe.shift)
    return keras.Sequential(layers, name=recipe.augmentation) if layers else None
