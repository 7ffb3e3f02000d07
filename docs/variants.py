"""Draws the figure of docs/variants.md: what each variant makes of the same scores.

python docs/variants.py --output docs/variants.png
"""

import argparse
import functools

import keras
import numpy as np

from kerasoft import ops
from kerasoft.evaluation.plots.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    SKY_BLUE,
    VERMILION,
    heading,
    new_figure,
    plain_axes,
)

OWN_SCORES = np.linspace(-5, 5, 401, dtype="float32")
OTHER_SCORES = (1.0, 0.5, 0.0, -1.0)

MANY_SCORES = np.random.default_rng(0).standard_normal(100).astype("float32")
TEMPERATURES = np.geomspace(0.01, 100, 401, dtype="float32")
ALPHAS = np.linspace(1, 3, 301, dtype="float32")

VARIANTS = {  # label: op and style
    "softmax; gumbel without noise": (ops.softmax, {"color": INK, "linestyle": "-"}),
    "pseudo, base 2": (ops.pseudo_softmax, {"color": GREY, "linestyle": "--"}),
    "taylor, order 2": (ops.taylor_softmax, {"color": GREEN, "linestyle": ":"}),
    "entmax, alpha 1.25": (
        lambda scores: ops.entmax(scores, 1.25),
        {"color": SKY_BLUE, "linestyle": "-"},
    ),
    "entmax15": (ops.entmax15, {"color": BLUE, "linestyle": "--"}),
    "sparsemax": (ops.sparsemax, {"color": VERMILION, "linestyle": "-"}),
}


@functools.cache
def curve(op):
    """The first class's probability at each of OWN_SCORES, the others at OTHER_SCORES."""
    others = np.tile(np.float32(OTHER_SCORES), (len(OWN_SCORES), 1))
    scores = np.concatenate([OWN_SCORES[:, None], others], axis=1)
    return keras.ops.convert_to_numpy(op(scores))[:, 0]


@functools.cache
def support_by_temperature(op):
    """How many of MANY_SCORES get p > 0 when they are divided by each of TEMPERATURES."""
    return _support(op(MANY_SCORES / TEMPERATURES[:, None]))


@functools.cache
def support_by_alpha():
    """How many of MANY_SCORES get p > 0 from entmax with each of ALPHAS."""
    scores = np.tile(MANY_SCORES, (len(ALPHAS), 1))
    return _support(ops.entmax(scores, keras.ops.array(ALPHAS[:, None])))


def draw():
    figure = new_figure(9.0, 3.5)
    one, temperature, alpha = figure.subplots(1, 3, width_ratios=(5, 3, 3))
    _draw_curves(one)
    _draw_temperatures(temperature)
    _draw_alphas(alpha)
    return figure


def _draw_curves(axes):
    for label, (op, style) in VARIANTS.items():
        axes.plot(OWN_SCORES, curve(op), label=label, linewidth=1.8, **style)
    others = ", ".join(f"{score:g}" for score in OTHER_SCORES).replace("-", "\N{MINUS SIGN}")
    axes.set_xlabel(f"its score (the others: {others})", color=INK)
    axes.set_ylim(-0.03, 1.03)
    axes.legend(frameon=False, fontsize=8.5, loc="upper left", borderaxespad=0.2)
    plain_axes(axes)
    heading(axes, "Probability of one class of five", fontsize=10.5)


def _draw_temperatures(axes):
    for name in ("entmax15", "sparsemax"):
        op, style = VARIANTS[name]
        counts = support_by_temperature(op)
        axes.plot(TEMPERATURES, counts, label=name, drawstyle="steps-mid", **style)
    axes.set_xscale("log")
    axes.set_xticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    axes.set_xlabel("temperature", color=INK)
    axes.legend(frameon=False, fontsize=8.5, loc="upper left", borderaxespad=0.2)
    _count_axes(axes)


def _draw_alphas(axes):
    counts = support_by_alpha()
    axes.plot(ALPHAS, counts, color=SKY_BLUE, drawstyle="steps-mid")
    for at, name in ((1.0, "softmax"), (1.5, "entmax15"), (2.0, "sparsemax")):
        point = (at, counts[np.argmin(np.abs(ALPHAS - at))])
        axes.plot(*point, "o", color=INK, markersize=4, clip_on=False)
        axes.annotate(name, point, xytext=(6, 4), textcoords="offset points", fontsize=8.5)
    axes.set_xlabel("alpha of entmax", color=INK)
    _count_axes(axes)


def _count_axes(axes):
    plain_axes(axes)
    axes.set_yscale("log")
    axes.set_ylim(0.9, 150)
    axes.set_yticks([1, 10, 100], ["1", "10", "100"])
    axes.minorticks_off()
    heading(axes, "Classes above 0, of 100", fontsize=10.5)


def _support(probabilities):
    return (keras.ops.convert_to_numpy(probabilities) > 0).sum(axis=-1)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="docs/variants.png", metavar="FILE.png")
    options = parser.parse_args(argv)
    draw().savefig(options.output, dpi=170)
    print(options.output)


if __name__ == "__main__":
    main()
