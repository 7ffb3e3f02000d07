"""Pictures of a report and of a training, as PNG files.

`draw_*` gives a Matplotlib figure, `plot_*` writes it. No pyplot: nothing global is touched and no
display is needed.
"""

from kerasoft.evaluation.plots.confusion import draw_confusion, plot_confusion
from kerasoft.evaluation.plots.history import draw_history, plot_history
from kerasoft.evaluation.plots.reliability import draw_reliability, plot_reliability
from kerasoft.evaluation.plots.style import png_bytes

__all__ = [
    "draw_confusion",
    "draw_history",
    "draw_reliability",
    "plot_confusion",
    "plot_history",
    "plot_reliability",
    "png_bytes",
]
