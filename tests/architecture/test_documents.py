"""What the documents list is what the code has."""

import re
from pathlib import Path

import pytest

from tests.support.sources import ROOT, tracked_files
from waybond_claims.service.settings import ClaimsSettings
from waybond_kit.settings import Settings
from waybond_pricing.app import PricingSettings

PAGES = tracked_files("*.md")
LINK = re.compile(r"\]\(([^)\s]+)\)")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PricingSettings.model_fields)
def test_every_setting_of_a_service_is_in_the_table(name: str) -> None:
    """The kit's settings are those of every service; pricing alone has some of its own."""
    assert f"`{name.upper()}`" in OPERATIONS


def test_the_table_lists_no_setting_that_there_is_not() -> None:
    rows = re.findall(r"^\| (`[A-Z_`, ]+) \| .+ \| .+ \|$", OPERATIONS, re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"[A-Z_]+", row)}
    assert len(listed) > len(Settings.model_fields) / 2
    assert {name.lower() for name in listed} <= set(PricingSettings.model_fields) | set(ClaimsSettings.model_fields)


def anchor(heading: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        name, _, part = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        if part:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert part in {anchor(heading) for heading in headings}, link


def test_the_front_page_leads_to_every_page() -> None:
    front = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = {page.name for folder in ("docs", "docs/reference") for page in (ROOT / folder).glob("*.md")}
    assert len(pages) > 8
    assert {name for name in pages if name not in front} == set()
