"""What is tracked belongs to the product: no path of one machine, no secret, no large file."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.sources import ROOT, tracked_files

MAX_FILE_BYTES = 4_000_000
TEXT = [path for path in tracked_files() if path.suffix not in {".png", ".ico", ".woff2", ".gz", ".parquet"}]
HOME = re.compile(r"(?<![\w.])/(home/[a-z][\w-]*|Users/\w+|work)/\w+")
SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{36}|sk_live_[A-Za-z0-9]{16}")


def _found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in TEXT
        for number, line in enumerate(_text(path).splitlines(), 1)
        if (match := pattern.search(line))
    ]


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def test_no_path_of_one_machine() -> None:
    assert TEXT
    assert _found(HOME) == []


def test_no_secret() -> None:
    assert _found(SECRET) == []


def test_no_large_file() -> None:
    assert [str(path) for path in tracked_files() if path.stat().st_size > MAX_FILE_BYTES] == []
