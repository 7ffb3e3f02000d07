"""The linear classifier of the classic exercise: softmax beside an SVM."""

from kerasoft.published.claims import Contrast, Level
from kerasoft.published.gradient_check import GradientIsRight, gradient_blocks
from kerasoft.published.quantities import ACCURACY, STEADY_SECONDS
from kerasoft.published.study import Part, Reported, Study
from kerasoft.training import Recipe, Variant

_SOFTMAX, _SVM = "softmax", "SVM"
_SHORTER = 0.001  # the learning rate of the shorter steps
_SHORT_SOFTMAX, _SHORT_SVM = f"softmax at {_SHORTER}", f"SVM at {_SHORTER}"

_PART = Part(
    name="linear",
    title="A linear classifier of pixels",
    recipe=Recipe(
        name="linear",
        backbone="linear",
        epochs=10,
        batch_size=200,
        optimizer="sgd",
        learning_rate=0.01,
    ),
    variants=(
        Variant("softmax", label=_SOFTMAX),
        Variant("hinge", label=_SVM),
        Variant("softmax", label=_SHORT_SOFTMAX, changes={"learning_rate": _SHORTER}),
        Variant("hinge", label=_SHORT_SVM, changes={"learning_rate": _SHORTER}),
    ),
    known=frozenset({"backbone"}),
    quick={"epochs": 5},
    quick_images=5_000,
    reported=(Reported(_SOFTMAX, ACCURACY, 0.35), Reported(_SVM, ACCURACY, 0.365)),
    quantities=(ACCURACY, STEADY_SECONDS),
    note="At 0.001: that learning rate. The published numbers are of CIFAR-10, whose 10 classes "
    "are easier to tell apart than 100: only `--dataset cifar10` gives accuracies to compare.",
)

LINEAR = Study(
    name="linear",
    title="Softmax and SVM of a linear classifier",
    published="The classic exercise trains a linear classifier on the pixels of CIFAR-10: softmax "
    "about 34.4% on validation and 35% on test after tuning, the SVM loss at equal "
    "hyper-parameters 36.5%; and it derives the gradient (p - y) x^T of the softmax loss.",
    question="Is the gradient right, and is the SVM better at equal hyper-parameters?",
    parts=(_PART,),
    claims=(
        GradientIsRight("The gradient of the softmax loss is (p - y) x^T.", "linear"),
        Level(
            "Softmax scores 35% on CIFAR-10.",
            "linear",
            variant=_SOFTMAX,
            quantity=ACCURACY,
            value=0.35,
        ),
        *(
            Contrast(
                f"At equal hyper-parameters (learning rate {rate}) the SVM is better.",
                "linear",
                variant=svm,
                than=softmax,
                quantity=ACCURACY,
                values=(0.365, 0.35),
            )
            for rate, svm, softmax in (
                (_PART.recipe.learning_rate, _SVM, _SOFTMAX),
                (_SHORTER, _SHORT_SVM, _SHORT_SOFTMAX),
            )
        ),
    ),
    errors=(
        "**Equal hyper-parameters are not equal steps.** The gradient of the SVM loss counts every "
        "class within the margin: up to C - 1 of them, while softmax spreads a weight of 1 over "
        "all. At one learning rate the SVM takes longer steps, the more classes the longer. So two "
        "rates are tried here, and which loss is better depends on the rate.",
    ),
    unknown=(
        "Learning rate, batch size and regularisation were tuned on pixels of another scale; here "
        "they are plain choices, for pixels from -1 to 1 and without regularisation.",
    ),
    dataset="cifar10",
    check=gradient_blocks,
)
