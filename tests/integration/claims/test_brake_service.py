"""The brake on real Kafka and PostgreSQL: what is stopped waits, over a restart too, and is paid exactly once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.support.claims import day, issued, late, placed
from tests.support.kit import World, eventually
from waybond_claims.app import DEFINITION
from waybond_claims.service import brakes
from waybond_claims.service.brakes import Place
from waybond_contracts.claims import ClaimReferred, ReferralReason
from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.refunds import MoneyCommand
from waybond_contracts.registry import PROGRESS_TYPE, decode
from waybond_contracts.topics import CLAIMS, REFUNDS
from waybond_local.journal.replay import Place as Where
from waybond_local.journal.replay import Report, replay
from waybond_local.journal.services import audited

SHARDS = 2
OURS: Place = ("stop", "demo", "order-protection", None)
CEILING: Place = ("ceiling", "demo", "order-protection", "USD")
WHO = {"author": "anna", "reason": "odd claims"}
LATE = day(27)


@pytest.fixture
async def world(kafka: str, database: str, topic_prefix: str) -> AsyncIterator[World]:
    async with World(kafka, database, topic_prefix, partitions=SHARDS).ready(DEFINITION) as world:
        yield world


@asynccontextmanager
async def supervisor(world: World) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(world.admin_dsn, server_settings={"search_path": "claims"})
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close()


async def set_(world: World, place: Place, minor: int | None = None) -> None:
    async with supervisor(world) as connection:
        await brakes.write(connection, place, minor, **WHO)


async def release(world: World, place: Place) -> None:
    async with supervisor(world) as connection:
        await brakes.release(connection, place, **WHO)


def of(number: int, event: Event) -> Event:
    return event.model_copy(update={"order_id": f"A-{number}"})


async def covered(world: World, count: int) -> None:
    await world.publish(*(of(n, each) for n in range(count) for each in (placed(), issued())), known_at=day(0))


async def fall_due(world: World, numbers: range, at: datetime = LATE) -> None:
    await world.publish(*(of(number, late()) for number in numbers), known_at=at)


async def time_passes(world: World, through: datetime) -> None:
    await world.progress(through, *(each.topic for each in DEFINITION.inputs))


async def heard(world: World, topic: str, kind: type[Any]) -> list[Any]:
    found = []
    for record in await world.records(topic):
        headers = dict(record.headers)
        if headers["ce_type"] != PROGRESS_TYPE.encode():
            event = decode(headers["ce_type"].decode(), record.value or b"").event
            if isinstance(event, kind):
                found.append(event)
    return found


async def paid(world: World) -> Counter[int]:
    """How many commands there were for each order."""
    return Counter(int(each.order_id[2:]) for each in await heard(world, REFUNDS, MoneyCommand))


async def asked(world: World) -> set[int]:
    """The orders that were asked about since payments are stopped."""
    referred = await heard(world, CLAIMS, ClaimReferred)
    return {int(each.order_id[2:]) for each in referred if each.reason is ReferralReason.PAYMENTS_STOPPED}


async def replayed(world: World) -> list[Report]:
    place = Where(world.admin_dsn, world.kafka, SHARDS, True, world.prefix)
    connection = await asyncpg.connect(world.admin_dsn)
    try:
        service = await audited(connection, "claims", None)
    finally:
        await connection.close()
    return [(await replay(place, service, shard)).report for shard in range(SHARDS)]


async def test_what_is_stopped_as_orders_fall_due_waits_and_is_paid_once(world: World) -> None:
    """Two processes; orders 0 to 19 are due before the stop, 20 to 39 while it is set, 40 to 59 once it is known, 60 to
    69 after a restart."""
    await covered(world, 70)
    async with world.running(DEFINITION, replay=True) as one, world.running(DEFINITION, replay=True) as other:
        await world.open(one, other)
        await fall_due(world, range(20))
        await eventually(lambda: paid(world), lambda seen: seen == Counter(range(20)))

        async def one_by_one() -> None:
            for number in range(20, 40):
                await fall_due(world, range(number, number + 1))
                await asyncio.sleep(0.1)

        await asyncio.gather(one_by_one(), set_(world, OURS))
        await eventually(lambda: asked(world), lambda seen: 39 in seen or 38 in seen)
        await fall_due(world, range(40, 60))
        seen = await eventually(lambda: asked(world), lambda seen: set(range(40, 60)) <= seen)
        before = await paid(world)
        assert set(before) | seen == set(range(60))
        assert set(before).isdisjoint(seen)
        assert len(seen) > 20
    async with world.running(DEFINITION, replay=True) as one, world.running(DEFINITION, replay=True) as other:
        await world.open(one, other)
        await fall_due(world, range(60, 70))
        await eventually(lambda: asked(world), lambda seen: set(range(60, 70)) <= seen)
        assert await paid(world) == before

        await release(world, OURS)
        at = LATE

        async def later() -> Counter[int]:
            nonlocal at
            at += timedelta(minutes=20)
            await time_passes(world, at)
            return await paid(world)

        await eventually(later, lambda seen: len(seen) == 70)
    assert await paid(world) == Counter(range(70))
    assert [each for report in await replayed(world) for each in (*report.shown, report.cut) if each] == []


async def test_under_a_ceiling_each_hour_pays_its_part_and_nothing_is_lost(world: World) -> None:
    """The ceiling is five payments an hour; two batches may run at once, so that an hour has ten at most."""
    await covered(world, 30)
    await set_(world, CEILING, 5_000)
    async with world.running(DEFINITION, replay=True) as service:
        await world.open(service)
        await fall_due(world, range(30))
        for hour in range(12):
            await time_passes(world, LATE + timedelta(hours=hour))
        await eventually(lambda: paid(world), lambda seen: len(seen) == 30)
    commands = await heard(world, REFUNDS, MoneyCommand)
    hours = Counter(each.requested_at.replace(minute=0, second=0, microsecond=0) for each in commands)
    assert max(hours.values()) <= 10
    assert min(count for hour, count in hours.items() if hour < max(hours)) >= 5
    assert len(commands) == 30
    counted = await world.query("claims", "SELECT hour, sum(minor)::bigint AS minor FROM payout GROUP BY hour")
    assert {row["hour"]: row["minor"] for row in counted} == {hour: 1_000 * count for hour, count in hours.items()}
    assert [each for report in await replayed(world) for each in (*report.shown, report.cut) if each] == []
    known = await world.query("claims", "SELECT known FROM journal WHERE known <> ''")
    assert len(known) > 0


async def test_the_history_says_who_when_and_why_and_takes_no_change(world: World) -> None:
    await set_(world, OURS)
    with pytest.raises(ContractError, match="anna stopped them"):
        await set_(world, OURS)
    await release(world, OURS)
    with pytest.raises(ContractError, match="what is in force"):
        await release(world, OURS)
    rows = await world.query("claims", "SELECT released, author, reason FROM brake ORDER BY id")
    assert [tuple(row) for row in rows] == [(False, "anna", "odd claims"), (True, "anna", "odd claims")]
    with pytest.raises(asyncpg.CheckViolationError, match="only added to"):
        await world.execute("claims", "UPDATE brake SET released = true")
