"""Trains a convolutional network with any softmax variant.

python apps/train_cnn.py --softmax gumbel
"""

import training_app

APP = training_app.App(
    description="Train a CNN with a softmax variant.",
    family="cnn",
    recipes=("quick", "seed", "sprint", "standard", "best"),
    backbones=(
        "simple_cnn",
        "cnn",
        "resnet9",
        "airbench",
        "wide_resnet",
        "resnet12",
        "tiny_vgg",
        "linear",
    ),
    examples="""\
  python apps/train_cnn.py --softmax gumbel                 # minutes on a CPU
  python apps/train_cnn.py --softmax softmax --recipe seed  # the published settings; wants a GPU
  python apps/train_cnn.py --resume runs/20260101-120000-simple_cnn-gumbel-s0
""",
)

if __name__ == "__main__":
    training_app.main(APP)
