"""People at the desk: keys for them, and cases with questions that they can decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from tests.support.claims import complaint, day, issued, only, placed
from tests.support.kit import World, eventually
from waybond_claims.desk.inbox import Waiting
from waybond_contracts.event import Event
from waybond_kit import apikeys
from waybond_local.people import add_person

MISSING = """
[[clause]]
id = "M"
peril = "missing"
trigger = "claim"
tiers = [{ share = "1.00" }]
"""
FIFTY = '\n[authority]\nadjuster = { amount = "50" }\n'
OPENED = datetime.fromisoformat("2026-01-06T12:00:00Z")


async def person(
    world: World, author: str, role: str, limits: Mapping[str, int] | None = None, tenant: str = "demo"
) -> dict[str, str]:
    """Let somebody in; the header with their key."""
    return {"authorization": f"Bearer {await add_person(world.admin_dsn, tenant, author, role, limits or {})}"}


async def machine(world: World, tenant: str = "demo") -> dict[str, str]:
    """A key of the tenant's platform."""
    key = apikeys.new_key()
    connection = await asyncpg.connect(world.admin_dsn, server_settings={"search_path": "claims"})
    try:
        await apikeys.add_key(connection, tenant, key)
    finally:
        await connection.close()
    return {"authorization": f"Bearer {key}"}


def orders_with_a_question(names: Sequence[str], body: str = MISSING) -> list[Event]:
    """For each name an order of 100 dollars; its buyer misses something, and a person is asked."""
    events = (placed(), issued(only(body)), complaint(day(5), "MISSING_PARTS"))
    return [event.model_copy(update={"order_id": name}) for name in names for event in events]


async def ask(world: World, *names: str, body: str = MISSING) -> dict[str, dict[str, Any]]:
    """Let these orders come with a question each; the inbox's rows by order id."""
    await world.publish(*orders_with_a_question(names, body), known_at=day(0))

    async def look() -> dict[str, dict[str, Any]]:
        rows = await world.query("claims", "SELECT * FROM inbox")
        found = {row["order_key"].rsplit("/", 1)[1]: dict(row) for row in rows}
        return {name: found[name] for name in names if name in found}

    return await eventually(look, lambda found: len(found) == len(names))


def waiting(number: int, **fields: Any) -> Waiting:
    """A row of the inbox that differs from all others by its number."""
    known: dict[str, Any] = {
        "order_key": f"demo/shop/{number:06}",
        "referral_id": f"r-{number:06}",
        "reason": "answer_missing",
        "role": "adjuster",
        "minor": 100 * number,
        "currency": "USD",
        "answer_by": OPENED + timedelta(days=3, minutes=number),
        "opened_at": OPENED + timedelta(minutes=number),
        "version": 2,
        "question": "Is it to be paid?",
        "choices": ("pay", "do_not_pay"),
        "assignee": "",
        "snoozed_until": None,
        "boosted": False,
        "notes": 0,
        "proposed_by": "",
        "suggestion": "",
        "why": "",
    }
    return Waiting(**(known | fields))
