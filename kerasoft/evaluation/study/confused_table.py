"""Which classes are confused most, variant by variant."""

from collections.abc import Sequence

from kerasoft.evaluation.document import Cell, Table
from kerasoft.evaluation.pooled import pooled
from kerasoft.evaluation.study import cells
from kerasoft.evaluation.study.study import Study
from kerasoft.evaluation.summary import percent


def confused_table(study: Study) -> Table:
    """The pairs of classes that all variants together confuse most, a column a variant."""
    reports = study.pooled
    everything = pooled(list(reports.values()))
    names = everything.class_names
    rows = [
        [
            cells.name(names[pair.true]),
            cells.name(names[pair.predicted]),
            *(_share_cell(one.confusion[pair.true], pair.predicted) for one in reports.values()),
        ]
        for pair in everything.most_confused
    ]
    header = ["true class", "predicted as", *reports]
    caption = "Share of the true class's examples, over all seeds."
    return Table(header, rows, range(2, len(header)), caption)


def _share_cell(counts: Sequence[int], predicted: int) -> Cell:
    share = counts[predicted] / counts.sum()
    return Cell(percent(share), share)
