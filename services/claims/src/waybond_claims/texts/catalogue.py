"""Reads the files of texts that are installed with the service."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from importlib.resources import files

from waybond_contracts.orders import Language

Texts = Mapping[str, Mapping[str, str]]
"""Of one language: groups of sentences, each with its key."""


def _read(name: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((files("waybond_claims") / "texts" / f"{name}.toml").read_text(encoding="utf-8"))


TEXTS: Mapping[Language, Texts] = {language: _read(language.value) for language in Language}
LOCALES: Mapping[Language, str] = {language: str(TEXTS[language]["locale"]) for language in Language}
ARRIVES_WITHIN: Mapping[str, timedelta] = {
    pays: timedelta(days=int(days)) for pays, days in _read("arrival").items() if isinstance(days, int)
}
