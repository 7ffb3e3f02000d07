"""The recipes that come with kerasoft, by family of networks and name."""

from kerasoft.errors import InvalidArgumentError
from kerasoft.training.recipe import Recipe

_MUON = {  # what the recipes for a GPU share
    "batch_size": 512,
    "optimizer": "muon",
    "learning_rate": 0.2,
    "momentum": 0.6,
    "other_rate": 8.0,
    "schedule": "linear",
    "warmup": 0.2,
    "augmentation": "flip_shift",
    "precision": "mixed_bfloat16",
}

_CNN = (
    Recipe(  # minutes on a CPU
        name="quick",
        backbone="simple_cnn",
        epochs=3,
        batch_size=128,
        optimizer="adam",
        learning_rate=2e-3,
        schedule="cosine",
        warmup=0.1,
    ),
    Recipe(  # the settings of the published comparison of softmax variants
        name="seed",
        backbone="cnn",
        epochs=50,
        batch_size=64,
        optimizer="sgd",
        learning_rate=0.01,
        momentum=0.9,
    ),
    Recipe(  # a fair network in seconds on a current GPU
        name="sprint",
        backbone="airbench",
        epochs=15,
        shift=2,
        label_smoothing=0.25,
        **_MUON,
    ),
    Recipe(  # a good network in half a minute on a current GPU
        name="standard",
        backbone="airbench",
        backbone_options={"widths": [128, 512, 1024]},
        epochs=40,
        shift=3,
        label_smoothing=0.2,
        mixing="cutmix",
        **_MUON,
    ),
    Recipe(  # minutes on a current GPU
        name="best",
        backbone="wide_resnet",
        epochs=100,
        label_smoothing=0.1,
        mixing="cutmix",
        **{**_MUON, "other_rate": 2.0, "augmentation": "flip_shift_trivial"},
    ),
)

_EFFICIENTNET = (
    Recipe(  # minutes on a CPU
        name="quick",
        backbone="efficientnet_lite0",
        epochs=1,
        batch_size=64,
        optimizer="adamw",
        learning_rate=2e-3,
        schedule="cosine",
        warmup=0.1,
        weight_decay=0.05,
        backbone_options={"image_size": 48, "weights": "imagenet"},
    ),
    Recipe(  # the settings of the published comparison of softmax variants
        name="seed",
        backbone="efficientnet_lite0",
        epochs=10,
        batch_size=100,
        optimizer="sgd",
        learning_rate=0.01,
        momentum=0.9,
        backbone_options={"image_size": 224, "weights": "imagenet"},
    ),
    Recipe(
        name="best",
        backbone="efficientnet_lite0",
        epochs=20,
        batch_size=256,
        optimizer="adamw",
        learning_rate=1e-3,
        schedule="cosine",
        warmup=0.1,
        weight_decay=0.05,
        augmentation="flip_shift_cutout",
        mixing="cutmix",
        precision="mixed_bfloat16",
        backbone_options={"image_size": 160, "weights": "imagenet"},
    ),
)

_VIT = (
    Recipe(  # minutes on a CPU
        name="quick",
        backbone="cct_2",
        epochs=2,
        batch_size=64,
        optimizer="adamw",
        learning_rate=1e-3,
        schedule="cosine",
        warmup=0.1,
        weight_decay=0.05,
    ),
    Recipe(  # the settings of the published comparison of softmax variants
        name="seed",
        backbone="vit_pretrained",
        epochs=5,
        batch_size=32,
        optimizer="adam",
        learning_rate=1e-3,
    ),
    Recipe(
        name="best",
        backbone="cct",
        epochs=150,
        batch_size=256,
        optimizer="adamw",
        learning_rate=1e-3,
        schedule="cosine",
        warmup=0.1,
        weight_decay=0.06,
        clip=1.0,
        augmentation="flip_shift_trivial",
        mixing="mixup_cutmix",
        precision="mixed_bfloat16",
    ),
)

_FAMILIES = {"cnn": _CNN, "efficientnet": _EFFICIENTNET, "vit": _VIT}

recipes: dict[str, dict[str, Recipe]] = {
    family: {recipe.name: recipe for recipe in members} for family, members in _FAMILIES.items()
}


def get(family: str, name: str) -> Recipe:
    """Returns the recipe of that name for a family of networks.

    Raises:
        InvalidArgumentError: if there is none.
    """
    if name not in recipes[family]:
        raise InvalidArgumentError(
            f"`recipe` must be one of auto, {', '.join(recipes[family])}.", recipe=name
        )
    return recipes[family][name]


def choose(family: str, name: str, accelerator: str | None) -> tuple[Recipe, str]:
    """Returns a recipe, and one line that says why it is this one.

    Args:
        family: of networks, a key of `recipes`.
        name: a recipe's name, or "auto": `standard`, or where there is none `best`, on an
            accelerator, and `quick` on a CPU.
        accelerator: what the backend found, or None.
    """
    if name != "auto":
        return get(family, name), f"recipe {name}, as asked"
    if accelerator:
        recipe = recipes[family].get("standard") or get(family, "best")
        return recipe, f"recipe {recipe.name}, because there is an accelerator ({accelerator})"
    return get(family, "quick"), "recipe quick, because this backend sees no accelerator"
