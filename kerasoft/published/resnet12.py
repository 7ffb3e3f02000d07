"""ResNet-12 on CIFAR-100: a softmax at 8%."""

from kerasoft.published.claims import Below, Contrast, Level
from kerasoft.published.quantities import ACCURACY, STEADY_SECONDS
from kerasoft.published.study import Part, Reported, Study
from kerasoft.training import Recipe, Variant

_TWICE, _SOFTMAX = "softmax twice", "softmax"
_TWICE_ADAM, _TWICE_SLOW = f"{_TWICE} with Adam", f"{_TWICE}, rate 0.001"
_SLOW = f"{_SOFTMAX}, rate 0.001"
_LOG, _WARM, _COLD, _HOT = "log-softmax", "Gumbel at 1", "Gumbel at 0.1", "Gumbel at 10"

_RECIPE = Recipe(
    name="resnet12",
    backbone="resnet12",
    epochs=50,
    batch_size=64,
    optimizer="sgd",
    learning_rate=0.01,
    momentum=0.9,
)
_QUICK = {"epochs": 3, "batch_size": 32, "backbone_options": {"width": 8}}

_FINE = Part(
    name="fine",
    title="100 classes",
    recipe=_RECIPE,
    variants=(
        Variant("softmax_twice", label=_TWICE),
        Variant(
            "softmax_twice",
            label=_TWICE_ADAM,
            changes={"optimizer": "adam", "learning_rate": 1e-3, "momentum": 0.0},
        ),
        Variant("softmax_twice", label=_TWICE_SLOW, changes={"learning_rate": 1e-3}),
        Variant("softmax", label=_SOFTMAX),
        Variant("softmax", label=_SLOW, changes={"learning_rate": 1e-3}),
        Variant("log_softmax", label=_LOG),
        Variant("gumbel", label=_WARM),
        Variant("gumbel", {"temperature": 0.1}, label=_COLD),
        Variant("gumbel", {"temperature": 10.0}, label=_HOT),
        Variant("log_gumbel", label="log-Gumbel"),
        Variant("pseudo", label="pseudo-softmax"),
    ),
    known=frozenset({"backbone"}),
    quick=_QUICK,
    reported=(
        Reported(_SOFTMAX, ACCURACY, 0.0809),
        Reported(_LOG, ACCURACY, 0.6016),
        Reported(_WARM, ACCURACY, 0.6016),
    ),
    quantities=(ACCURACY, STEADY_SECONDS),
    note="Softmax twice: its probabilities go to a loss that applies softmax again. Gumbel at: the "
    "temperature. No numbers of log-Gumbel and of pseudo-softmax (powers of 2) are known.",
)

_COARSE = Part(
    name="superclasses",
    title="20 superclasses",
    recipe=_RECIPE,
    variants=(Variant("softmax", label=_SOFTMAX),),
    known=frozenset({"backbone", "epochs"}),
    quick=_QUICK,
    labels="coarse",
    reported=(Reported(_SOFTMAX, ACCURACY, 0.45),),
    quantities=(ACCURACY, STEADY_SECONDS),
)

RESNET12 = Study(
    name="resnet12",
    title="Softmax at 8%, log-softmax at 60%: ResNet-12 on CIFAR-100",
    published="A student project trained a ResNet-12 on CIFAR-100 with a different last layer each "
    "time: softmax 8.09%, log-softmax 60.16%, Gumbel-softmax 60.16% at one temperature and "
    "under 8% at another, log-Gumbel-softmax and pseudo-softmax (powers of 2); and 45% on the 20 "
    "superclasses after 50 epochs. It reads as if log-softmax were 52 points better than softmax.",
    question="Is a softmax so much worse than its own logarithm?",
    parts=(_FINE, _COARSE),
    claims=(
        Level(
            "A ResNet-12 with softmax gets no further than 8%.",
            "fine",
            variant=_SOFTMAX,
            quantity=ACCURACY,
            value=0.0809,
        ),
        *(
            Level(
                f"Fed to a loss that applies softmax again it ends there, at a rate of {rate}.",
                "fine",
                ours=True,
                variant=label,
                quantity=ACCURACY,
                value=0.0809,
                tolerance=0.05,
            )
            for rate, label in ((0.01, _TWICE), (0.001, _TWICE_SLOW))
        ),
        *(
            Contrast(
                f"Softmax applied twice is far worse than softmax, at a rate of {rate}.",
                "fine",
                ours=True,
                variant=label,
                than=other,
                quantity=ACCURACY,
                values=(0.0809, 0.6016),
            )
            for rate, label, other in ((0.01, _TWICE, _SOFTMAX), (0.001, _TWICE_SLOW, _SLOW))
        ),
        Contrast(
            "Log-softmax is better than softmax.",
            "fine",
            variant=_LOG,
            than=_SOFTMAX,
            quantity=ACCURACY,
            values=(0.6016, 0.0809),
        ),
        Level(
            "Log-softmax scores 60.16%.",
            "fine",
            variant=_LOG,
            quantity=ACCURACY,
            value=0.6016,
        ),
        Level(
            "Gumbel-softmax scores 60.16% at one temperature (taken to be 1).",
            "fine",
            variant=_WARM,
            quantity=ACCURACY,
            value=0.6016,
        ),
        *(
            Below(
                f"Gumbel-softmax stays under 8% at another temperature (taken to be {value}).",
                "fine",
                variant=label,
                quantity=ACCURACY,
                value=0.08,
            )
            for value, label in (("0.1", _COLD), ("10", _HOT))
        ),
        Level(
            "The 20 superclasses are told apart with 45%.",
            "superclasses",
            variant=_SOFTMAX,
            quantity=ACCURACY,
            value=0.45,
        ),
    ),
    errors=(
        "**Softmax twice.** The layer gave probabilities, and the loss took them for scores and "
        "applied softmax again. Probabilities lie within 1 of each other, so that loss can never "
        "fall below log(1 + 99 / e) = 3.62 for 100 classes, and where all classes are equally "
        "probable, as in the beginning, its gradient is 1 / 100 of that of cross-entropy. Both "
        "wirings are trained here. It learns, but slowly; where it ends with another learning rate "
        "or after other epochs, which were not reported, may be elsewhere. (The runs at a rate of "
        "0.001 were added once the first one at 0.01 was seen.) With a `Classifier` it cannot "
        "happen: the loss comes from its head.",
        "**Why log-softmax was spared.** The logarithm of a softmax goes through log-softmax "
        "unchanged, because its exponentials sum to 1 already. So the same mistake does nothing "
        "there, and softmax and log-softmax, wired rightly, are one and the same training.",
        "**One number twice.** Log-softmax and Gumbel-softmax have the same accuracy to a "
        "hundredth of a percent. A training with noise hardly ends where one without does: one "
        "number is a copy, or no noise was drawn.",
    ),
    unknown=(
        "The optimizer, the learning rate, the batch size, the epochs of the 100 classes and the "
        "temperatures were not reported.",
    ),
)
