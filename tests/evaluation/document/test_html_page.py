"""The HTML page, as a parser sees it."""

import base64
import hashlib
import re
from importlib.resources import files

import pytest
from contrast import contrast
from document_samples import HARD_TEXT, NASTY, Page, png, sample
from hypothesis import given

from kerasoft.evaluation.document import (
    Document,
    Figure,
    Heading,
    Items,
    Paragraph,
    Table,
    literal,
)
from kerasoft.evaluation.document.html_page import render_html
from kerasoft.evaluation.document.inline import one_line, visible
from kerasoft.evaluation.plots.themed import DARK


def read(*blocks, title="title"):
    return Page(render_html(Document(title, blocks)))


@pytest.fixture(scope="module")
def text():
    return render_html(sample())


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_frame(text, page):
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
    assert page.open == []
    assert page.texts("title", "h1") == ["A study of <softmax> & friends"] * 2
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in [
        element["attributes"] for element in page.all("meta")
    ]
    assert len(page.all("main")) == 1


def test_it_loads_nothing(text, page):
    loaded = [e["attributes"]["href"] for e in page.all("link")] + page.attributes("src")
    assert len(loaded) == 4
    assert all(address.startswith(("data:,", "data:image/png;base64,")) for address in loaded)
    style = "".join(page.texts("style"))
    assert style and "url(" not in style and "@import" not in style
    handled = {"srcset", "action", "onclick", "onerror", "style", "data", "poster", "background"}
    assert not handled & {name for e in page.elements for name in e["attributes"]}


def test_links_lead_to_http_or_to_the_page_itself(page):
    targets = set(page.attributes("id"))
    for element in page.all("a"):
        address = element["attributes"]["href"]
        assert address.startswith(("http://", "https://")) or address[1:] in targets


def test_policy_allows_this_style_and_this_script_and_no_other(page):
    policy = next(
        e["attributes"]["content"] for e in page.all("meta") if "http-equiv" in e["attributes"]
    )
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    written = page.texts("style", "script")
    assert [base64.b64decode(one) for one in allowed] == [
        hashlib.sha256(one.encode()).digest() for one in written
    ]
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_ids_are_unique_and_contents_list_the_sections(page):
    ids = page.attributes("id")
    assert len(set(ids)) == len(ids) and all(ids)
    assert page.texts("nav") == ["\n\nResults\nFigures\n\n"]


def test_one_section_needs_no_contents():
    assert not read(Heading("a"), Heading("b", 3)).all("nav")


@given(HARD_TEXT)
def test_any_text_survives(text):
    shown = one_line(text)
    page = read(
        Heading(text),
        Paragraph(literal(text)),
        Items([literal(text)]),
        Table([text, "b"], [[literal(text), "c"]], caption=literal(text)),
        Figure("f", text, literal(text), png(), png()),
        title=text,
    )
    assert page.texts("title", "h1", "h2", "p", "li") == [shown] * 5
    assert page.texts("th", "td") == [shown, "b", shown, "c"]
    assert page.texts("figcaption") == ([shown] * 2 if shown else [])
    assert page.attributes("alt") == [shown, shown]
    assert len(page.all("script")) == 1 and len(page.all("img")) == 2


@given(HARD_TEXT)
def test_markup_is_shown_as_what_it_means(text):
    assert read(Paragraph(text), Items([text])).texts("p", "li") == [visible(text)] * 2


def test_inline_markup():
    page = render_html(Document("t", [Paragraph('**a<** `b&` [c"](d?e=1&f=2) [g](javascript:h)')]))
    assert (
        "<p><strong>a&lt;</strong> <code>b&amp;</code> "
        '<a href="d?e=1&amp;f=2">c&quot;</a> [g](javascript:h)</p>'
    ) in page


def test_table(page):
    assert len(page.all("table")) == 2
    groups = [e["attributes"] for e in page.elements if e["attributes"].get("role") == "group"]
    assert [one["aria-label"] for one in groups] == ["Scores of six variants", "Table", "Figure"]
    assert page.attributes("data-value")[:5] == ["1.25", "0.5", "Infinity", "10.0", "0.5"]
    names = [e["text"] for e in page.all("th") if e["attributes"]["scope"] == "row"]
    assert names[:6] == ["softmax", "gumbel", "entmax15", "sparsemax", "pseudo", "taylor"]
    assert [*names[6:], *page.texts("td")[-9:]] == [visible(name) for name in NASTY]


def test_table_without_names_of_columns():
    page = read(Table(["", ""], [["a", "b"]]))
    assert page.texts("th", "td") == ["a", "b"] and not page.all("thead")


def test_figure(page):
    light, dark, both = page.all("img")
    assert (light["attributes"]["class"], dark["attributes"]["class"]) == ("light", "dark")
    assert both["attributes"]["class"] == "wide"
    assert both["attributes"]["width"] == "850" and both["attributes"]["height"] == "450"
    kept = base64.b64decode(dark["attributes"]["src"].removeprefix("data:image/png;base64,"))
    assert kept == png(grey=20)


def test_size_without_figures():
    assert len(render_html(Document("t", []))) < 12_000


def test_the_same_document_gives_the_same_page(text):
    assert render_html(sample()) == text


def colours(name):
    text = files("kerasoft.evaluation.document").joinpath(name).read_text()
    return dict(re.findall(r"--(\w+): (#\w+);", text))


@pytest.mark.parametrize("name", ["light.css", "dark.css"])
def test_text_has_the_contrast_that_wcag_aa_asks_for(name):
    found = colours(name)
    for text in ("ink", "faint", "link"):
        for background in ("page", "shade"):
            assert contrast(found[text], found[background]) >= 4.5, (text, background)


def test_pages_have_the_colours_of_figures():
    assert colours("light.css")["page"] == "#ffffff"
    assert colours("dark.css")["page"] == DARK
    assert set(colours("dark.css")) == set(colours("light.css"))
