"""What an audit needs to know of each service: its definition, and the settings that its decide looks at."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import asyncpg

from waybond_claims.app import DEFINITION as CLAIMS
from waybond_claims.service.brakes import Brakes
from waybond_kit.definition import Definition
from waybond_local.state import SIGNALS
from waybond_pricing.app import definition as pricing
from waybond_pricing.desk import Desk
from waybond_pricing.tenants import refreshed
from waybond_pricing.tokens import QuoteKeys
from waybond_signals.app import DEFINITION as SIGNALS_DEFINITION
from waybond_tracking.app import DEFINITION as TRACKING

QUOTE_KEYS = "WAYBOND_QUOTE_KEYS"
ALL_KNOWN = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Audited:
    """A service as an audit runs it: `knowing` sets up to when its settings are known."""

    definition: Definition[Any]
    code: str
    """The version of this code."""
    knowing: Callable[[datetime | None], None] = lambda until: None
    learn: Callable[[asyncpg.Connection], Awaitable[None]] | None = None
    """Reads what the journal names of the service's own tables; called as the shard's tables are read."""

    @property
    def name(self) -> str:
        return self.definition.name


async def audited(connection: asyncpg.Connection, service: str, quote_keys: str | None) -> Audited:
    """The service with all settings that its tables hold.

    Args:
        quote_keys: those that signed quotes, "id:hex,id:hex", beside what WAYBOND_QUOTE_KEYS says. A quote whose key
            is missing reads as altered.
    """
    code = version(f"waybond-{service}")
    if service == "tracking":
        return Audited(TRACKING, code)
    if service == SIGNALS:
        return Audited(SIGNALS_DEFINITION, code)
    if service == "claims":
        return _claims(code)
    desk = Desk()
    desk.keys = keys_of(quote_keys, os.environ.get(QUOTE_KEYS))
    async with connection.transaction():
        await connection.execute("SET LOCAL search_path TO pricing")
        catalogue = (await refreshed(connection, None)).catalogue

    def knowing(until: datetime | None) -> None:
        desk.catalogue = replace(catalogue, complete_until=until or ALL_KNOWN)

    knowing(None)
    return Audited(pricing(desk), code, knowing)


def keys_of(stacks: str | None, others: str | None) -> QuoteKeys:
    """The keys of both; of two with one id the stack's counts, which has signed there."""
    own, more = (QuoteKeys.parse(keys) if keys else QuoteKeys.none() for keys in (stacks, others))
    return QuoteKeys(own.current or more.current, {**more.secrets, **own.secrets})


def inputs(services: Mapping[str, Audited]) -> dict[str, tuple[str, ...]]:
    """The topics that each service reads."""
    return {name: tuple(each.topic for each in one.definition.inputs) for name, one in services.items()}


def _claims(code: str) -> Audited:
    brakes = Brakes()

    async def learn(connection: asyncpg.Connection) -> None:
        await connection.execute("SET LOCAL search_path TO claims")
        await brakes.learn(connection)

    return Audited(replace(CLAIMS, knowing=lambda: brakes), code, learn=learn)
