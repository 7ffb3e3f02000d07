"""Trains an EfficientNet with any softmax variant, from its ImageNet weights or from scratch.

python apps/train_efficientnet.py --softmax gumbel
"""

import command_line
import training_app

SIZES = (
    *(f"b{size}" for size in range(8)),
    *(f"v2_{size}" for size in ("b0", "b1", "b2", "b3", "s", "m", "l")),
)

APP = training_app.App(
    description="Train an EfficientNet with a softmax variant.",
    family="efficientnet",
    recipes=("quick", "seed", "best"),
    backbones=("efficientnet_lite0", *(f"efficientnet_{size}" for size in SIZES)),
    backbone_options={
        "image_size": {
            "type": command_line.whole_number(32),
            "metavar": "N",
            "help": "height and width that images are enlarged to (default: the recipe's)",
        },
        "weights": {
            "type": lambda text: None if text == "none" else text,
            "metavar": "NAME",
            "help": "imagenet (the recipes' default), none, or a .pth file of Lite0",
        },
    },
    examples="""\
  python apps/train_efficientnet.py --softmax gumbel                 # minutes on a CPU
  python apps/train_efficientnet.py --weights none --recipe best     # from scratch
  python apps/train_efficientnet.py --backbone efficientnet_v2_s --recipe best
""",
)

if __name__ == "__main__":
    training_app.main(APP)
