"""The options that choose a recipe and the data, alike in every app that trains."""

import argparse
from collections.abc import Mapping, Sequence

import command_line

CHANGES = ("epochs", "batch_size", "learning_rate", "precision", "augmentation", "mixing")


def add_recipe(parser: argparse.ArgumentParser, recipes: str) -> None:
    """`--recipe`, and what changes it.

    Args:
        parser: gets the options.
        recipes: the names there are, and which `auto` takes, for the help.
    """
    add = parser.add_argument
    add("--recipe", default="auto", metavar="NAME", help=recipes)
    add("--epochs", type=int, metavar="N", help="instead of the recipe's")
    add("--batch-size", type=int, metavar="N", help="instead of the recipe's")
    add("--learning-rate", type=float, metavar="X", help="instead of the recipe's")
    add("--precision", metavar="POLICY", help="float32, mixed_bfloat16 or mixed_float16")
    add(
        "--augmentation",
        metavar="NAME",
        help="none, flip_shift, flip_shift_cutout or flip_shift_trivial",
    )
    add("--mixing", metavar="NAME", help="none, mixup, cutmix or mixup_cutmix")
    add(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other setting of the recipe, such as label_smoothing=0.1 or backbone.width=96",
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    """What is trained on."""
    add = parser.add_argument
    add(
        "--dataset",
        default="auto",
        metavar="NAME",
        help="cifar100, cifar10, glyphs, or auto (default): CIFAR-100, else glyphs; glyphs-N are "
        "glyphs of N classes",
    )
    add("--labels", default="fine", metavar="KIND", help="fine (default) or coarse: superclasses")
    add(
        "--no-validation",
        action="store_true",
        help="train on the validation images too; for a last run, when all is chosen",
    )
    add("--data-dir", metavar="DIR", help="where CIFAR lies: TFDS, official archive or .npz")


def chosen_recipe(
    options: argparse.Namespace,
    family: str,
    backbones: Sequence[str],
    backbone_options: Mapping[str, object],
    backend: str,
):
    """The recipe that the options ask for; prints which it is and why.

    Args:
        options: of `add_recipe`, and `backbone`.
        family: of networks, a key of `kerasoft.training.recipes`.
        backbones: the networks that may be asked for.
        backbone_options: arguments of the backbone that an app has options for.
        backend: to be printed.
    """
    from kerasoft import training

    recipe, why = training.choose(family, options.recipe, training.accelerator())
    print(f"{backend} backend; {why}")
    backbone = options.backbone and options.backbone.replace("-", "_")
    if backbone is not None and backbone not in backbones:
        command_line.fail(
            f"--backbone must be one of {', '.join(backbones)}. Received: {options.backbone!r}"
        )
    recipe = recipe.with_changes(
        backbone=backbone, **{name: getattr(options, name) for name in CHANGES}
    )
    recipe = recipe.with_changes(backbone_options={**recipe.backbone_options, **backbone_options})
    for setting in options.set:
        name = setting.partition("=")[0]
        if name in (*CHANGES, "backbone"):
            command_line.fail(f"--{name.replace('_', '-')} sets it. Received: --set {setting}")
    return recipe.with_settings(options.set)
