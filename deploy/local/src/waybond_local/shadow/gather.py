"""Reads what is compared: claim files in pages, and from the topics what platforms, carriers and marketplaces said."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
from msgspec import Struct, field

from waybond_claims.case.state import Case
from waybond_claims.service.codec import CaseCodec
from waybond_kit.definition import Input, InputKind
from waybond_kit.door import Door, Reason
from waybond_local.journal.replay import Place
from waybond_local.journal.topics import ShardTopics, shard_topics
from waybond_local.replay.timed import Timed
from waybond_local.shadow.retold import FACTS

FILES_AT_ONCE = 500
ORDERS_AT_ONCE = 10_000
"""Orders whose facts are held at a time; each of these pages reads the shard's topics once."""
RECORDS_AT_ONCE = 5_000
MAX_FACTS = 5_000
"""Facts of one order; one that has more is left out."""

_FIRST = UUID(int=0)
_PAGE = """
SELECT aggregate.id, order_key, shape, state, body
FROM claims.aggregate LEFT JOIN claims.wording ON sha256 = wording
WHERE aggregate.shard = $1 AND aggregate.id > $2 ORDER BY aggregate.id LIMIT $3
"""
_REACHED = """
SELECT min(watermark) AS reached, count(*) = count(watermark) AS told FROM (
  SELECT watermark FROM pricing.shard WHERE shard = $1
  UNION ALL SELECT watermark FROM tracking.shard WHERE shard = $1
  UNION ALL SELECT watermark FROM claims.shard WHERE shard = $1
) AS shards
"""


class Order(Struct):
    """One order that is compared."""

    case: Case
    facts: list[Timed] = field(default_factory=list)
    left_out: str = ""
    """Why it cannot be compared."""


async def reached(connection: asyncpg.Connection, shard: int) -> datetime | None:
    """Up to when all services have worked on this shard; None if one has not begun."""
    row = await connection.fetchrow(_REACHED, shard)
    return row["reached"] if row is not None and row["told"] else None


async def pages(
    connection: asyncpg.Connection, shard: int, wanted: Callable[[Case], bool]
) -> AsyncIterator[dict[str, Order]]:
    """The shard's wanted orders with a policy, by key, ORDERS_AT_ONCE at most; their facts are not read yet."""
    codec = CaseCodec()
    found: dict[str, Order] = {}
    after = _FIRST
    while rows := await connection.fetch(_PAGE, shard, after, FILES_AT_ONCE):
        for row in rows:
            case = codec.decode(row["shape"], row["state"], row["body"])
            if case.policy is not None and wanted(case):
                found[row["order_key"]] = Order(case)
                if len(found) == ORDERS_AT_ONCE:
                    yield found
                    found = {}
        after = rows[-1]["id"]
    if found:
        yield found


async def read(place: Place, shard: int, orders: Mapping[str, Order], until: datetime) -> None:
    """Add to the orders what was said of them and known up to `until`, in the order in which it became known."""
    door = Door([Input(topic, InputKind.OUTSIDE) for topic in FACTS], replay=place.replay)
    async with shard_topics(place.kafka, FACTS, shard, place.prefix) as log:
        for topic in FACTS:
            await _read(log, topic, door, orders, until)
    for order in orders.values():
        order.facts.sort(key=lambda fact: fact.known_at)


async def _read(log: ShardTopics, topic: str, door: Door, orders: Mapping[str, Order], until: datetime) -> None:
    bounds = log.partitions[topic].bounds
    keys = {key.encode(): order for key, order in orders.items()}
    for first in range(bounds.start, bounds.end, RECORDS_AT_ONCE):
        for raw in await log.until(topic, min(first + RECORDS_AT_ONCE, bounds.end) - 1):
            order = keys.get(raw.key or b"")
            if order is None or order.left_out:
                continue
            item = door.read(raw)
            if item.refusal is not None and item.refusal.reason is Reason.UNKNOWN_TYPE:
                order.left_out = "a record of an unknown type holds it"
            elif item.event is not None and item.known_at <= until:
                order.facts.append(Timed(item.known_at, item.event))
            if len(order.facts) > MAX_FACTS:
                order.left_out = f"more than {MAX_FACTS} facts"
                order.facts.clear()
