"""Versions of the services' code for deploys: the one that is here, an older one, a mended one, a broken one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version as installed
from typing import Any

from waybond_contracts.topics import OPERATOR_COMMANDS
from waybond_kit.definition import Definition
from waybond_kit.door import Door, Item, Raw

OLDER, MENDED, LOSING = "older", "mended", "losing"
MARK = b"v2:"
"""What a bad release of a service put before its control records; nobody can read them but the mended one."""


@dataclass(frozen=True, slots=True)
class Release:
    """`of` makes a service's definition into that of this version."""

    suffix: str = ""
    of: Callable[[Definition[Any]], Definition[Any]] = lambda definition: definition
    door: type[Door] = Door
    loses_every: int = 0
    """Of so many sends it keeps one to itself and says that the broker has it; 0: none."""

    def version(self, package: str) -> str:
        """What `importlib.metadata.version` would say of it."""
        return installed(package) + self.suffix


def release_of(name: str) -> Release:
    """The release of this name; the one that is here, for any other."""
    releases = {
        OLDER: Release("+older", _older),
        MENDED: Release("+mended", door=MendedDoor),
        LOSING: Release("+losing", loses_every=4),
    }
    return releases.get(name, Release())


def _older(definition: Definition[Any]) -> Definition[Any]:
    """The version before: tracking did not take commands of operators yet.

    While both versions share the group, that topic's partitions may lie in other hands than the rest of their shard.
    """
    if definition.name != "tracking":
        return definition
    return replace(definition, inputs=tuple(each for each in definition.inputs if each.topic != OPERATOR_COMMANDS))


class MendedDoor(Door):
    """Reads what the bad release wrote."""

    def read(self, raw: Raw) -> Item:
        if raw.value is not None and raw.value.startswith(MARK):
            raw = raw._replace(value=raw.value.removeprefix(MARK))
        return super().read(raw)
