"""The operator of the stack: settles the records that hold orders, which nobody but a person may decide."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import asyncpg

from tests.chaos.flow import Record
from tests.chaos.world import SERVICES, World
from tests.support.patience import within
from waybond_contracts.commands import DiscardHeld, ReleaseHeld
from waybond_contracts.publishing import message
from waybond_local.quarantine_cli import Address, command_for

SOURCE = "/waybond/operator"
LOOK_SECONDS = 1.0
SETTLE_SECONDS = 10.0
"""After so long without a change a command is given again: the first may have come before its line was as it is."""

_FIRST_IN_LINE = """
SELECT DISTINCT ON (aggregate_id) shard, topic, record_offset, order_key, reason FROM {service}.quarantine
WHERE released_at IS NULL AND aggregate_id IS NOT NULL ORDER BY aggregate_id, batch_seq, ordinal
"""
_FAULTS = "SELECT count(*), min(detail) FROM {service}.quarantine WHERE reason IN ('decide', 'save', 'wake')"


async def settle_all(world: World, patience_seconds: float) -> int:
    """Settle what holds an order, then what holds it next, until no order is held; how many commands that took.

    What cannot be read is discarded. What waited behind it is released, and discarded only if that changes nothing.

    Raises TimeoutError if some are held still after `patience_seconds`.
    """
    commanded: dict[tuple[str, str, int, int], float] = {}
    given = 0
    async with within(patience_seconds):
        while True:
            held = [(service, row) for service in SERVICES for row in await _rows(world, service, _FIRST_IN_LINE)]
            if not held:
                return given
            commands: list[Record] = []
            for service, row in held:
                address = Address(service, row["topic"], row["shard"], row["record_offset"])
                named = (address.service, address.topic, address.shard, address.offset)
                if commanded.get(named, float("-inf")) > time.monotonic() - SETTLE_SECONDS:
                    continue
                kind = ReleaseHeld if row["reason"] == "waiting" and named not in commanded else DiscardHeld
                commanded[named] = time.monotonic()
                command = command_for(kind, address, row["order_key"], "hostile input", datetime.now(UTC))
                topic, key, value, headers = message(command, source=SOURCE)
                commands.append((topic, key, value, headers, None))
            given += await world.flow.pour(commands)
            await asyncio.sleep(LOOK_SECONDS)


async def faults(world: World) -> str:
    """What `decide`, or the database, could not do with what was read: a defect of ours, whatever the input. Or ""."""
    found = [(service, row) for service in SERVICES for row in await _rows(world, service, _FAULTS)]
    return "; ".join(f"{service}: {row['count']} faults, {row['min']}" for service, row in found if row["count"])


async def _rows(world: World, service: str, statement: str) -> list[asyncpg.Record]:
    async with world.administrator() as connection:
        return await connection.fetch(statement.format(service=service))
