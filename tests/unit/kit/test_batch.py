"""A batch of several shards: what stops one of them is told of that one."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import pytest

from tests.support.kit import START, amended, envelope_of
from tests.support.toys import PRICING
from waybond_contracts.topics import ORDERS
from waybond_kit.batch import Batch
from waybond_kit.changes import Changes, Stored
from waybond_kit.clock import Progress, WallClock
from waybond_kit.definition import Definition
from waybond_kit.door import Door, Raw
from waybond_kit.errors import FencedError, ShapeError
from waybond_kit.keys import aggregate_id, partition_of
from waybond_kit.offsets import Position
from waybond_kit.shard import Shard


class Tables:
    """Stands for a database that holds one state, which nobody can read, and for its transaction."""

    def __init__(self, row: Stored, taken: Collection[int] = ()) -> None:
        self.row = row
        self.taken = set(taken)
        """Shards that have another owner by now: their epoch is not that of who asks."""
        self.saved = 0
        self.connection = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Tables"]:
        yield self

    async def lock(self, epochs: Mapping[int, int]) -> set[int]:
        return epochs.keys() - self.taken

    async def load(self, wanted: Sequence[tuple[int, UUID]]) -> list[Stored]:
        return [self.row] if (self.row.shard, self.row.id) in wanted else []

    async def save(self, changes: Changes) -> None:
        assert changes.inserts
        self.saved += 1


def shard_of(order: str, partitions: int) -> Shard:
    event = amended(order, 1)
    number = partition_of(event.order_key.encode(), partitions)
    topics = [each.topic for each in PRICING.inputs]
    shard = Shard(number, 1, {each: Position.at(0) for each in topics}, {each: Progress() for each in topics})
    value, headers = event.model_dump_json().encode(), envelope_of(event).headers()
    for position in shard.positions.values():
        position.sought(0)
    shard.offer(ORDERS, [Raw(ORDERS, 0, 0, event.order_key.encode(), value, headers)])
    return shard


def unreadable(shard: int) -> Stored:
    return Stored(shard, aggregate_id("acme/shop/bad"), "acme/shop/bad", 1, 1, "", START, None, None, b"\xff")


def batch_on(tables: Tables) -> Batch:
    return Batch(
        Definition(**{**vars(PRICING), "storage": None}),
        Door(PRICING.inputs, replay=False),
        cast("Any", tables),
        partitions=2,
        code="1",
        replay=False,
        clock=WallClock(),
        monotonic=lambda: 0.0,
    )


async def test_a_state_that_cannot_be_read_stops_its_own_shard() -> None:
    """S: an upcaster fails on one state; all shards that share a transaction with it are closed, again and again."""
    bad, good = shard_of("bad", 2), shard_of("well", 2)
    assert bad.number != good.number
    batch = batch_on(Tables(unreadable(bad.number)))
    with pytest.raises(ShapeError, match="the state of acme/shop/bad cannot be read") as raised:
        await batch.run([batch.part(each, 10, 0) for each in (bad, good)])
    assert raised.value.shards == {bad.number}
    assert [done.records for done in await batch.run([batch.part(good, 10, 0)])] == [1]


async def test_a_shard_that_was_taken_by_another_process_is_not_written() -> None:
    """S: a process is frozen with a batch in its hands; when it goes on its shard has another owner."""
    taken, other = shard_of("well", 2), shard_of("bad", 2)
    tables = Tables(unreadable(2), taken={taken.number})
    with pytest.raises(FencedError) as raised:
        await batch_on(tables).run([batch_on(tables).part(each, 10, 0) for each in (taken, other)])
    assert (set(raised.value.shards), tables.saved) == ({taken.number}, 0)
