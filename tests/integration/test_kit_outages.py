"""The broker or the database goes away, hangs, refuses, and comes back: nothing is lost, nothing outgrows a bound."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from tests.support.kit import World, amended, eventually
from tests.support.toys import PRICING
from waybond_contracts.topics import POLICIES
from waybond_kit.service import Running
from waybond_local.kafka import EmbeddedKafka
from waybond_local.postgres import EmbeddedPostgres

ORDERS_COUNT = 100


async def fill(world: World, revision: int) -> None:
    await world.publish(*(amended(f"o{order}", revision) for order in range(ORDERS_COUNT)))


async def expect_applied(world: World, revisions: int) -> None:
    states = await eventually(
        lambda: world.states("pricing"),
        lambda seen: len(seen) == ORDERS_COUNT and all(len(toy.revisions) == revisions for toy in seen.values()),
        seconds=60,
    )
    assert all(toy.revisions == tuple(range(revisions)) for toy in states.values())
    await eventually(lambda: world.ids(POLICIES), lambda ids: len(set(ids)) == ORDERS_COUNT * revisions)


async def test_the_broker_is_away_for_a_while(own_kafka: EmbeddedKafka, database: str, topic_prefix: str) -> None:
    async with (
        World(own_kafka.bootstrap, database, topic_prefix).ready(PRICING) as world,
        world.running(PRICING) as pricing,
    ):
        await world.open(pricing)
        for revision, away in enumerate((own_kafka.kill, own_kafka.stop)):
            await fill(world, revision)
            await asyncio.to_thread(away)
            await asyncio.sleep(1)  # how long it is away: no test of what has happened by then
            await asyncio.to_thread(own_kafka.start)
        await fill(world, 2)
        await expect_applied(world, 3)
        await world.open(pricing)


async def test_the_database_is_away_for_a_while(own_postgres: EmbeddedPostgres, kafka: str, topic_prefix: str) -> None:
    async with (
        World(kafka, own_postgres.dsn(), topic_prefix).ready(PRICING) as world,
        world.running(PRICING) as pricing,
    ):
        await world.open(pricing)
        for revision in range(3):
            await fill(world, revision)
            await asyncio.to_thread(own_postgres.restart, immediate=revision % 2 == 0)
        await asyncio.to_thread(own_postgres.stop, immediate=True)
        await fill(world, 3)
        await eventually(lambda: _failures(pricing), bool)
        await asyncio.to_thread(own_postgres.start)
        await expect_applied(world, 4)
        await world.open(pricing)


async def test_a_send_that_hangs_is_repeated_by_a_new_producer(
    own_kafka: EmbeddedKafka, database: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("waybond_kit.relay.SEND_SECONDS", 1.0)
    async with (
        World(own_kafka.bootstrap, database, topic_prefix).ready(PRICING) as world,
        world.running(PRICING, session_seconds=30.0) as pricing,
    ):
        await world.open(pricing)
        await fill(world, 0)
        await expect_applied(world, 1)
        sender = pricing.engine._ports.sender  # which producer sends is what is tested
        before = sender.generation
        pid = own_kafka.pid
        assert pid is not None
        async with _locked(world):  # everything is fetched, nothing committed: the broker stops just before the send
            await fill(world, 1)
            await eventually(lambda: _queued(pricing), lambda count: count == ORDERS_COUNT)
            os.kill(pid, signal.SIGSTOP)
        await eventually(lambda: _generation(sender), lambda now: now >= before + 2)
        os.kill(pid, signal.SIGCONT)
        await fill(world, 2)
        await expect_applied(world, 3)
        assert set(Counter(await world.ids(POLICIES)).values()) <= set(range(1, sender.generation + 2))
        rows = await eventually(lambda: world.query("pricing", "SELECT FROM outbox"), lambda rows: rows == [])
        assert rows == []


@asynccontextmanager
async def _locked(world: World) -> AsyncIterator[None]:
    connection = await asyncpg.connect(world.admin_dsn, server_settings={"search_path": "pricing"})
    async with connection.transaction():
        await connection.execute("SELECT FROM shard FOR UPDATE")
        yield
    await connection.close()


async def _failures(service: Running) -> dict[int, str]:
    return service.engine.failures()


async def _queued(service: Running) -> int:
    return sum(len(shard.queue) for shard in service.engine.shards())


async def _generation(sender: Any) -> int:
    return sender.generation


async def test_a_shard_pauses_while_too_much_of_it_is_unsent(
    kafka: str, database: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The topic takes nothing: what is committed waits in the outbox, and no more is decided than the bound allows."""
    monkeypatch.setattr("waybond_kit.shard.MAX_UNSENT_ROWS", 30)
    monkeypatch.setattr("waybond_kit.relay.LONGEST_PAUSE_SECONDS", 0.5)
    async with (
        World(kafka, database, topic_prefix).ready(PRICING) as world,
        world.running(PRICING, batch_records=10) as pricing,
    ):
        await world.open(pricing)
        await _largest_batch(world, POLICIES, 100)
        for revision in range(4):
            await fill(world, revision)

        async def blocked() -> list[int]:
            return [shard.unsent.count for shard in pricing.engine.shards() if shard.unsent.count > 30]

        counts = await eventually(blocked, lambda seen: len(seen) == world.partitions)
        await asyncio.sleep(2)  # that nothing happens is what is looked for
        assert await blocked() == counts and max(counts) <= 30 + 10 + 1
        assert await _blocked_shards(pricing) == set(range(world.partitions))
        await _largest_batch(world, POLICIES, 1_048_588)
        await expect_applied(world, 4)
        assert max(Counter(await world.ids(POLICIES)).values()) == 1


async def _blocked_shards(service: Running) -> set[int]:
    now = asyncio.get_running_loop().time()
    return {shard.number for shard in service.engine.shards() if shard.blocked(now)}


async def _largest_batch(world: World, topic: str, size: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=world.kafka)
    await admin.start()
    configs: Any = {"max.message.bytes": str(size), "message.timestamp.type": "LogAppendTime"}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, world.prefix + topic, configs)])
    asked = [ConfigResource(ConfigResourceType.TOPIC, world.prefix + topic, configs)]
    await eventually(lambda: admin.describe_configs(asked), lambda answers: f"'{size}'" in str(answers))
    await admin.close()


async def test_a_service_stops_although_broker_and_database_are_away(
    own_kafka: EmbeddedKafka, own_postgres: EmbeddedPostgres, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bound in ("engine.DRAIN_SECONDS", "engine.LAST_SECONDS", "consumer.LEAVE_SECONDS", "kafka.CLOSE_SECONDS"):
        monkeypatch.setattr(f"waybond_kit.{bound}", 0.5)
    async with World(own_kafka.bootstrap, own_postgres.dsn(), topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING) as pricing:
            await world.open(pricing)
            await fill(world, 0)
            await asyncio.to_thread(own_kafka.kill)
            await asyncio.to_thread(own_postgres.stop, immediate=True)
        assert pricing.engine.stopping and not pricing.engine.alive


async def test_a_batch_that_takes_longer_than_a_transaction_may_is_halved_until_it_fits(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """Without it the shard would begin the same batch again and again."""
    facts = 40
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        await world.publish(*(amended("o1", revision, "slow:0.08") for revision in range(facts)))
        async with world.running(PRICING, idle_in_transaction_seconds=1.0):
            states = await eventually(
                lambda: world.states("pricing"),
                lambda seen: "o1" in seen and len(seen["o1"].revisions) == facts,
            )
        assert states["o1"].revisions == tuple(range(facts))
