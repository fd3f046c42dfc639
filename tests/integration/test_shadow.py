"""`waybond shadow report` on real parts: files from the tables, facts from the topics, nothing written."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from tests.support import claims as told
from tests.support.kit import World
from tests.support.pricing import PARCEL, changed
from waybond_claims.app import DEFINITION as CLAIMS
from waybond_claims.service.codec import CaseCodec
from waybond_contracts.event import Event
from waybond_contracts.publishing import message
from waybond_contracts.shipments import ScanKind, ShipmentScanned
from waybond_contracts.topics import DISPUTES, ORDERS, SHIPMENTS, SIGNALS
from waybond_kit.keys import aggregate_id
from waybond_local.journal.replay import Place
from waybond_local.shadow.compare import compare
from waybond_local.shadow.difference import Pair
from waybond_local.shadow.successors import Wanted
from waybond_pricing.app import DEFINITION as PRICING
from waybond_pricing.catalogue import Product
from waybond_pricing.files import products, ratings
from waybond_tracking.app import DEFINITION as TRACKING

NOW = products()[PARCEL]
DAMAGED = '[{ scan = "DAMAGED" }]\ntiers = [{ share = "1.00" }]'


def key(order: str) -> dict[str, Any]:
    return {"tenant": "demo", "platform": "shop", "order_id": order}


async def publish(world: World, facts: Sequence[Event]) -> None:
    """As platforms do in a replay: each record says when it was known."""
    for fact in facts:
        made = message(fact, source="/platforms/shop", knownat=fact.occurred_at)
        await world.producer.send_and_wait(
            world.prefix + made.topic, key=made.key, value=made.value, headers=made.headers, partition=0
        )


async def keep(admin: asyncpg.Connection, order: str) -> None:
    """The claim file of an order that is covered, as claims' tables hold it."""
    story = told.ClaimsStory()
    story.given(
        told.placed().model_copy(update=key(order)), told.issued(NOW.document.body).model_copy(update=key(order))
    )
    codec, name = CaseCodec(), f"demo/shop/{order}"
    state, body = codec.encode(story.case)
    sha = bytes.fromhex(NOW.document.sha256)
    await admin.execute("INSERT INTO claims.wording VALUES ($1, $2) ON CONFLICT DO NOTHING", sha, body)
    await admin.execute(
        "INSERT INTO claims.aggregate VALUES (0, $1, $2, 1, $3, 'covered', $4, NULL, $5, $6)",
        aggregate_id(name),
        name,
        codec.shape,
        told.PLACED,
        sha,
        state,
    )


async def test_orders_are_compared_as_the_topics_tell_them(kafka: str, database: str, topic_prefix: str) -> None:
    """A is damaged on day 5: 100 now, 60 under the successor. B is kept, and no topic has its order any more. C is
    damaged on day 50, which the services have not reached."""
    successor = Product.sold(
        changed(PARCEL, (DAMAGED, DAMAGED.replace("1.00", "0.60")), version="2026.12.1"), ratings()
    )
    world = World(kafka, database, topic_prefix, partitions=1)
    async with world.ready(PRICING, TRACKING, CLAIMS, topics=(ORDERS, SHIPMENTS, DISPUTES, SIGNALS)):
        admin = await asyncpg.connect(database)
        try:
            for order in "ABC":
                await keep(admin, order)
            for service in ("pricing", "tracking", "claims"):
                await admin.execute(f"INSERT INTO {service}.shard (shard, watermark) VALUES (0, $1)", told.day(40))  # noqa: S608 - our own schemas
            for order, day in (("A", 5), ("C", 50)):
                scan = ShipmentScanned(
                    **key(order), occurred_at=told.day(day), package_id="P1", kind=ScanKind.DAMAGED, provider="easypost"
                )
                await publish(world, [told.placed().model_copy(update=key(order)), scan])
            before = await admin.fetchval("SELECT sum(hashtext(a::text)) FROM claims.aggregate a")
            place = Place(database, kafka, 1, replay=True, prefix=topic_prefix)
            found = await compare(place, Wanted(catalogue=products(), given=successor))
            after = await admin.fetchval("SELECT sum(hashtext(a::text)) FROM claims.aggregate a")
        finally:
            await admin.close()
    assert (found.orders, found.less, found.running, before) == (2, 1, 2, after)
    assert found.clauses["USD"]["DA-1"].minor == Pair(10_000, 6_000)
    assert found.clauses["USD"].keys() == {"DA-1", "TG-1"}  # C: there never, 7 and 15 days late
    assert found.left_out == {"its order is not on its topic any more": 1}
    assert found.off_file == 2  # the files made here know of no damage and no delay
