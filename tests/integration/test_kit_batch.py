"""One batch on a real database: a constant number of statements, all or nothing, one journal row, documents once."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.support.kit import PASSWORD, START, amended, envelope_of
from tests.support.toys import PRICING
from waybond_contracts.event import Event
from waybond_contracts.orders import OrderCancelled
from waybond_contracts.topics import OPERATOR_COMMANDS, ORDERS
from waybond_kit import database as databases
from waybond_kit.batch import Batch
from waybond_kit.changes import InputRow
from waybond_kit.clock import Progress, WallClock
from waybond_kit.documents import MAX_DOCUMENTS
from waybond_kit.door import Door, Raw
from waybond_kit.errors import FencedError, LostError, SaveError, ShapeError
from waybond_kit.keys import partition_of
from waybond_kit.offsets import Position
from waybond_kit.shard import Shard
from waybond_kit.store import PostgresStore

TOPICS = (ORDERS, OPERATOR_COMMANDS)
SHARDS = 2


class Bench:
    """A batch runner on a database of its own, shards taken as a process takes them."""

    def __init__(self, pool: asyncpg.Pool, statements: list[str]) -> None:
        self.pool = pool
        self.statements = statements
        self.store = PostgresStore(pool)
        self.ticks = 0.0

    def batch(self, definition: Any = PRICING) -> Batch:
        door = Door(definition.inputs, replay=False)
        return Batch(
            definition,
            door,
            self.store,
            partitions=SHARDS,
            code="1",
            replay=False,
            clock=WallClock(),
            monotonic=lambda: self.ticks,
        )

    async def take(self, number: int) -> Shard:
        taken = await self.store.take(number, "bench")
        if not taken.inputs:
            rows = [InputRow(number, topic, 0, 0, None, None, None) for topic in TOPICS]
            await self.store.add_inputs(taken.epoch, rows)
        at = {topic: taken.inputs[topic].next_offset if taken.inputs else 0 for topic in TOPICS}
        shard = Shard(
            number,
            taken.epoch,
            {topic: Position.at(at[topic]) for topic in TOPICS},
            {topic: Progress() for topic in TOPICS},
            batch_seq=taken.batch_seq,
            outbox_seq=taken.outbox_seq,
            before=taken.watermark,
            holding=taken.holding,
            next_due=taken.next_due,
        )
        for position in shard.positions.values():
            position.sought(0)
        return shard

    async def rows(self, statement: str) -> list[Any]:
        return await self.pool.fetch(statement)


@asynccontextmanager
async def bench(admin_dsn: str) -> AsyncIterator[Bench]:
    dsn = await databases.prepare(admin_dsn, "pricing", PASSWORD)
    await databases.migrate(admin_dsn, "pricing", PRICING.migrations)
    statements: list[str] = []

    async def listen(connection: asyncpg.Connection) -> None:
        connection.add_query_logger(lambda record: statements.append(record.query))

    pool = await asyncpg.create_pool(
        dsn, min_size=1, max_size=2, init=listen, server_settings={"search_path": "pricing"}, reset=_keep
    )
    made = Bench(pool, statements)
    await made.store.prepare(SHARDS)
    try:
        yield made
    finally:
        await pool.close()


async def _keep(connection: asyncpg.Connection) -> None:
    """As the service's own pool: nothing is reset."""


def raws(events: list[Event], first_offset: int = 0) -> list[Raw]:
    """Events as the broker would give them on one partition."""
    milliseconds = int(START.timestamp() * 1000)
    return [
        Raw(
            event.topic,
            first_offset + number,
            milliseconds + number,
            event.order_key.encode(),
            event.model_dump_json().encode(),
            envelope_of(event).headers(),
        )
        for number, event in enumerate(events)
    ]


def of_shard(number: int, count: int) -> list[str]:
    """Order ids whose key belongs to this shard."""
    found: list[str] = []
    candidate = 0
    while len(found) < count:
        name = f"o{candidate}"
        if partition_of(f"acme/shop/{name}".encode(), SHARDS) == number:
            found.append(name)
        candidate += 1
    return found


async def carry(batch: Batch, shard: Shard, events: list[Event], max_wakes: int = 500) -> Any:
    shard.offer(ORDERS, raws(events, shard.positions[ORDERS].queued))
    return (await batch.run([batch.part(shard, 10_000, max_wakes)]))[0]


@pytest.mark.parametrize("reason", ["", "wake:60"])
async def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch(database: str, reason: str) -> None:
    counts: list[int] = []
    async with bench(database) as it:
        batch, shard = it.batch(), await it.take(0)
        names = of_shard(0, 500)
        for size in (1, 10, 250, 500):
            for revision in range(2):  # new orders, then known ones
                it.statements.clear()
                at = START + timedelta(seconds=1000 * len(counts))
                await carry(batch, shard, [amended(name, 10 * size + revision, reason, at) for name in names[:size]])
                counts.append(len(it.statements))
    new, known = counts[2::2], counts[3::2]  # the very first asks for the database's types, too
    assert len(set(new)) == 1 and len(set(known)) == 1, counts
    assert max(new + known) <= 10, counts


