"""The gradient (p - y) x^T of a linear softmax classifier, three times: so that none is believed.

By finite differences of the loss and by the formula, in float64 with NumPy; and by the backend, in
float32, of the loss that a `SoftmaxHead` trains with.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from kerasoft.evaluation.document import Block, Heading, Paragraph, Table
from kerasoft.layers import Softmax
from kerasoft.ops.vjp import vjp
from kerasoft.published.claims import Claim, Verdict
from kerasoft.published.results import Results

EXAMPLES, CLASSES, FEATURES, STEP = 20, 10, 15, 1e-5
LARGEST_ERROR = 1e-5  # of a right gradient in float32, as a share of the largest entry
SHOWN = 6  # entries of the table


@dataclass(frozen=True)
class GradientCheck:
    """Gradients of the mean loss in the weights W, each (C, D).

    Attributes:
        numeric: (L(W + step) - L(W - step)) / (2 step), one entry of W at a time, float64.
        formula: The mean over examples of (p - y) x^T, float64.
        backend: By automatic differentiation, float32.
    """

    numeric: np.ndarray
    formula: np.ndarray
    backend: np.ndarray

    def error(self, gradient: np.ndarray) -> float:
        """The largest error of an entry, as a share of the largest entry of the formula."""
        return float(abs(gradient - self.formula).max() / abs(self.formula).max())


def check_gradient(seed: int = 0) -> GradientCheck:
    """Computes all three for random weights, pixels from -1 to 1 and labels."""
    draw = np.random.default_rng(seed)
    weights = draw.normal(size=(CLASSES, FEATURES))
    pixels = draw.uniform(-1, 1, (EXAMPLES, FEATURES))
    labels = draw.integers(0, CLASSES, EXAMPLES)
    y = np.eye(CLASSES)[labels]
    formula = (_softmax(pixels @ weights.T) - y).T @ pixels / EXAMPLES
    return GradientCheck(_numeric(weights, pixels, y), formula, _backend(weights, pixels, labels))


class GradientIsRight(Claim):
    """The formula agrees with finite differences, and the backend with the formula."""

    def reported(self) -> str:
        return "-"

    def judge(self, results: Results) -> Verdict:
        check = check_gradient()
        errors = check.error(check.numeric), check.error(check.backend)
        measured = "errors of {:.1e} and {:.1e} of the largest entry".format(*errors)
        reason = "finite differences and the backend, beside the formula"
        return Verdict(max(errors) <= LARGEST_ERROR, measured, reason)


def gradient_blocks() -> list[Block]:
    """The check as a section of a report."""
    check = check_gradient()
    name = keras.config.backend()
    largest = np.argsort(abs(check.formula), axis=None)[::-1][:SHOWN]
    rows = []
    for row, column in zip(*np.unravel_index(largest, check.formula.shape), strict=True):
        entries = (array[row, column] for array in (check.numeric, check.formula, check.backend))
        rows.append([f"class {row}, pixel {column}", *(f"{entry:.9f}" for entry in entries)])
    text = (
        f"Computed while this page was written. Of all {check.formula.size} entries, finite "
        f"differences are off the formula by at most {check.error(check.numeric):.1e} of the "
        f"largest entry, {name} by {check.error(check.backend):.1e}."
    )
    header = ("entry", "finite differences", "(p - y) x^T", f"{name}, float32")
    caption = f"The {SHOWN} largest entries of the gradient, of {EXAMPLES} random examples."
    return [
        Heading("The gradient (p - y) x^T"),
        Paragraph(text),
        Table(header, rows, (1, 2, 3), caption),
    ]


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _numeric(weights: np.ndarray, pixels: np.ndarray, y: np.ndarray) -> np.ndarray:
    def loss(weights: np.ndarray) -> float:
        return float(-np.log((_softmax(pixels @ weights.T) * y).sum(axis=-1)).mean())

    gradient = np.empty_like(weights)
    for entry in np.ndindex(*weights.shape):
        step = np.zeros_like(weights)
        step[entry] = STEP
        gradient[entry] = (loss(weights + step) - loss(weights - step)) / (2 * STEP)
    return gradient


def _backend(weights: np.ndarray, pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    layer, x = Softmax(), ops.convert_to_tensor(pixels, "float32")

    def loss(weights):
        return ops.mean(layer.loss(ops.matmul(x, ops.transpose(weights)), labels))

    (gradient,) = vjp(loss, [ops.convert_to_tensor(weights, "float32")], ops.ones(()))
    return ops.convert_to_numpy(gradient)
