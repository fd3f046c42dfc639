"""What the documents list is what the code has."""

import re

import pytest

from tests.support.sources import ROOT
from waybond_kit.settings import Settings
from waybond_pricing.app import PricingSettings

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PricingSettings.model_fields)
def test_every_setting_of_a_service_is_in_the_table(name: str) -> None:
    """The kit's settings are those of every service; pricing alone has some of its own."""
    assert f"`{name.upper()}`" in OPERATIONS


def test_the_table_lists_no_setting_that_there_is_not() -> None:
    rows = re.findall(r"^\| (`[A-Z_`, ]+) \| .+ \| .+ \|$", OPERATIONS, re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"[A-Z_]+", row)}
    assert len(listed) > len(Settings.model_fields) / 2
    assert {name.lower() for name in listed} <= set(PricingSettings.model_fields)
