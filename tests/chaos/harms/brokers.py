"""What can befall a Kafka cluster of three: its busiest leader dies, two are away, each is restarted in turn."""

from __future__ import annotations

import asyncio

from tests.chaos.harms.harm import Dose, Harm
from tests.chaos.world import World


async def leader(world: World, dose: Dose) -> None:
    """Kill the leader of the busiest partition; it comes back after a while."""
    broker = world.cluster.brokers[await world.cluster.busiest_leader()]
    await asyncio.to_thread(broker.kill)
    dose.tally["brokers killed"] += 1
    await asyncio.sleep(max(1.0, dose.left_seconds))
    await asyncio.to_thread(broker.start)
    dose.tally["broker restarts"] += 1


async def two_away(world: World, dose: Dose) -> None:
    """Stop two of three: nothing can be written, and nothing that was written is lost."""
    away = dose.draw.sample(sorted(world.cluster.brokers), 2)
    await asyncio.gather(*(asyncio.to_thread(world.cluster.brokers[number].kill) for number in away))
    dose.tally["brokers killed"] += len(away)
    await asyncio.sleep(max(1.0, dose.left_seconds))
    await asyncio.gather(*(asyncio.to_thread(world.cluster.brokers[number].start) for number in away))
    dose.tally["broker restarts"] += len(away)


async def in_turn(world: World, dose: Dose) -> None:
    """Stop and start one after another, in order, as an upgrade of Kafka does."""
    for number in dose.draw.sample(sorted(world.cluster.brokers), len(world.cluster.brokers)):
        broker = world.cluster.brokers[number]
        await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(broker.start)
        dose.tally["broker restarts"] += 1
        await asyncio.sleep(1.0)


HARMS = (
    Harm("kafka-leader", "the leader of the busiest partition is killed", leader),
    Harm("kafka-two", "two of three brokers are away", two_away),
    Harm("kafka-in-turn", "the brokers are restarted one by one", in_turn),
)
