"""A document of headings, text, tables and figures, written as Markdown and as one HTML page."""

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
from kerasoft.evaluation.document.inline import literal
from kerasoft.evaluation.document.write import write_document

__all__ = [
    "Block",
    "Cell",
    "Document",
    "Figure",
    "Heading",
    "Items",
    "Paragraph",
    "Table",
    "literal",
    "write_document",
]
