"""A document as Markdown, in GitHub's flavour."""

import re
from collections.abc import Iterable, Sequence

from kerasoft.evaluation.document.blocks import (
    Block,
    Document,
    Figure,
    Heading,
    Items,
    Paragraph,
    Table,
)
from kerasoft.evaluation.document.inline import Span, one_line, spans

# Where a backslash must stand for a line not to become a heading, a list or a rule.
_LINE_START = re.compile(r"^(\d+(?=[.)](?: |$))|(?=#|[-+](?: |$)|-[- ]*$))")


def render_markdown(document: Document) -> str:
    """The whole page; figures are links to PNG files beside it."""
    parts = [f"# {_heading_text(document.title)}", *map(_block, document.blocks)]
    return "\n\n".join(parts) + "\n"


def escape(text: object) -> str:
    """`text` on one line, with nothing in it that Markdown would take for markup."""
    return _escape(one_line(str(text)))


def table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """A Markdown table of finished cells; `right` names the columns to align to the right."""
    rule = ["---:" if column in right else "---" for column in range(len(header))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *rows])


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {_heading_text(block.text)}"
        case Paragraph():
            return _line(block.text)
        case Items():
            return "\n".join(f"- {_line(text)}" for text in block.texts)
        case Table():
            return _captioned(block)
        case Figure():
            picture = f"![{escape(block.alt)}]({block.name}.png)"
            return f"{picture}\n\n{_line(block.caption)}".rstrip()


def _captioned(block: Table) -> str:
    rows = [[_inline(cell.text) for cell in row] for row in block.cells]
    text = table([escape(name) for name in block.header], rows, block.right)
    return f"{_line(block.caption)}\n\n{text}".lstrip()


def _heading_text(text: str) -> str:
    return re.sub(r"(#+)$", r"\\\1", escape(text))  # a # at the end would be dropped


def _line(text: str) -> str:
    """Inline markup at the start of a line, where some characters begin a heading or a list."""
    return _LINE_START.sub(r"\1\\", _inline(text))


def _inline(text: str) -> str:
    return "".join(map(_span, spans(text)))


def _escape(line: str) -> str:
    # A "!" at the end might stand before a link, which would become an image; an underscore
    # within a word, as in log_softmax, is itself, elsewhere it may be emphasis.
    edge = r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"
    return re.sub(rf"([\\`*\[\]<>|~$]|{edge}|&(?=#?\w)|!$)", r"\\\1", line)


def _span(span: Span) -> str:
    match span.kind:
        case "bold":
            return f"**{_escape(span.text)}**"
        case "link":
            return f"[{_escape(span.text)}]({span.url.replace('&', '&amp;')})"
        case "code":  # between backticks neither they nor a table's bars can be escaped
            hard = re.search("[`|]", span.text)
            return f"<code>{_escape(span.text)}</code>" if hard else f"`{span.text}`"
        case "text":
            return _escape(span.text)
