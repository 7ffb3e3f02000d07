"""What a document refuses."""

import pytest
from document_samples import png

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.document import Cell, Document, Figure, Heading, Table


@pytest.mark.parametrize("level", [0, 1, 4])
def test_level(level):
    with pytest.raises(InvalidArgumentError, match=f"Received: level={level}"):
        Heading("a", level)


def test_table_of_another_shape():
    with pytest.raises(InvalidArgumentError, match="`header`.*Received: "):
        Table([], [])
    with pytest.raises(InvalidArgumentError, match="2 cells.*Received: row="):
        Table(["a", "b"], [["c", "d"], ["e"]])
    with pytest.raises(InvalidArgumentError, match=r"0 to 1.*Received: right=\(-1,\)"):
        Table(["a", "b"], [], right=(-1,))


def test_text_is_a_cell_without_a_value():
    assert Table(["a"], [["b"], [Cell("c", 1.0)]]).cells == [[Cell("b")], [Cell("c", 1.0)]]


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "a b", "a\n", "ä", "a)"])
def test_figure_name(name):
    with pytest.raises(InvalidArgumentError, match="`name`.*Received: name="):
        Figure(name, "alt", "", png())


@pytest.mark.parametrize("picture", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n"])
def test_figure_that_is_no_png(picture):
    for pictures in ((picture,), (png(), picture)):
        with pytest.raises(InvalidArgumentError, match="PNG.*Received: name='a'"):
            Figure("a", "alt", "", *pictures)


def test_two_figures_of_one_name():
    figure = Figure("a", "alt", "", png())
    with pytest.raises(InvalidArgumentError, match=r"Received: names=\['a', 'a'\]"):
        Document("title", [figure, Heading("b"), figure])