async def test_several_shards_share_a_transaction_with_no_more_statements(database: str) -> None:
    async with bench(database) as it:
        batch, shards = it.batch(), [await it.take(number) for number in range(SHARDS)]
        counts = []
        for group in ([shards[0]], shards):
            for shard in group:
                events: list[Event] = [amended(name, len(counts) + 1) for name in of_shard(shard.number, 5)]
                shard.offer(ORDERS, raws(events, shard.positions[ORDERS].queued))
            it.statements.clear()
            await batch.run([batch.part(shard, 500, 500) for shard in group])
            counts.append(len(it.statements) - sum("toy_row" in each for each in it.statements))
        assert counts[1] <= counts[0] + 1
        rows = await it.rows("SELECT shard, count(*) FROM aggregate GROUP BY 1 ORDER BY 1")
        assert [tuple(row) for row in rows] == [(0, 5), (1, 5)]


async def test_each_batch_writes_one_journal_row_and_their_spans_follow_each_other(database: str) -> None:
    async with bench(database) as it:
        batch, shard = it.batch(), await it.take(0)
        for revision in range(5):
            await carry(batch, shard, [amended(name, revision) for name in of_shard(0, 7)])
        rows = await it.rows("SELECT seq, epoch, code, spans, sent_at FROM journal ORDER BY seq")
    assert [(row["seq"], row["epoch"], row["code"]) for row in rows] == [(number, 1, "1") for number in range(1, 6)]
    sent_at = [row["sent_at"] for row in rows]
    assert sent_at == sorted(sent_at) and sent_at[0] > START, "when each batch ran, which its decide was told"
    assert [json.loads(row["spans"]) for row in rows] == [[[ORDERS, n * 7, n * 7 + 6]] for n in range(5)]


async def test_a_batch_that_fails_changes_nothing_neither_in_the_tables_nor_in_memory(database: str) -> None:
    async with bench(database) as it:
        batch, shard = it.batch(), await it.take(0)
        names = of_shard(0, 4)
        before = (shard.batch_seq, shard.outbox_seq, shard.positions[ORDERS].applied)
        with pytest.raises(SaveError):
            await carry(batch, shard, [amended(name, 1, "amount:-1" if name == names[2] else "") for name in names])
        assert (shard.batch_seq, shard.outbox_seq, shard.positions[ORDERS].applied) == before
        assert len(shard.queue) == 4 and shard.unsent.count == 0 and shard.holding == {}
        for table in ("aggregate", "outbox", "journal", "quarantine", "toy_row"):
            assert await it.rows(f"SELECT FROM {table}") == []


async def test_an_owner_without_the_epoch_writes_nothing(database: str) -> None:
    async with bench(database) as it:
        batch, old = it.batch(), await it.take(0)
        name = of_shard(0, 1)[0]
        new = await it.take(0)
        with pytest.raises(FencedError):
            await carry(batch, old, [amended(name, 1)])
        await carry(batch, new, [amended(name, 1)])
        assert len(await it.rows("SELECT FROM aggregate")) == 1


async def test_memory_behind_the_database_writes_nothing(database: str) -> None:
    """The same epoch, but the offsets or versions are not those that were read."""
    async with bench(database) as it:
        batch, shard = it.batch(), await it.take(0)
        name = of_shard(0, 1)[0]
        await carry(batch, shard, [amended(name, 1)])
        shard.positions[ORDERS].applied -= 1
        with pytest.raises(FencedError):
            await carry(batch, shard, [amended(name, 2)])
        rows = await it.rows("SELECT version FROM aggregate")
        assert [row["version"] for row in rows] == [1]


async def test_a_document_is_stored_once_for_all_states_that_share_it(database: str) -> None:
    async with bench(database) as it:
        batch, shard = it.batch(), await it.take(0)
        await carry(batch, shard, [amended(name, 1, "document:wording") for name in of_shard(0, 20)])
        fresh = it.batch()
        await carry(fresh, shard, [amended(name, 2) for name in of_shard(0, 20)])
        documents = await it.rows("SELECT body FROM wording")
        shared = await it.rows("SELECT DISTINCT wording FROM aggregate")
    assert [row["body"] for row in documents] == [b"wording"] and len(shared) == 1


async def lose_documents(admin_dsn: str) -> None:
    """As a database that went back to yesterday: the service's own role may not delete them."""
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute("DELETE FROM pricing.wording")
    await admin.close()


async def test_a_batch_may_need_more_documents_than_are_kept_in_memory(database: str) -> None:
    async with bench(database) as it:
        names = of_shard(0, MAX_DOCUMENTS + 1)
        batch, shard = it.batch(), await it.take(0)
        await carry(batch, shard, [amended(name, 1, f"document:{name}") for name in names])
        await carry(it.batch(), shard, [amended(name, 2) for name in names])
        rows = await it.rows("SELECT DISTINCT wording FROM aggregate WHERE wording IS NOT NULL")
    assert len(rows) == MAX_DOCUMENTS + 1


