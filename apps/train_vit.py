"""Trains a vision transformer with any softmax variant, in the head and within attention.

python apps/train_vit.py --softmax gumbel --attention-softmax sparsemax
"""

import training_app

APP = training_app.App(
    description="Train a vision transformer with a softmax variant.",
    family="vit",
    recipes=("quick", "seed", "best"),
    backbones=("vit_tiny", "vit", "cct_2", "cct", "vit_pretrained"),
    backbone_options={
        "attention_softmax": {
            "metavar": "NAME",
            "help": "within attention: softmax (default), pseudo, taylor, gumbel, sparsemax, "
            "entmax15 or entmax",
        },
    },
    examples="""\
  python apps/train_vit.py --softmax gumbel                       # minutes on a CPU
  python apps/train_vit.py --softmax softmax --attention-softmax sparsemax
  python apps/train_vit.py --backbone vit --recipe best           # wants a GPU
""",
)

if __name__ == "__main__":
    training_app.main(APP)
