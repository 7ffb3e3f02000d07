"""Markup inside a line of text: **bold**, `code` and [text](url); everything else is literal."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# A backslash takes the meaning from these, wherever they stand; before anything else it is itself.
_SPECIAL = r"[\\*`\[\]]"
_LETTER = r"[^\W_]"
# What addresses may consist of, but for the brackets that end a link; no scheme but http(s).
_ADDRESS = r"(?:https?://|(?!//)(?![A-Za-z][A-Za-z0-9+.\-]*:))[A-Za-z0-9\-._~:/?#@!$&'*+,;=%]+"
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

# Bold begins and ends where CommonMark lets it, so that both renderings agree.
_MARKUP = re.compile(
    rf"""
    \\(?P<escaped>{_SPECIAL})
    | (?<!\*) (?:(?<!{_LETTER})|(?=\*\*{_LETTER})) \*\*
      (?!\s)(?P<bold>(?:\\.|[^*\\])+)(?<!\s)
      \*\* (?:(?!{_LETTER})|(?<={_LETTER}\*\*)) (?!\*)
    | (?<!`)` (?!\s)(?P<code>(?:\\.|[^`\\])+)(?<!\s) `(?!`)
    | \[ (?!\s)(?P<link>(?:\\.|[^\[\]\\])+)(?<!\s) \]\( (?P<url>{_ADDRESS}) \)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Span:
    """A stretch of one kind; `text` is what a reader sees."""

    kind: Literal["text", "bold", "code", "link"]
    text: str
    url: str = ""


def literal(text: str) -> str:
    r"""`text`, on one line, for a place with markup, to be shown as it is, whatever is in it.

    >>> literal("a*b")
    'a\\*b'
    """
    return re.sub(f"({_SPECIAL})", r"\\\1", one_line(text))


def one_line(text: str) -> str:
    """`text` with every stretch of white space as one space, and U+FFFD for what has no shape."""
    return _UNPRINTABLE.sub("\ufffd", " ".join(text.split()))


def spans(text: str) -> Iterator[Span]:
    """What `text` consists of, from left to right; two spans of kind "text" never meet."""
    text = one_line(text)
    plain, end = "", 0
    for match in _MARKUP.finditer(text):
        plain += text[end : match.start()]
        end = match.end()
        if match["escaped"]:
            plain += match["escaped"]
            continue
        if plain:
            yield Span("text", plain)
            plain = ""
        yield _span(match)
    if plain + text[end:]:
        yield Span("text", plain + text[end:])


def visible(text: str) -> str:
    """What a reader sees of `text`."""
    return "".join(span.text for span in spans(text))


def _span(match: re.Match[str]) -> Span:
    kind = next(kind for kind in ("bold", "code", "link") if match[kind])
    return Span(kind, _unescaped(match[kind]), match["url"] or "")


def _unescaped(text: str) -> str:
    return re.sub(rf"\\({_SPECIAL})", r"\1", text)
