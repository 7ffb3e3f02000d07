"""Markup inside a line."""

import pytest
from document_samples import HARD_TEXT, NASTY
from hypothesis import example, given

from kerasoft.evaluation.document import literal
from kerasoft.evaluation.document.inline import Span, one_line, spans, visible


def kinds(text):
    return [(span.kind, span.text) for span in spans(text)]


def test_each_kind():
    text = "a **b c**, `d` and [e](f.png)."
    assert list(spans(text)) == [
        Span("text", "a "),
        Span("bold", "b c"),
        Span("text", ", "),
        Span("code", "d"),
        Span("text", " and "),
        Span("link", "e", "f.png"),
        Span("text", "."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2 ** 3 ** 4",
        "***a**",
        "**a",
        "****",
        "a * b * c, _d_, __e__, ~~f~~, <b>g</b>, # h",
        "` a `",
        "``a``",
        "[a] (b)",
        "[](b)",
        "[a]()",
    ],
)
def test_everything_else_is_literal(text):
    assert kinds(text) == [("text", text)]


@pytest.mark.parametrize(
    "url", ["https://a.b/c?d=e&f#g", "http://a", "#results-1", "a/b.png", "?q=1:2"]
)
def test_addresses_that_links_may_have(url):
    assert list(spans(f"[a]({url})")) == [Span("link", "a", url)]


@pytest.mark.parametrize(
    "url",
    ["javascript:alert", "JavaScript:x", "data:text/html,x", "file:///etc", "vbscript:x", "//a.b"]
    + ["\x01javascript:x", "java\nscript:x", "\\\\a.b", "a b", 'a"b', "a<b", "http:a", "mailto:a"],
)
def test_other_addresses_make_no_link(url):
    assert {kind for kind, _ in kinds(f"[a]({url})")} == {"text"}


def test_a_backslash_takes_the_meaning_away_everywhere():
    assert kinds(r"\*\*a\*\* \`b\` \[c\](d)") == [("text", "**a** `b` [c](d)")]
    assert kinds(r"**a\*b** `c\`d` [e\]](f)") == [
        ("bold", "a*b"),
        ("text", " "),
        ("code", "c`d"),
        ("text", " "),
        ("link", "e]"),
    ]
    assert kinds(r"C:\dir \d") == [("text", r"C:\dir \d")]


@given(HARD_TEXT)
def test_literal_text_has_no_markup(text):
    line = one_line(text)
    assert kinds(literal(text)) == ([("text", line)] if line else [])


@given(HARD_TEXT)
def test_literal_text_may_stand_in_markup(text):
    line = one_line(text)
    if line and line[0].isalnum() and line[-1].isalnum():
        assert kinds(f"**{literal(text)}**") == [("bold", line)]
        assert kinds(f"`{literal(text)}`") == [("code", line)]
        assert kinds(f"[{literal(text)}](#a)") == [("link", line)]


@given(HARD_TEXT)
@example(NASTY[8])
def test_one_line_is_one_line_that_can_be_written(text):
    line = one_line(text)
    assert line.splitlines() in ([], [line]) and line == line.strip()
    assert line.encode().decode() == line
    assert one_line(line) == line


@given(HARD_TEXT)
def test_text_spans_never_meet(text):
    found = [kind for kind, _ in kinds(text)]
    assert ("text", "text") not in zip(found, found[1:], strict=False)
    assert len(visible(text)) <= len(text)
