"""Studies that need no training."""

import numpy as np
from evaluation_fakes import LogProbModel, random_log_probs

from kerasoft.evaluation import Report, evaluate
from kerasoft.evaluation.study import Study, StudyRun

SHAPE = {"strength", "classes", "groups", "infinite"}
NASTY = "a|b *c* <i>&amp;</i> `d` [e](f) $x_1$"


def report(
    seed: int = 0,
    strength: float = 3.0,
    classes: int = 6,
    groups: int = 0,
    infinite: bool = False,
) -> Report:
    """Of random predictions that lean to the labels by `strength`."""
    names = {"class_names": [f"class {c}" for c in range(classes)]}
    if groups:
        names["superclass_names"] = [f"group {g}" for g in range(groups)]
        names["class_to_superclass"] = [c % groups for c in range(classes)]
    log_probs, labels = random_log_probs(20 * classes, classes, seed, strength)
    if infinite:
        log_probs[0, 1:], log_probs[0, 0] = 0.0, -np.inf
        log_probs[0, 1:] -= np.log(classes - 1)
    return evaluate(LogProbModel(log_probs), np.zeros((len(labels), 1)), labels, **names)


def history(seed: int = 0, validation: bool = True) -> dict[str, list[float]]:
    """Three epochs."""
    columns = {
        "epoch": [1, 2, 3],
        "loss": [2.0, 1.5, 1.0 + 0.1 * seed],
        "accuracy": [0.2, 0.4, 0.6 - 0.1 * seed],
    }
    if validation:
        columns |= {"val_loss": [2.1, 1.6, 1.2], "val_accuracy": [0.2, 0.35, 0.5]}
    return columns


def run(variant: str, seed: int, **changes) -> StudyRun:
    """A complete run; `strength`, `classes`, `groups`, `infinite` and `validation` shape it."""
    shape = {
        name: changes.pop(name)
        for name in ("strength", "classes", "groups", "infinite")
        if name in changes
    }
    facts = {
        "report": report(seed, **shape),
        "history": history(seed, changes.pop("validation", True)),
        "epoch_seconds": 2.0 + 0.1 * seed,
        "compilation_seconds": 5.0,
        "training_seconds": 11.0,
        "parameters": 1234567,
        "complexity": {"training, an example": "O(C D)", "inference, an example": "O(C D)"},
        "data": {"data set": "cifar100", "fingerprint (SHA-256)": "f" * 64},
        "environment": {"backend": "jax", "device": "a GPU", "jax": "0.1", "commit": "0123456789"},
    }
    return StudyRun(variant, seed, **facts | changes)


def study(*runs: StudyRun, **changes) -> Study:
    """Of these runs, variants in their order."""
    facts = {
        "title": "A comparison",
        "subject": "`cnn` by the recipe `quick` on cifar100",
        "variants": tuple(dict.fromkeys(one.variant for one in runs)),
        "runs": runs,
    }
    facts["baseline"] = (facts | changes)["variants"][0]
    return Study(**facts | changes)


def seeds(variant: str, count: int, **changes) -> list[StudyRun]:
    """Runs of the seeds 0 to count - 1."""
    return [run(variant, seed, **changes) for seed in range(count)]
