"""The replay's driver on real Kafka: facts in order, time ahead of them, never too far ahead of the services."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.support.patience import within
from waybond_contracts import envelope
from waybond_contracts.orders import OrderCancelled
from waybond_contracts.registry import PROGRESS_TYPE
from waybond_contracts.topics import OUTSIDE
from waybond_kit.keys import partition_of
from waybond_local.replay.driver import SERVICES, STRICT, Driver, Pace, ReplayError, ServiceWatermarks, driver
from waybond_local.replay.timed import Timed

START = datetime(2014, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PARTITIONS = 2


def fact(day: int, order_id: str = "o-1") -> Timed:
    at = START + day * DAY
    return Timed(at, OrderCancelled(tenant="demo", platform="shop", order_id=order_id, occurred_at=at))


class World:
    """Three services' shards as tables, and a driver that looks at them."""

    def __init__(self, kafka: str, prefix: str, connection: asyncpg.Connection, looks: asyncpg.Connection) -> None:
        self.kafka, self.prefix, self.connection, self.looks = kafka, prefix, connection, looks

    async def reach(self, at: datetime, *services: str) -> None:
        for service in services or SERVICES:
            await self.connection.execute(f"SET search_path TO {service}")
            await self.connection.execute("UPDATE shard SET watermark = $1", at)

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[Driver]:
        """Begins on the first of January; the services have come to nothing yet."""
        async with driver(self.kafka, PARTITIONS, ServiceWatermarks(self.looks), START, self.prefix) as drives:
            yield drives

    async def told(self, topic: str, partition: int = 0) -> list[tuple[str, datetime]]:
        """Type and time of what lies on a partition."""
        at = TopicPartition(self.prefix + topic, partition)
        found: list[tuple[str, datetime]] = []
        async with AIOKafkaConsumer(bootstrap_servers=self.kafka) as consumer:
            consumer.assign([at])
            consumer.seek(at, 0)
            end = (await consumer.end_offsets([at]))[at]
            while await consumer.position(at) < end:
                for record in (await consumer.getmany(at, timeout_ms=200)).get(at, ()):
                    made, data = envelope.read(record.headers, record.value)
                    through = json.loads(data).get("through")
                    assert made.knownat is not None
                    found.append(
                        (made.type, datetime.fromisoformat(through) if made.type == PROGRESS_TYPE else made.knownat)
                    )
        return found


@pytest.fixture
async def world(
    kafka: str, database: str, topic_prefix: str, new_topics: Callable[..., Awaitable[None]]
) -> AsyncIterator[World]:
    await new_topics([topic_prefix + topic for topic in sorted(OUTSIDE)], partitions=PARTITIONS)
    connection = await asyncpg.connect(database)
    for service in SERVICES:
        await connection.execute(f'CREATE SCHEMA "{service}"')
        await connection.execute(f'CREATE TABLE "{service}".shard (shard int PRIMARY KEY, watermark timestamptz)')
        await connection.execute(f'INSERT INTO "{service}".shard SELECT generate_series(0, {PARTITIONS - 1})')
    looks = await asyncpg.connect(database)
    yield World(kafka, topic_prefix, connection, looks)
    await looks.close()
    await connection.close()


def kinds(told: list[tuple[str, datetime]]) -> list[str]:
    return [name.removeprefix("io.waybond.") for name, _ in told]


async def test_the_clock_starts_on_every_topic_and_partition_from_outside(world: World) -> None:
    async with world.driver():
        pass
    for topic in sorted(OUTSIDE):
        for partition in range(PARTITIONS):
            told = await world.told(topic, partition)
            assert kinds(told) == ["Progress"]
            assert told[0][1] < START


async def test_time_is_told_ahead_of_each_fact_and_behind_the_one_before(world: World) -> None:
    async with world.driver() as drives:
        await world.reach(START + 100 * DAY)
        await drives.tell([fact(0), fact(2), fact(9)], Pace(), lambda through, count: None)
    partition = partition_of(b"demo/shop/o-1", PARTITIONS)
    told = await world.told("orders", partition)
    instants = [at for _, at in told]
    assert instants == sorted(instants)
    assert kinds(told)[-1] == "OrderCancelled"
    assert kinds(told).count("OrderCancelled") == 3
    for index, (name, at) in enumerate(told):
        if name.endswith("OrderCancelled"):
            assert told[index - 1][0] == PROGRESS_TYPE
            assert timedelta(0) < at - told[index - 1][1] < timedelta(seconds=1)


async def test_nothing_is_told_on_the_payment_systems_topic_after_the_start(world: World) -> None:
    async with world.driver() as drives:
        await world.reach(START + 100 * DAY)
        await drives.pass_time(START + DAY, STRICT)
    assert kinds(await world.told("refund-results")) == ["Progress"]
    assert kinds(await world.told("disputes"))[-1] == "Progress"


async def test_facts_wait_for_the_slowest_service(world: World) -> None:
    partition = partition_of(b"demo/shop/o-1", PARTITIONS)
    async with world.driver() as drives:
        await world.reach(START)
        await world.reach(START - 10 * DAY, "claims")
        telling = asyncio.create_task(drives.tell([fact(5)], Pace(lead=3 * DAY), lambda through, count: None))
        await asyncio.sleep(0.5)  # that nothing happens is what is looked for
        assert "OrderCancelled" not in kinds(await world.told("orders", partition))
        await world.reach(START + 2 * DAY)
        await telling
    assert "OrderCancelled" in kinds(await world.told("orders", partition))


async def test_a_service_that_stands_still_ends_the_replay_with_its_instant(world: World) -> None:
    async with world.driver() as drives:
        await world.reach(START)
        with pytest.raises(ReplayError, match=r"stands at 2014-01-01 .* 2014-01-03 .* was expected"):
            await drives.wait(START + 2 * DAY, patience_seconds=0.2)


async def test_a_service_without_a_watermark_is_waited_for(world: World) -> None:
    async with world.driver() as drives:
        await world.reach(START, "pricing", "tracking")
        with pytest.raises(ReplayError, match="stands at None"):
            await drives.wait(START, patience_seconds=0.2)


async def test_time_that_was_told_already_is_refused(world: World) -> None:
    await world.reach(START + DAY)
    with pytest.raises(ReplayError, match="was told the time up to 2014-01-02"):
        async with world.driver():
            pass


async def test_an_event_is_published_under_the_same_id_in_every_replay(world: World) -> None:
    async with world.driver() as drives:
        await drives.publish([fact(1), fact(1)])
    at = TopicPartition(world.prefix + "orders", partition_of(b"demo/shop/o-1", PARTITIONS))
    async with AIOKafkaConsumer(bootstrap_servers=world.kafka) as consumer:
        consumer.assign([at])
        consumer.seek(at, 0)
        records: list[Any] = []
        async with within(30):
            while len(records) < 2:
                found = await consumer.getmany(at, timeout_ms=200)
                records += [record for record in found.get(at, ()) if record.key]
    ids = {envelope.read(record.headers, record.value)[0].id for record in records}
    assert len(records) == 2
    assert len(ids) == 1
    assert records[0].key == b"demo/shop/o-1"