async def test_a_state_whose_document_is_gone_stops_the_shard_and_keeps_what_it_has(database: str) -> None:
    async with bench(database) as it:
        batch, shard = it.batch(), await it.take(0)
        name = of_shard(0, 1)[0]
        await carry(batch, shard, [amended(name, 1, "document:wording")])
        await lose_documents(database)
        with pytest.raises(ShapeError, match=f"the document of acme/shop/{name} is not in the table"):
            await carry(it.batch(), shard, [amended(name, 2)])
        assert [row["version"] for row in await it.rows("SELECT version FROM aggregate")] == [1]


async def test_a_document_is_stored_again_where_the_database_went_back(database: str) -> None:
    async with bench(database) as it:
        batch, shard = it.batch(), await it.take(0)
        first, second = of_shard(0, 2)
        await carry(batch, shard, [amended(first, 1, "document:wording")])
        await lose_documents(database)
        batch.forget()
        await carry(batch, shard, [amended(second, 1, "document:wording")])
        assert [row["body"] for row in await it.rows("SELECT body FROM wording")] == [b"wording"]


async def test_an_order_that_leaves_no_state_leaves_no_row_and_no_wake(database: str) -> None:
    async with bench(database) as it:
        batch, shard = it.batch(), await it.take(0)
        name = of_shard(0, 1)[0]
        await carry(batch, shard, [amended(name, 1, "wake:60")])
        assert len(await it.rows("SELECT FROM wake")) == 1
        cancelled = OrderCancelled(tenant="acme", platform="shop", order_id=name, occurred_at=START)
        await carry(batch, shard, [cancelled])
        assert await it.rows("SELECT FROM aggregate") == [] and await it.rows("SELECT FROM wake") == []
        await carry(batch, shard, [amended(name, 2)])
        assert len(await it.rows("SELECT FROM aggregate")) == 1


async def test_a_state_newer_than_the_code_stops_the_shard(database: str) -> None:
    async with bench(database) as it:
        batch, shard = it.batch(), await it.take(0)
        name = of_shard(0, 1)[0]
        await carry(batch, shard, [amended(name, 1)])
        await it.pool.execute("UPDATE aggregate SET shape = 2")
        with pytest.raises(ShapeError, match="newer than the 1 of this code"):
            await carry(batch, shard, [amended(name, 2)])


async def test_a_wake_only_moves_earlier_and_one_that_comes_too_early_arms_itself_again(database: str) -> None:
    async with bench(database) as it:
        batch, shard = it.batch(), await it.take(0)
        name = of_shard(0, 1)[0]

        async def due() -> list[Any]:
            return [row["due"] for row in await it.rows("SELECT due FROM wake")]

        await carry(batch, shard, [amended(name, 1, "wake:60")])
        await carry(batch, shard, [amended(name, 2, "wake:90")])
        assert await due() == [START + timedelta(seconds=60)]
        await carry(batch, shard, [amended(name, 3, "wake:30")])
        assert await due() == [START + timedelta(seconds=30)]
        shard.watermark = START + timedelta(seconds=45)
        done = (await batch.run([batch.part(shard, 500, 500)]))[0]
        assert done.tally.woken == 1 and await due() == [] and shard.next_due is None


async def test_more_wakes_than_a_batch_takes_fire_in_order_over_several(database: str) -> None:
    async with bench(database) as it:
        batch, shard = it.batch(), await it.take(0)
        names = of_shard(0, 25)
        await carry(batch, shard, [amended(name, 1, f"wake:{number}") for number, name in enumerate(names)], 0)
        shard.watermark = START + timedelta(seconds=19)
        woken = []
        while shard.wakes_due():
            woken.append((await batch.run([batch.part(shard, 500, 8)]))[0].tally.woken)
        assert woken == [8, 8, 4]
        assert shard.next_due == START + timedelta(seconds=20)
        cursors = await it.rows("SELECT wake_due FROM journal WHERE wake_due IS NOT NULL ORDER BY seq")
        assert [(row["wake_due"] - START).seconds for row in cursors] == [7, 15, 19]


async def test_a_process_paused_within_its_transaction_cannot_keep_a_shard(database: str) -> None:
    """PostgreSQL ends the session of a holder that is silent for too long, so the next owner does not wait for ever."""
    async with bench(database) as it:
        dsn = await databases.prepare(database, "pricing", PASSWORD)
        paused = await databases.connect(dsn, "pricing", connections=1, idle_in_transaction_seconds=1, batch_seconds=8)
        with pytest.raises(LostError):
            async with PostgresStore(paused).transaction() as transaction:
                assert await transaction.lock({0: 0}) == {0}
                taken = await it.store.take(0, "heir")
                assert taken.epoch == 1
                await transaction.lock({0: 0})
        paused.terminate()
