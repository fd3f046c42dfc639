"""Reads a wording's file for people: what is wrong with it comes with the line it stands on."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from waybond_contracts.errors import ContractError
from waybond_contracts.fields import MAX_DOCUMENT_CHARACTERS
from waybond_contracts.wording import Wording, parse
from waybond_local.wordings import locator
from waybond_local.wordings.locator import Places

MAX_FILE_BYTES = 4 * MAX_DOCUMENT_CHARACTERS
"""No character takes more than four bytes."""
_LINE = re.compile(r"\(at line (\d+), column \d+\)")


class UnreadableError(ValueError):
    """A file that is no wording: its line, counted from 1, and what is wrong there."""

    def __init__(self, file: str, line: int, error: ContractError) -> None:
        self.file, self.line, self.error = file, line, error
        super().__init__(f"{file}:{line}: {error}")


@dataclass(frozen=True)
class Read:
    """A file that is a wording."""

    file: str
    body: str
    wording: Wording
    places: Places

    def line(self, path: locator.Path) -> int:
        return self.places.line(*path)


def read(path: Path) -> Read:
    """Read a wording's file. Raises UnreadableError for one that is none, and OSError."""
    with path.open("rb") as file:
        raw = file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise UnreadableError(path.name, 1, ContractError("wording", f"at most {MAX_DOCUMENT_CHARACTERS} characters"))
    try:
        return read_text(path.name, raw.decode())
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        wrong = ContractError("wording", "text in UTF-8", raw[error.start : error.end])
        raise UnreadableError(path.name, line, wrong) from None


def read_text(file: str, body: str) -> Read:
    """The same of a text, which `file` names. Raises UnreadableError."""
    try:
        wording = parse(body)
    except ContractError as error:
        raise UnreadableError(file, _line_of(body, error), error) from None
    return Read(file, body, wording, Places(body))


def path_of(field: str) -> locator.Path:
    """ "clause.2.tiers.0.share" as the key path ("clause", 2, "tiers", 0, "share")."""
    return tuple(int(part) if part.isdecimal() else part for part in field.split("."))


def _line_of(body: str, error: ContractError) -> int:
    if len(body) > MAX_DOCUMENT_CHARACTERS:
        return 1
    try:
        tomllib.loads(body)
    except tomllib.TOMLDecodeError as wrong:
        said = _LINE.search(str(wrong))
        return int(said.group(1)) if said else body.count("\n") + 1  # it says "at end of document"
    except RecursionError:
        return 1
    return Places(body).line(*path_of(error.field))
