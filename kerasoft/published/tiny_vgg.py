"""TinyVGG: softmax, Gumbel-softmax with normal noise, and a tree."""

from kerasoft.published.claims import Contrast, Level
from kerasoft.published.quantities import ACCURACY, MEAN_SECONDS, STEADY_SECONDS
from kerasoft.published.study import Part, Reported, Study
from kerasoft.training import Recipe, Variant

_SOFTMAX, _NORMAL, _GUMBEL, _TREE = "softmax", "Gumbel with normal noise", "Gumbel", "hierarchical"

_PART = Part(
    name="tiny_vgg",
    title="TinyVGG",
    recipe=Recipe(
        name="tinyvgg",
        backbone="tiny_vgg",
        epochs=10,
        batch_size=32,
        optimizer="sgd",
        learning_rate=0.01,
        logging_steps=500,
    ),
    variants=(
        Variant("softmax", label=_SOFTMAX),
        Variant("gumbel", {"noise": "normal"}, label=_NORMAL),
        Variant("gumbel", label=_GUMBEL),
        Variant("hierarchical", {"tree": "balanced"}, label=_TREE),
    ),
    known=frozenset({"backbone", "epochs", "batch_size", "optimizer", "logging_steps"}),
    quick={"epochs": 3, "learning_rate": 0.1, "logging_steps": 50},
    quick_images=5_000,
    reported=(
        Reported(_SOFTMAX, ACCURACY, 0.23),
        Reported(_SOFTMAX, MEAN_SECONDS, 61.13),
        Reported(_NORMAL, ACCURACY, 0.167),
        Reported(_NORMAL, MEAN_SECONDS, 58.39),
    ),
    quantities=(ACCURACY, STEADY_SECONDS, MEAN_SECONDS),
    note="The published tree was complete, of 128 leaves, 28 of them unused. Here it is the "
    "balanced tree of 100 leaves: as deep (7 decisions at most), without the decisions whose one "
    "side never occurs. The losses of every 500 batches (50 at quick scale) are drawn in "
    "the report of all runs, and are numbers in each run's `steps.csv`, unless `logging steps` was "
    "set to 0.",
)

TINY_VGG = Study(
    name="tinyvgg",
    title="Gumbel noise from a normal distribution: TinyVGG on CIFAR-100",
    published="A student project trained TinyVGG with SGD for 10 epochs of batches of 32: softmax "
    "23% at 61.13 s an epoch, Gumbel-softmax with negative log-likelihood 16.7% at 58.39 s, and "
    "a hierarchical softmax over a complete binary tree of 128 leaves. It printed the loss every "
    "500 batches.",
    question="What does the noise cost, what does it save, and does it matter that it was normal?",
    parts=(_PART,),
    claims=(
        Level(
            "TinyVGG with softmax scores 23%.",
            "tiny_vgg",
            variant=_SOFTMAX,
            quantity=ACCURACY,
            value=0.23,
        ),
        Level(
            "With Gumbel-softmax it scores 16.7%.",
            "tiny_vgg",
            variant=_NORMAL,
            quantity=ACCURACY,
            value=0.167,
        ),
        Contrast(
            "Gumbel-softmax is less accurate than softmax.",
            "tiny_vgg",
            variant=_NORMAL,
            than=_SOFTMAX,
            quantity=ACCURACY,
            values=(0.167, 0.23),
        ),
        Contrast(
            "An epoch with Gumbel-softmax takes less time.",
            "tiny_vgg",
            variant=_NORMAL,
            than=_SOFTMAX,
            quantity=STEADY_SECONDS,
            values=(58.39, 61.13),
            relative=True,
        ),
    ),
    errors=(
        "**Normal noise.** The noise was drawn from a normal distribution. Only with Gumbel noise "
        "is the largest perturbed score a sample from the softmax. Both are trained here.",
        "**Less time for more work.** Gumbel-softmax does all that softmax does, and draws a "
        "random number for each score besides. Where it seems faster, something else was timed.",
    ),
    unknown=(
        "The learning rate was not reported; 0.01 is Keras's default. At quick scale it is 0.1, "
        "for there are few steps.",
        "How the time was taken was not reported.",
    ),
)
