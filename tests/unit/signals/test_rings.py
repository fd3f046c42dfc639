"""Rings and innocent look-alikes, all of them synthetic: what the facts make of them, as docs/signals.md tells it."""

from tests.support.rings import measured, table
from tests.support.sources import ROOT


def test_the_page_says_what_is_measured() -> None:
    page = (ROOT / "docs" / "signals.md").read_text(encoding="utf-8").splitlines()
    rows = list(table(measured(2)))
    at = page.index(rows[0])
    assert page[at : at + len(rows)] == rows
