"""Wordings for the commands that underwriters use: a plain one, to which a test adds what it is about."""

from pathlib import Path

from tests.support.sources import ROOT
from waybond_local.wordings.check import check
from waybond_local.wordings.reading import Read, read_text

PRODUCTS = sorted((ROOT / "services/pricing/src/waybond_pricing/products").glob("*.toml"))
FIELD = sorted((ROOT / "tests/fixtures/wordings").glob("*.toml"))
EXAMPLES = ROOT / "docs" / "examples"

HEAD = """product = "plain"
version = "2026.12.1"
title = { en = "Plain" }
"""
COVER = """
[cover]
limit_minor = 50000
limit_currency = "USD"
period = "P100D"
"""
LATE = """
[[clause]]
id = "LATE"
peril = "late"
clock = "order"
tiers = [{ after = "P20D", share = "0.10" }, { after = "P30D", share = "0.30" }]
"""


def wording(*parts: str, cover: str = "") -> str:
    """A wording of these clauses and exclusions; `cover` is added to its cover."""
    return HEAD + COVER + cover + "".join(parts)


def clause(fields: str, peril: str = "late", name: str = "LATE") -> str:
    """A clause with these fields."""
    return f'\n[[clause]]\nid = "{name}"\nperil = "{peril}"\n{fields}\n'


def exclusion(fields: str, name: str = "EX") -> str:
    """An exclusion with these fields."""
    return f'\n[[exclusion]]\nid = "{name}"\n{fields}\n'


def found(body: str) -> dict[str, str]:
    """What is found in a wording: by code, the text of the line that the first such finding names."""
    read = read_text("plain.toml", body)
    lines: dict[str, str] = {}
    for each in check(read):
        lines.setdefault(each.code, text_at(read, read.line(each.path)))
    return lines


def text_at(read: Read, line: int) -> str:
    """The text of a line, counted from 1."""
    return read.body.splitlines()[line - 1].strip()


def body(path: Path) -> str:
    return path.read_text(encoding="utf-8")
