"""What a document consists of."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kerasoft.errors import InvalidArgumentError

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Heading:
    """A section's name; no markup. Level 2 is a section, level 3 a part of one."""

    text: str
    level: int = 2

    def __post_init__(self):
        if self.level not in (2, 3):
            raise InvalidArgumentError("`level` must be 2 or 3.", level=self.level)


@dataclass(frozen=True)
class Paragraph:
    """Text with inline markup: **bold**, `code`, [text](url), none of them in another.

    Links lead to http(s) and relative addresses, also to headings by their GitHub anchors
    (`#how-it-was-run`); with any other address they are shown as they were written. A backslash
    takes the meaning from a special character, `literal` does so for a whole text.
    """

    text: str


@dataclass(frozen=True)
class Items:
    """A list with bullets; the items have inline markup."""

    texts: Sequence[str]


@dataclass(frozen=True)
class Cell:
    """An entry of a table.

    Attributes:
        text: What is shown, with inline markup.
        value: What the column is sorted by; a cell without one, or with NaN, comes last.
    """

    text: str
    value: float | None = None


@dataclass(frozen=True)
class Table:
    """Rows under a header; the first column names the rows.

    Attributes:
        header: Names of the columns; no markup. One without a name cannot be sorted by, and
            without any there is no header.
        rows: As many cells each as there are names; text alone is a cell without a value. A
            column in which no cell has a value is sorted by its text.
        right: Columns that are aligned to the right, counted from 0.
        caption: What the table shows, with inline markup; may be empty.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    right: Sequence[int] = ()
    caption: str = ""

    def __post_init__(self):
        columns = len(self.header)
        if not columns:
            raise InvalidArgumentError("`header` must name a column.", header=self.header)
        for row in self.rows:
            if len(row) != columns:
                raise InvalidArgumentError(f"A row must have {columns} cells.", row=row)
        if not set(self.right) <= set(range(columns)):
            raise InvalidArgumentError(
                f"`right` must hold columns from 0 to {columns - 1}.", right=self.right
            )

    @property
    def cells(self) -> list[list[Cell]]:
        """The rows, with text alone as a cell."""
        return [[Cell(one) if isinstance(one, str) else one for one in row] for row in self.rows]


@dataclass(frozen=True)
class Figure:
    """A picture, shown at half its pixels or smaller, so that it is sharp on dense screens.

    Attributes:
        name: Of its file, without the extension: letters, digits, ".", "_" and "-".
        alt: What the picture shows, for those who do not see it; no markup.
        caption: The text below it, with inline markup.
        light: A PNG file's content, for light pages.
        dark: Likewise for dark pages; None shows the light one there too.
    """

    name: str
    alt: str
    caption: str
    light: bytes
    dark: bytes | None = None

    def __post_init__(self):
        check_file_name(self.name)
        for picture in (self.light, self.dark):
            if picture is not None and not (picture.startswith(_PNG) and len(picture) > 24):
                raise InvalidArgumentError(
                    "A figure must be a PNG file's content.", name=self.name, start=picture[:8]
                )


Block = Heading | Paragraph | Items | Table | Figure


@dataclass(frozen=True)
class Document:
    """A title, which has no markup, and what follows it; no two figures have one name."""

    title: str
    blocks: Sequence[Block]

    def __post_init__(self):
        names = [figure.name for figure in self.figures]
        if len(set(names)) < len(names):
            raise InvalidArgumentError("Figures must have names of their own.", names=names)

    @property
    def figures(self) -> list[Figure]:
        """All figures, in order."""
        return [block for block in self.blocks if isinstance(block, Figure)]


def check_file_name(name: str) -> None:
    """Raises `InvalidArgumentError` unless `name` is a plain file name, fit for a link."""
    if not _FILE_NAME.fullmatch(name):
        raise InvalidArgumentError(
            "`name` must be letters, digits, '.', '_' and '-', the first no mark.", name=name
        )
