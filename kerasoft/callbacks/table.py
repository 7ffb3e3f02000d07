"""Rows of numbers in a CSV file."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from kerasoft.errors import InvalidArgumentError
from kerasoft.files import replacing

_WHOLE = ("epoch", "step")


def write_rows(
    path: Path, rows: Sequence[Mapping[str, float]], first_columns: Sequence[str]
) -> None:
    """Replaces the file at once; columns are those of the first row."""
    columns = [name for name in first_columns if name in rows[0]]
    columns += [name for name in rows[0] if name not in columns]
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def read_metrics(path: str | Path) -> list[dict[str, float]]:
    """Reads the file of a `RunLogger`: a dict of numbers a row (empty cells left out).

    Raises:
        InvalidArgumentError: if the file is none.
    """
    with Path(path).open(newline="") as file:
        try:
            return [
                {name: _number(name, text) for name, text in row.items() if text}
                for row in csv.DictReader(file, strict=True)
            ]
        except (ValueError, TypeError, csv.Error) as error:
            raise InvalidArgumentError(
                f"This is no table of numbers ({error}).", path=str(path)
            ) from None


def _number(column: str, text: str) -> float:
    return int(text) if column in _WHOLE else float(text)
