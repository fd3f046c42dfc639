"""Hostile and broken input: fuzzed records, rubbish in a row, our own rubbish, records of the largest size, a wrong
partitioner."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice

import asyncpg

from tests.chaos import fuzz
from tests.chaos.entry import RELEASE
from tests.chaos.flow import SOURCE, Record
from tests.chaos.harms.harm import Dose, Harm
from tests.chaos.lives import life
from tests.chaos.operator import faults, settle_all
from tests.chaos.releases import MARK, MENDED
from tests.chaos.world import World
from tests.support.patience import within
from waybond_contracts.envelope import Envelope
from waybond_contracts.publishing import message
from waybond_contracts.registry import PROGRESS_TYPE, Progress
from waybond_contracts.topics import MAX_RECORD_BYTES, ORDERS, POLICIES, SHIPMENTS

FUZZED_RECORDS = 250_000
"""A round. Twice as many take a quarter of an hour on two cores, and leave too little time for the other kinds."""
BAD_RECORDS = 50_000
SETTLED_EVERY_RECORDS = 25_000
"""What is held is settled after so many, or lines would grow longer than an operator can work through."""
POLL_SECONDS = 0.2
PATIENCE_SECONDS = 240.0
QUARANTINED = "waybond_quarantined_total"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def fuzzed(world: World, dose: Dose) -> None:
    """Records by a grammar of what is almost right, among the good ones; an operator settles what is held by them."""
    records = fuzz.records(dose.draw, int(FUZZED_RECORDS * dose.amount))
    while poured := await world.flow.pour_among(islice(records, SETTLED_EVERY_RECORDS)):
        dose.tally["fuzzed records"] += poured
        dose.tally["commands about held records"] += await settle_all(world, PATIENCE_SECONDS)
    found = await faults(world)
    assert not found, found


async def rubbish(world: World, dose: Dose) -> None:
    """A platform sends what nobody can read, without end: it is kept, and no shard stops."""
    count = int(BAD_RECORDS * dose.amount)
    starts = [member.starts for member in world.members("tracking")]
    kept, told = await _kept(world), await world.metric(QUARANTINED, "tracking")
    bound = world.meter.answers["bound"]
    records: Iterator[Record] = ((SHIPMENTS, None, dose.draw.randbytes(60), (), None) for _ in range(count))
    dose.tally["bad records of a platform"] += await world.flow.pour(records)
    async with within(PATIENCE_SECONDS):
        while await _kept(world) < kept + count:
            await asyncio.sleep(POLL_SECONDS)
    dose.tally["orders bound meanwhile"] += world.meter.answers["bound"] - bound
    assert not await _stopped(world, "tracking"), "bad records of a platform stopped a shard"
    if [member.starts for member in world.members("tracking")] == starts:  # a counter begins anew with its process
        raised = await world.metric(QUARANTINED, "tracking") - told
        assert raised >= count, f"{count} bad records are kept, and the metric for the alert rose by {raised}"


async def _kept(world: World) -> int:
    async with world.administrator() as connection:
        return await connection.fetchval("SELECT count(*) FROM tracking.quarantine") or 0


async def our_own(world: World, dose: Dose) -> None:
    """A bad release of pricing wrote what nobody can read: its readers stop, until one is deployed that can."""
    count = int(BAD_RECORDS * dose.amount)
    envelope = Envelope(id="bad", type=PROGRESS_TYPE, source="/waybond/pricing", time=LONG_AGO, knownat=LONG_AGO)
    value = MARK + Progress(through=LONG_AGO).model_dump_json().encode()
    partitions = world.size.partitions
    records: Iterator[Record] = (
        (POLICIES, None, value, envelope.headers(), number % partitions) for number in range(count)
    )
    dose.tally["bad records of our own"] += await world.flow.pour(records)
    async with within(PATIENCE_SECONDS):
        for service in ("tracking", "claims"):
            while not any("BreakerError" in why for why in (await _stopped(world, service)).values()):
                await asyncio.sleep(POLL_SECONDS)
            dose.tally["shards stopped"] += len(await _stopped(world, service))
    await asyncio.sleep(max(0.0, dose.left_seconds))
    for member in world.members("tracking", "claims"):
        await world.crew.remove(member)
        await world.crew.add(member.name, member.service, {**member.environment, RELEASE: MENDED})


async def _stopped(world: World, service: str) -> Mapping[str, str]:
    """The shards that a service's members have and do not work on, and why."""
    found: dict[str, str] = {}
    for member in world.members(service):
        closed = (await world.health(member)).get("closed_shards", {})
        found |= {number: why for number, why in closed.items() if why != "opening"}
    return found


async def sizes(world: World, dose: Dose) -> None:
    """An order of exactly the size that a record may have, and one of a byte more; where they belong, and elsewhere."""
    kept = {}
    for number, more in enumerate((0, 1) * 2):
        order = life(dose.draw, f"size{dose.draw.getrandbits(40)}").order
        topic, key, value, headers = message(order.placed(datetime.now(UTC)), source=SOURCE)
        partition = zlib.crc32(key) % world.size.partitions if number >= 2 else None
        if not more:
            world.flow.meter.expect(key.decode(), pays=False)
        value = value.ljust(MAX_RECORD_BYTES + more)
        known = await world.flow.send(topic, key, value, headers, partition)
        if more:
            kept[known.partition, known.offset] = value
        else:
            world.flow.meter.known(key.decode(), pays=False)
        dose.tally["records of a byte too much" if more else "records of the largest size"] += 1
    async with within(PATIENCE_SECONDS), world.administrator() as connection:
        for place, value in kept.items():
            while await _quarantined(connection, *place) != value:
                await asyncio.sleep(POLL_SECONDS)


async def _quarantined(connection: asyncpg.Connection, shard: int, offset: int) -> bytes | None:
    statement = "SELECT value FROM pricing.quarantine WHERE topic = $1 AND shard = $2 AND record_offset = $3"
    return await connection.fetchval(statement, ORDERS, shard, offset)


async def misplaced(world: World, dose: Dose) -> None:
    """All platforms partition by CRC-32, as librdkafka does where nobody told it otherwise."""
    before = world.flow.placed
    world.flow.misplaced = True
    try:
        await asyncio.sleep(max(2.0, dose.left_seconds))
    finally:
        world.flow.misplaced = False
    dose.tally["orders in a wrong shard, most of"] += world.flow.placed - before


HARMS = (
    Harm("fuzz", "records by a grammar of what is almost right, among the good ones", fuzzed),
    Harm("rubbish", "a platform sends bad records in a row", rubbish),
    Harm("own-rubbish", "bad records of our own making: shards stop, and come back with the fix", our_own),
    Harm("sizes", "records of exactly the size limit, and of a byte more", sizes),
    Harm("partitioner", "a producer with the wrong partitioner", misplaced),
)
