"""Reads the tables that lie beside this module, and says when two words of a provider are the same one."""

import tomllib
from importlib.resources import files
from typing import Any


def read(name: str) -> dict[str, Any]:
    """The table `name`.toml. Its own tests check what is in it."""
    return tomllib.loads((files("waybond_contracts.providers") / f"{name}.toml").read_text(encoding="utf-8"))


def key(word: str) -> str:
    """What a provider's word is compared by: its ASCII letters, in capitals, and digits.

    Scenario: one system writes " 4853" with a blank, another "C08" as "c08", a third "Item not received" with blanks
    where the list has capitals and underscores.
    """
    return "".join([each for each in word.upper() if each.isascii() and each.isalnum()])
