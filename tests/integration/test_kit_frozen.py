"""A process that is frozen, wherever it is, keeps none of its shards, and writes nothing once it goes on.

Frozen: a paused container, a virtual machine that moves, a laptop whose lid is closed. Its sessions stay open.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from tests.chaos.proxy import Proxy, Weather
from tests.support.kit import PASSWORD, SESSION_SECONDS, World, amended, eventually
from tests.support.patience import ended
from tests.support.points import AFTER_LEFTOVERS, BATCH_POINTS, DEED, FREEZE, POINT, TAKEOVER_POINTS
from tests.support.toy_processes import Forked, Processes, applied, old_batches, owners, stands_still
from tests.support.toys import PRICING
from waybond_kit import database as databases
from waybond_kit.errors import LostError
from waybond_kit.outbox import pack_headers
from waybond_kit.store import BLOCKED_SECONDS, FROZEN_SECONDS, PostgresStore
from waybond_local.processes import free_ports

pytestmark = pytest.mark.xdist_group("frozen")

ORDERS = 200
MOVED_WITHIN_SECONDS = SESSION_SECONDS + 5.0
"""Of the reference machine: on a slower one both grow."""
MOST_BYTES = 40_000
"""As much as a process says to its database from its first batch of ORDERS orders to its last."""

NewDatabase = Callable[[], Awaitable[str]]


async def publish(world: World, revision: int) -> None:
    await world.publish(*(amended(f"o{order}", revision) for order in range(ORDERS)))


async def frozen(process: Forked) -> None:
    """Wait until it stands still."""

    async def still() -> bool:
        assert process.poll() is None, "it ended"
        return stands_still(process.pid)

    await eventually(still, bool)


async def expect_moved_and_fenced(world: World, zombie: Forked, processes: Processes) -> None:
    """An heir gets all shards in time and goes on; the zombie, thawed, writes nothing of what it had begun."""
    heir = processes.start(world)
    await eventually(lambda: processes.said(heir, "started"), bool)
    wanted = dict.fromkeys(range(world.partitions), str(heir.pid))
    await eventually(lambda: owners(world), lambda seen: seen == wanted, seconds=MOVED_WITHIN_SECONDS)
    epochs = {row["shard"]: row["epoch"] for row in await world.query("pricing", "SELECT shard, epoch FROM shard")}
    await publish(world, 1)
    await applied(world, ORDERS, 2)
    heir.terminate()
    assert await asyncio.to_thread(ended, heir, 30) == 0
    await publish(world, 2)
    before = await old_batches(world, epochs)
    os.kill(zombie.pid, signal.SIGCONT)
    await applied(world, ORDERS, 3)
    assert await old_batches(world, epochs) == before, "nothing was written under the old epoch"
    zombie.kill()


async def leave_something(world: World) -> None:
    """As an owner that ended before it had sent what it committed."""
    await world.execute("pricing", "INSERT INTO shard (shard) SELECT generate_series(0, $1 - 1)", world.partitions)
    await world.execute("pricing", "UPDATE shard SET outbox_seq = 1")
    await world.execute(
        "pricing", "INSERT INTO outbox SELECT shard, 1, 'claims', shard, NULL, $1, 'left' FROM shard", pack_headers([])
    )


async def frozen_at(world: World, point: str, processes: Processes) -> None:
    async with world.ready(PRICING):
        await publish(world, 0)
        if point == AFTER_LEFTOVERS:
            await leave_something(world)
        zombie = processes.start(world, {POINT: point, DEED: FREEZE})
        await frozen(zombie)
        await expect_moved_and_fenced(world, zombie, processes)


@pytest.mark.parametrize("points", [TAKEOVER_POINTS, BATCH_POINTS[:4], BATCH_POINTS[4:]], ids="/".join)
async def test_a_process_frozen_at_a_named_point_keeps_no_shard(
    kafka: str, new_database: NewDatabase, topic_prefix: str, processes: Processes, points: tuple[str, ...]
) -> None:
    """Side by side, since most of it is waiting for a session to end."""
    async with asyncio.TaskGroup() as group:
        for number, point in enumerate(points):
            world = World(kafka, await new_database(), f"{topic_prefix}{number}.")
            group.create_task(frozen_at(world, point, processes), name=point)
    assert len(processes.running) == 2 * len(points), "each point had its zombie and its heir"


@asynccontextmanager
async def proxied(dsn: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before the database, and the DSN that leads through it."""
    direct = urlsplit(dsn)
    proxy = Proxy(free_ports(["proxy"])["proxy"], direct.port or 5432)
    await proxy.start()
    host = direct.netloc.rpartition(":")[0]
    yield proxy, urlunsplit(direct._replace(netloc=f"{host}:{proxy.port}"))
    await proxy.stop()


async def frozen_amid_a_statement(
    kafka: str, database: str, prefix: str, most_bytes: int, processes: Processes
) -> None:
    """The last bytes that the database gets may be half a message: its session then waits for the other half."""
    async with (
        World(kafka, database, prefix).ready(PRICING) as world,
        proxied(world.dsns["pricing"]) as (proxy, dsn),
    ):
        zombie = processes.start(world, database=dsn)
        await eventually(lambda: owners(world), lambda seen: set(seen.values()) == {str(zombie.pid)})
        proxy.weather = Weather(bytes_left=most_bytes)
        await publish(world, 0)
        await proxy.spent.wait()
        os.kill(zombie.pid, signal.SIGSTOP)
        proxy.weather = Weather()
        await expect_moved_and_fenced(world, zombie, processes)


