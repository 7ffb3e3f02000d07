"""A document as one HTML page that loads nothing."""

import base64
import hashlib
import math
import struct
from collections.abc import Sequence
from html import escape
from importlib.resources import files

from kerasoft.evaluation.document.anchors import anchors
from kerasoft.evaluation.document.blocks import (
    Block,
    Cell,
    Document,
    Figure,
    Heading,
    Items,
    Paragraph,
    Table,
)
from kerasoft.evaluation.document.inline import Span, one_line, spans, visible

WIDE = 800  # CSS pixels; wider figures are not shrunk to the width of a phone but scroll there

# The policy is a second fence: whatever a name smuggled in, nothing is run or loaded. Printed
# pages are light, as the dark style is for screens alone.
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{light}</style>
<style media="screen and (prefers-color-scheme: dark)">{dark}</style>
</head>
<body>
<header>
<h1 id="{anchor}">{title}</h1>
<button type="button" hidden></button>
{contents}
</header>
<main>
{blocks}
</main>
<script>{script}</script>
</body>
</html>
"""


def render_html(document: Document) -> str:
    """The whole page, with style, script and figures, light and dark, inside it."""
    light, dark, script = (_resource(name) for name in ("light.css", "dark.css", "page.js"))
    headings = [block for block in document.blocks if isinstance(block, Heading)]
    anchor, *ids = anchors([document.title, *(heading.text for heading in headings)])
    targets = iter(ids)
    return PAGE.format(
        policy=_policy(styles=(light, dark), script=script),
        title=_escape(document.title),
        anchor=_escape(anchor),
        light=light,
        dark=dark,
        contents=_contents(headings, ids),
        blocks="\n".join(
            _heading(block, next(targets)) if isinstance(block, Heading) else _block(block)
            for block in document.blocks
        ),
        script=script,
    )


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _policy(styles: Sequence[str], script: str) -> str:
    hashes = " ".join(map(_hash, styles))
    return (
        f"default-src 'none'; img-src data:; style-src {hashes}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _escape(text: str) -> str:
    """`text` as it is, for elements and attributes."""
    return escape(one_line(text))


def _contents(headings: Sequence[Heading], ids: Sequence[str]) -> str:
    """Links to the sections, where there are several."""
    links = [
        f'<li><a href="#{_escape(anchor)}">{_escape(heading.text)}</a></li>'
        for heading, anchor in zip(headings, ids, strict=True)
        if heading.level == 2
    ]
    items = "\n".join(links)
    return f'<nav aria-label="Contents">\n<ul>\n{items}\n</ul>\n</nav>' if links[1:] else ""


def _heading(heading: Heading, anchor: str) -> str:
    tag = f"h{heading.level}"
    return f'<{tag} id="{_escape(anchor)}">{_escape(heading.text)}</{tag}>'


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            return f"<p>{_inline(block.text)}</p>"
        case Items():
            items = "\n".join(f"<li>{_inline(text)}</li>" for text in block.texts)
            return f"<ul>\n{items}\n</ul>"
        case Table():
            return _table(block)
        case Figure():
            return _figure(block)


def _inline(text: str) -> str:
    return "".join(map(_span, spans(text)))


def _span(span: Span) -> str:
    text = escape(span.text)
    match span.kind:
        case "bold":
            return f"<strong>{text}</strong>"
        case "code":
            return f"<code>{text}</code>"
        case "link":
            return f'<a href="{escape(span.url)}">{text}</a>'
        case "text":
            return text


def _scrolling(label: str, content: str) -> str:
    """A container that scrolls sideways, also by keyboard, so that the page need not."""
    return f'<div role="group" aria-label="{_escape(label)}" tabindex="0">\n{content}\n</div>'


def _table(table: Table) -> str:
    caption = f"<figcaption>{_inline(table.caption)}</figcaption>\n" if table.caption else ""
    names = "".join(
        f'<th scope="col"{_side(table, column)}>{_escape(name)}</th>'
        for column, name in enumerate(table.header)
    )
    rows = "\n".join(_row(table, row) for row in table.cells)
    head = f"<thead>\n<tr>{names}</tr>\n</thead>\n" if any(table.header) else ""
    content = f"<table>\n{head}<tbody>\n{rows}\n</tbody>\n</table>"
    return f"<figure>\n{caption}{_scrolling(visible(table.caption) or 'Table', content)}\n</figure>"


def _row(table: Table, cells: Sequence[Cell]) -> str:
    first, *others = (
        f"{_side(table, column)}{_value(cell)}>{_inline(cell.text)}"
        for column, cell in enumerate(cells)
    )
    return f'<tr><th scope="row"{first}</th>{"".join(f"<td{o}</td>" for o in others)}</tr>'


def _side(table: Table, column: int) -> str:
    return ' class="right"' if column in table.right else ""


def _value(cell: Cell) -> str:
    """What the script sorts by, as JavaScript reads numbers."""
    if cell.value is None or math.isnan(cell.value):
        return ""
    return f' data-value="{float(cell.value)!r}"'.replace("inf", "Infinity")


def _figure(figure: Figure) -> str:
    schemes = {"light": figure.light, "dark": figure.dark} if figure.dark else {"": figure.light}
    pictures = "\n".join(_image(figure.alt, png, scheme) for scheme, png in schemes.items())
    if _shown_size(figure.light)[0] > WIDE:
        pictures = _scrolling("Figure", pictures)
    caption = f"\n<figcaption>{_inline(figure.caption)}</figcaption>" if figure.caption else ""
    return f"<figure>\n{pictures}{caption}\n</figure>"


def _image(alt: str, png: bytes, scheme: str) -> str:
    width, height = _shown_size(png)
    classes = f"{scheme} wide".lstrip() if width > WIDE else scheme
    look = f'class="{classes}" ' if classes else ""
    return (
        f'<img {look}width="{width}" height="{height}" alt="{_escape(alt)}" '
        f'src="data:image/png;base64,{base64.b64encode(png).decode()}">'
    )


def _shown_size(png: bytes) -> tuple[int, int]:
    """Width and height in CSS pixels, from the chunk that comes first."""
    width, height = struct.unpack(">II", png[16:24])
    return width // 2, height // 2
