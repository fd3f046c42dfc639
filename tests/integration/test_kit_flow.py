"""Two chained toy services on real Kafka and PostgreSQL: everything applied once, everything published."""

import gc
from collections import Counter

from aiokafka import ConsumerRecord

from tests.support.kit import World, amended, eventually
from tests.support.toys import PRICING, TRACKING


async def test_facts_flow_through_two_services(kafka: str, database: str, topic_prefix: str) -> None:
    orders, revisions = 100, 5
    async with (
        World(kafka, database, topic_prefix).ready(PRICING, TRACKING) as world,
        world.running(PRICING) as pricing,
        world.running(TRACKING) as tracking,
    ):
        await world.open(pricing)
        await world.open(tracking)
        for revision in range(revisions):
            await world.publish(*(amended(f"o{order}", revision) for order in range(orders)))
        heard = await eventually(
            lambda: world.states("tracking"),
            lambda states: sum(len(toy.heard) for toy in states.values()) == orders * revisions,
        )
        assert all(toy.revisions == tuple(range(revisions)) for toy in heard.values())
        assert all(toy.heard == tuple(f"{each}/0" for each in range(revisions)) for toy in heard.values())
        published = await eventually(lambda: world.ids("delays"), lambda ids: len(ids) >= orders * revisions)
    assert max(Counter(published).values()) == 1
    assert await world.query("pricing", "SELECT * FROM outbox") == []
    assert await world.quarantine("pricing") == []


async def test_fetched_records_leave_nothing_to_the_garbage_collector(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """A walk over all that lies there stops the process for a third of a second."""
    orders = 200
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        gc.collect()
        gc.disable()
        try:
            await world.publish(*(amended(f"o{order}", 1) for order in range(orders)))
            await eventually(lambda: world.states("pricing"), lambda states: len(states) == orders)
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            left = sum(isinstance(each, ConsumerRecord) for each in gc.garbage)
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
    assert left == 0
