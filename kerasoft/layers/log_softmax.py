"""Log-softmax as a layer."""

import keras

from kerasoft.layers.softmax import Softmax


@keras.saving.register_keras_serializable(package="kerasoft")
class LogSoftmax(Softmax):
    """Scores to log-probabilities: log p_i = s_i - log sum_j exp(s_j).

    The same distribution as `Softmax`, returned where it loses no precision: train it with
    `matching_loss()`, which takes log-probabilities. O(C) time and memory an example.
    """

    returns_log_probs = True
