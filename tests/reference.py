"""The truth in float64 NumPy, written from the formulas and from nothing else."""

import numpy as np


def softmax(scores, axis=-1):
    """exp(s_i) / sum_j exp(s_j); a row that is all -inf gives zeros."""
    scores = np.asarray(scores, "float64")
    top = scores.max(axis=axis, keepdims=True)
    powers = np.exp(scores - np.where(np.isfinite(top), top, 0.0))
    total = powers.sum(axis=axis, keepdims=True)
    return np.where(total == 0, 0.0, powers / np.where(total == 0, 1.0, total))


def log_softmax(scores, axis=-1):
    """s_i - log sum_j exp(s_j); a row that is all -inf gives -inf."""
    scores = np.asarray(scores, "float64")
    top = scores.max(axis=axis, keepdims=True)
    shifted = scores - np.where(np.isfinite(top), top, 0.0)
    total = np.exp(shifted).sum(axis=axis, keepdims=True)
    return np.where(total == 0, -np.inf, shifted - np.log(np.where(total == 0, 1.0, total)))


def pseudo_softmax(scores, base=2.0, axis=-1):
    """base^s_i / sum_j base^s_j."""
    return softmax(np.asarray(scores, "float64") * np.log(base), axis)


def log_pseudo_softmax(scores, base=2.0, axis=-1):
    """Natural logarithm of `pseudo_softmax`."""
    return log_softmax(np.asarray(scores, "float64") * np.log(base), axis)


def softmax_gradient(scores, upstream, axis=-1, slope=1.0):
    """Gradient of sum(upstream * softmax(slope * scores))."""
    p = softmax(np.asarray(scores, "float64") * slope, axis)
    return slope * p * (upstream - (p * upstream).sum(axis=axis, keepdims=True))


def log_softmax_gradient(scores, upstream, axis=-1, slope=1.0):
    """Gradient of sum(upstream * log_softmax(slope * scores))."""
    p = softmax(np.asarray(scores, "float64") * slope, axis)
    return slope * (upstream - p * np.sum(upstream, axis=axis, keepdims=True))


def one_hot(labels, num_classes):
    return np.eye(num_classes)[np.asarray(labels, "int64")]


def cross_entropy(labels, log_probs):
    """-sum_i y_i log p_i, for class ids (...) or distributions (..., C)."""
    weights = np.asarray(labels)
    if weights.ndim < np.ndim(log_probs):
        weights = one_hot(weights, np.shape(log_probs)[-1])
    return -np.where(weights == 0, 0.0, weights * log_probs).sum(axis=-1)


def cross_entropy_gradient(labels, scores, slope=1.0):
    """slope (p - y), the gradient in the scores; soft labels weigh p by their sum."""
    weights = np.asarray(labels)
    if weights.ndim < np.ndim(scores):
        weights = one_hot(weights, np.shape(scores)[-1])
    p = softmax(np.asarray(scores, "float64") * slope)
    return slope * (p * weights.sum(axis=-1, keepdims=True) - weights)