async def test_a_process_frozen_amid_a_statement_keeps_no_shard(
    kafka: str, new_database: NewDatabase, topic_prefix: str, processes: Processes
) -> None:
    draw = random.Random(7)
    async with asyncio.TaskGroup() as group:
        for number in range(4):
            database, prefix, most = await new_database(), f"{topic_prefix}{number}.", draw.randrange(MOST_BYTES)
            group.create_task(frozen_amid_a_statement(kafka, database, prefix, most, processes), name=f"{most} bytes")
    assert len(processes.running) == 2 * 4


@asynccontextmanager
async def stores(database: str, *dsns: str) -> AsyncIterator[list[PostgresStore]]:
    """Stores on these DSNs, or on the role's own, which PostgreSQL itself would let keep a transaction for minutes."""
    role = await databases.prepare(database, "pricing", PASSWORD)
    await databases.migrate(database, "pricing", PRICING.migrations)
    async with AsyncExitStack() as stack:
        made = []
        for dsn in dsns or (role, role, role):
            pool = await databases.connect(
                dsn, "pricing", connections=4, idle_in_transaction_seconds=300, batch_seconds=300
            )
            stack.callback(pool.terminate)
            made.append(PostgresStore(pool))
        await made[0].prepare(1)
        yield made


async def test_a_takeover_ends_a_session_that_has_half_of_a_statement(database: str) -> None:
    """As on a server without transaction_timeout: it is neither idle nor running, so that nothing else bounds it."""
    role = await databases.prepare(database, "pricing", PASSWORD)
    async with proxied(role) as (proxy, dsn), stores(database, dsn, role) as (frozen, heir):
        with pytest.raises(LostError):
            async with frozen.transaction() as transaction:
                assert await transaction.lock({0: 0}) == {0}
                proxy.weather = Weather(bytes_left=50)
                asking = asyncio.create_task(transaction.lock({0: 0}))
                await proxy.spent.wait()
                assert (await heir.take(0, "heir")).epoch == 1
                proxy.weather = Weather()
                await asking


async def test_a_takeover_ends_a_session_whose_client_does_not_read_its_answer(database: str) -> None:
    async with stores(database) as (frozen, heir, _):
        with pytest.raises(LostError):
            async with frozen.transaction() as transaction:
                assert await transaction.lock({0: 0}) == {0}
                socket = transaction.connection._transport  # type: ignore[union-attr]  # a process that stands still
                socket.pause_reading()
                asking = asyncio.create_task(
                    transaction.connection.fetch("SELECT repeat('x', 1000) FROM generate_series(1, 100000)")
                )
                assert (await heir.take(0, "heir")).epoch == 1
                socket.resume_reading()
                await asking


async def test_a_takeover_ends_who_is_frozen_and_not_who_waits_for_it_too(database: str) -> None:
    async with stores(database) as (frozen, first, second):
        with pytest.raises(LostError):
            async with frozen.transaction() as transaction:
                assert await transaction.lock({0: 0}) == {0}
                taken = await asyncio.gather(first.take(0, "first"), second.take(0, "second"))
                assert {each.epoch for each in taken} == {1, 2}
                await transaction.lock({0: 0})


async def test_a_takeover_waits_for_a_session_that_works(database: str) -> None:
    async with stores(database) as (busy, heir, _):
        async with busy.transaction() as transaction:
            assert await transaction.lock({0: 0}) == {0}
            taking = asyncio.create_task(heir.take(0, "heir"))
            await transaction.connection.execute(f"SELECT pg_sleep({FROZEN_SECONDS + 2 * BLOCKED_SECONDS})")
            assert not taking.done()
        assert (await taking).epoch == 1


async def test_no_type_is_asked_for_within_a_transaction(
    kafka: str, database: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    introspect = asyncpg.Connection._introspect_types

    async def seen(connection: asyncpg.Connection, *given: object) -> object:
        asked.append(connection.is_in_transaction())
        return await introspect(connection, *given)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", seen)
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING):
        await publish(world, 0)
        await applied(world, ORDERS, 1)
    assert asked and not any(asked)


async def test_a_shard_comes_back_when_its_connections_stop_amid_a_statement(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """The process lives, and keeps its place in the group: it gives the transaction up and takes its shards anew."""
    async with (
        World(kafka, database, topic_prefix).ready(PRICING) as world,
        proxied(world.dsns["pricing"]) as (proxy, dsn),
        world.running(PRICING, database=dsn) as pricing,
    ):
        await world.open(pricing)
        proxy.weather = Weather(bytes_left=2_000)
        await publish(world, 0)
        await proxy.spent.wait()
        await asyncio.sleep(1)  # what else it says is lost too
        proxy.weather = Weather()
        await applied(world, ORDERS, 1)
        assert pricing.engine.failures() == {}
