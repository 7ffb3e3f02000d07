"""Models that need no training, and what they would predict."""

import numpy as np


class LogProbModel:
    """Answers `predict_log_prob` with fixed log-probabilities and notes how it was called."""

    def __init__(self, log_probs):
        self.log_probs = log_probs
        self.calls = []

    def predict_log_prob(self, images, batch_size, verbose):
        self.calls.append((len(images), batch_size, verbose))
        return self.log_probs

    def predict(self, images, batch_size, verbose):
        raise AssertionError("predict_log_prob comes first")


class PredictModel:
    """Answers `predict` with a fixed array."""

    def __init__(self, outputs):
        self.outputs = outputs

    def predict(self, images, batch_size, verbose):
        return self.outputs


def random_log_probs(examples, classes, seed=0, strength=3.0):
    """Labels that cover the classes in turn, and float32 log-probabilities that lean to them."""
    rng = np.random.default_rng(seed)
    labels = np.arange(examples) % classes
    scores = rng.gumbel(size=(examples, classes))
    scores[np.arange(examples), labels] += strength
    log_probs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return log_probs.astype(np.float32), labels
