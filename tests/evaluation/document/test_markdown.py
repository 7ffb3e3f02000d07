"""Documents as Markdown, read back by a CommonMark parser."""

import re

import pytest
from document_samples import HARD_TEXT, NASTY, Page, png, sample
from hypothesis import example, given

from kerasoft.evaluation.document import (
    Cell,
    Document,
    Figure,
    Heading,
    Items,
    Paragraph,
    Table,
    literal,
)
from kerasoft.evaluation.document.inline import one_line, visible
from kerasoft.evaluation.document.markdown import render_markdown

markdown_it = pytest.importorskip("markdown_it")  # comes with Keras, through rich
READER = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])


def read(*blocks, title="title"):
    return Page(READER.render(render_markdown(Document(title, blocks))))


def test_page():
    page = render_markdown(
        Document(
            "A study",
            [
                Heading("Results"),
                Paragraph("Of **3** runs"),
                Items(["one", "`two`"]),
                Table(["a", "b"], [["c|d", Cell("1", 1.0)]], right=(1,), caption="About *it*"),
                Heading("Part", 3),
                Figure("curve", "a curve", "Falls [fast](#results).", png()),
                Figure("matrix", "a matrix", "", png()),
            ],
        )
    )
    assert page == (
        "# A study\n\n## Results\n\nOf **3** runs\n\n- one\n- `two`\n\n"
        "About \\*it\\*\n\n| a | b |\n| --- | ---: |\n| c\\|d | 1 |\n\n### Part\n\n"
        "![a curve](curve.png)\n\nFalls [fast](#results).\n\n![a matrix](matrix.png)\n"
    )


@given(HARD_TEXT)
@example("__1__")
@example("a__b__c _1_2_")
@example("\U00010179_1_\u0301")  # a sign that Python counts as a digit, and an accent
def test_any_text_survives(text):
    shown = one_line(text)
    page = read(
        Heading(text),
        Paragraph(literal(text)),
        Items([literal(text)]),
        Table([text, "b"], [[literal(text), "c"], ["d", literal(text)]]),
        Figure("f", text, "", png()),
        title=text,
    )
    assert page.texts("h1", "h2") == [shown, shown]
    assert page.texts("p")[: bool(shown)] == [shown][: bool(shown)]
    assert page.texts("li") == [shown]
    assert page.texts("th", "td") == [shown, "b", shown, "c", "d", shown]
    assert page.attributes("alt") == [shown]
    tags = {e["tag"] for e in page.elements}
    assert tags <= {
        *("h1", "h2", "p", "ul", "li", "img"),
        *("table", "thead", "tbody", "tr"),
        "th",
        "td",
    }


@given(HARD_TEXT)
@example(NASTY[0])
@example("a`b|c` **d**[e](f)!")
@example(r"`a\\|b` `\`` ![x](y)")
def test_both_renderings_agree_on_what_is_markup(text):
    page = read(Paragraph("x " + text), Table(["a"], [[text]]))
    assert page.texts("p") == [visible("x " + text)]
    assert page.texts("td") == [visible(text)]


def test_addresses_stay_as_they_are():
    page = read(Paragraph("[a](https://x.y/_a_*b*?c=1&copy=2&amp;d)"))
    assert page.attributes("href") == ["https://x.y/_a_*b*?c=1&copy=2&amp;d"]


def test_nasty_names_stay_in_their_cells():
    page = render_markdown(sample())
    for block in page.split("\n\n"):
        if block.startswith("|"):
            bars = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in block.splitlines()}
            assert len(bars) == 1
