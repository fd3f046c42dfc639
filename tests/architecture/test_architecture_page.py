"""docs/architecture.md names modules, classes and functions that there are."""

import re
from importlib import import_module

import pytest

from tests.support.sources import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
KIT = re.findall(r"`([a-z]+)\.([A-Z]\w+)(?:\.(\w+))?`", PAGE)
CLAIMS = re.findall(r"claims `decide\.(\w+)`", PAGE)
FILES = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py|[a-z]+\.py)`", PAGE)
FOLDERS = (
    "services/claims/src/waybond_claims",
    "services/tracking/src/waybond_tracking",
    "services/signals/src/waybond_signals",
    "deploy/local/src/waybond_local",
    "shared/contracts/src",
    ".",
)


@pytest.mark.parametrize(("module", "name", "method"), KIT, ids=lambda part: part or "-")
def test_what_it_names_in_the_kit_is_there(module: str, name: str, method: str) -> None:
    found = getattr(import_module(f"waybond_kit.{module}"), name)
    assert not method or hasattr(found, method)


@pytest.mark.parametrize("name", CLAIMS)
def test_what_it_names_in_claims_is_there(name: str) -> None:
    assert hasattr(import_module("waybond_claims.decide"), name)


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_there(name: str) -> None:
    assert any((ROOT / folder / name).exists() for folder in FOLDERS)


def test_it_names_many() -> None:
    assert len(KIT) > 10
    assert len(CLAIMS) >= 2
    assert len(FILES) > 5
