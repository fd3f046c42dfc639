"""Signals on real Kafka and PostgreSQL: orders of one buyer lie on several shards, and meet."""

from tests.support.kit import World, eventually, headers_of
from tests.support.signals import filed, placed
from waybond_contracts.registry import decode
from waybond_contracts.signals import SignalsTold, SubjectKind
from waybond_contracts.topics import OBSERVATIONS, SIGNALS
from waybond_kit.keys import partition_of
from waybond_signals.app import DEFINITION

HASH = "0f1e2d3c4b5a6978"


async def told(world: World) -> dict[str, SignalsTold]:
    """The newest word about each order."""
    found: dict[str, SignalsTold] = {}
    for record in await world.records(SIGNALS):
        event = decode(headers_of(record)["ce_type"], record.value or b"", strict=True).event
        assert isinstance(event, SignalsTold)
        if event.order_id not in found or event.version > found[event.order_id].version:
            found[event.order_id] = event
    return found


def counts(word: SignalsTold | None, *facts: str) -> list[int]:
    """What it says of these, each as "of fact"."""
    values = {f"{each.of.value} {each.fact}": each.value for each in word.facts} if word is not None else {}
    return [values.get(fact, 0) for fact in facts]


def heard(word: SignalsTold) -> bool:
    """Whether buyer and photos have answered: then they know of the order's own claim."""
    return not {SubjectKind.BUYER, SubjectKind.PHOTO} & set(word.unknown)


async def test_orders_of_one_buyer_meet_across_shards(kafka: str, database: str, topic_prefix: str) -> None:
    earlier = [str(number) for number in range(6)]
    async with (
        World(kafka, database, topic_prefix).ready(DEFINITION) as world,
        world.running(DEFINITION) as signals,
    ):
        await world.open(signals)
        for order in earlier:
            await world.publish(placed(order, 0, buyer="ann"))
            await world.publish(filed(order, 20, HASH))
        await eventually(lambda: told(world), lambda seen: [heard(each) for each in seen.values()] == [True] * 6)
        await world.publish(placed("last", 30, buyer="ann"))
        await world.publish(filed("last", 40, HASH))
        await eventually(
            lambda: told(world),
            lambda seen: counts(seen.get("last"), "buyer claims_90d", "photo same_photo") == [6, 6],
        )
        records = await world.records(OBSERVATIONS)
        assert {record.partition for record in records} == set(range(world.partitions))
        assert all(record.partition == partition_of(record.key or b"", world.partitions) for record in records)
        assert await world.quarantine("signals") == []
