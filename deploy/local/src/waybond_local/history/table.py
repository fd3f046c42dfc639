"""Reads gzipped CSV tables of history row by row, with errors that name the file, the line and the column."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from importlib.resources.abc import Traversable
from io import TextIOWrapper
from pathlib import Path

Row = dict[str, str]


class HistoryError(Exception):
    """A history file that cannot be read at all: missing, not gzip, or without a column that is needed."""


class CellError(ValueError):
    """One cell that cannot be read: names the column, what was expected and what is there."""

    def __init__(self, column: str, expected: str, got: str) -> None:
        super().__init__(f"{column}: expected {expected}, got {got[:80]!r}")
        self.column = column


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that could not be read: its line in the file (the header is line 1), why, and its cells."""

    file: str
    line: int
    reason: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Something that the data says against itself. What it is about stays in the history."""

    kind: str
    about: str
    detail: str


def read_rows(file: Path | Traversable, columns: Sequence[str], rejected: list[Rejected]) -> Iterator[tuple[int, Row]]:
    """Yield (line, row by column name) of a gzipped CSV; a row with another number of cells goes to `rejected`.

    Raises HistoryError where the file is missing, is no gzip or lacks one of `columns`.
    """
    try:
        with file.open("rb") as raw, gzip.open(raw) as plain:
            lines = csv.reader(TextIOWrapper(plain, encoding="utf-8-sig", newline=""))
            header = next(lines, [])
            missing = [column for column in columns if column not in header]
            if missing:
                raise HistoryError(f"{file.name}: expected the columns {', '.join(missing)}, got {', '.join(header)}")
            for cells in lines:
                if len(cells) == len(header):
                    yield lines.line_num, dict(zip(header, cells, strict=True))
                else:
                    reason = f"expected {len(header)} cells, got {len(cells)}"
                    rejected.append(Rejected(file.name, lines.line_num, reason, tuple(cells)))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise HistoryError(f"{file.name}: expected a gzipped CSV in UTF-8: {error}") from error


def cents(row: Mapping[str, str], column: str) -> int:
    """Read a decimal amount with at most two decimals as minor units. Raises CellError."""
    text = row[column]
    try:
        scaled = Decimal(text) * 100
    except InvalidOperation as error:
        raise CellError(column, "an amount such as 12.50", text) from error
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise CellError(column, "an amount with at most 2 decimals", text)
    if not 0 <= scaled < 2**53:
        raise CellError(column, "an amount from 0 to 9e13", text)
    return int(scaled)


def count(row: Mapping[str, str], column: str) -> int:
    """Read a whole number of at most 15 digits. Raises CellError."""
    text = row[column]
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise CellError(column, "a whole number", text)
    return int(text)


def iso_date(row: Mapping[str, str], column: str) -> date:
    """Read the date of an ISO 8601 date or date and time. Raises CellError."""
    try:
        return date.fromisoformat(row[column][:10])
    except ValueError as error:
        raise CellError(column, "a date such as 2017-10-02", row[column]) from error
