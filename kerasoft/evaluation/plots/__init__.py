"""Pictures of a report and of a training, as PNG files.

`draw_*` gives a Matplotlib figure, `plot_*` writes it. No pyplot: nothing global is touched and no
display is needed. `themed` gives a figure's PNG for light and for dark pages.
"""

from kerasoft.evaluation.plots.confusion import draw_confusion, plot_confusion
from kerasoft.evaluation.plots.confusion_grid import (
    draw_confusion_differences,
    draw_confusion_grid,
)
from kerasoft.evaluation.plots.dots import Dots, draw_dots
from kerasoft.evaluation.plots.history import draw_history, plot_history
from kerasoft.evaluation.plots.learning_curves import draw_learning_curves
from kerasoft.evaluation.plots.reliability import draw_reliability, plot_reliability
from kerasoft.evaluation.plots.reliability_curves import draw_reliability_curves
from kerasoft.evaluation.plots.style import png_bytes
from kerasoft.evaluation.plots.themed import themed

__all__ = [
    "Dots",
    "draw_confusion",
    "draw_confusion_differences",
    "draw_confusion_grid",
    "draw_dots",
    "draw_history",
    "draw_learning_curves",
    "draw_reliability",
    "draw_reliability_curves",
    "plot_confusion",
    "plot_history",
    "plot_reliability",
    "png_bytes",
    "themed",
]
