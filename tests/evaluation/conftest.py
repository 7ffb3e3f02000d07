"""Reports made without training."""

import numpy as np
import pytest
from evaluation_fakes import LogProbModel, random_log_probs

from kerasoft.evaluation import evaluate


@pytest.fixture(scope="session")
def make_report():
    """(examples, classes, superclasses=0, **names) -> Report"""

    def make(examples, classes, superclasses=0, **names):
        log_probs, labels = random_log_probs(examples, classes)
        if superclasses:
            names["superclass_names"] = [f"super_{s}" for s in range(superclasses)]
            names["class_to_superclass"] = [c % superclasses for c in range(classes)]
        return evaluate(LogProbModel(log_probs), np.zeros((examples, 1)), labels, **names)

    return make
