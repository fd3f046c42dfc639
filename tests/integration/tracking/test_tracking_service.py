"""Tracking on real Kafka and PostgreSQL, in replay: facts of several orders in, delays out, Progress travels on."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.support.kit import World, eventually, headers_of
from tests.support.story import Known
from tests.support.tracking import (
    LATE,
    ORDER,
    SILENT,
    booked,
    checked,
    day,
    order_placed,
    policy_cancelled,
    policy_issued,
    promise_changed,
    scanned,
    seen_says,
    story,
    watch_says,
)
from waybond_contracts.delays import ContentsChanged
from waybond_contracts.event import Event
from waybond_contracts.registry import PROGRESS_TYPE, decode
from waybond_contracts.shipments import ScanKind
from waybond_contracts.topics import DELAYS
from waybond_tracking.app import DEFINITION
from waybond_tracking.decide import KEPT_WITH_PERIL

K = ScanKind
INPUTS = [each.topic for each in DEFINITION.inputs]
ASKING = SILENT + "ask_carrier = true\n"
END = day(250) + KEPT_WITH_PERIL


def orders() -> dict[str, list[Known]]:
    """What happens to eight orders, and when it becomes known."""
    begin = [order_placed(), policy_issued(LATE, ASKING), booked(2), scanned(K.PICKED_UP, 3)]
    stories: list[list[Event | Known]] = [
        [*begin, scanned(K.DELIVERED, 12)],
        [*begin, scanned(K.IMPORT_ARRIVED, 20), scanned(K.DELIVERED, 29)],
        [*begin, Known(scanned(K.DELIVERED, 26), day(31))],
        [*begin, scanned(K.LOST, 18), scanned(K.DELIVERED, 50)],
        [*begin, Known(checked(33.5), day(34))],
        [*begin, booked(4, "B"), scanned(K.DELIVERED, 9, "B"), promise_changed(10, 30)],
        [order_placed(), booked(1), scanned(K.DELIVERED, 4), Known(policy_issued(LATE), day(5))],
        [*begin, policy_cancelled(28)],
    ]
    found: dict[str, list[Known]] = {}
    for number, told in enumerate(stories):
        known = [each if isinstance(each, Known) else Known(each, each.occurred_at) for each in told]
        name = f"order-{number}"
        found[name] = [Known(each.event.model_copy(update={"order_id": name}), each.at) for each in known]
    return found


async def drive(world: World, facts: Sequence[Known], since: datetime, through: datetime) -> None:
    """Publish what became known since then, and that no more of it comes."""
    for known in sorted(facts, key=lambda each: each.at):
        if since < known.at <= through:
            await world.publish(known.event, known_at=known.at)
    await world.progress(through, *INPUTS)


async def travelled(world: World, through: datetime) -> None:
    """Wait until every shard of tracking has said that it came this far."""
    await eventually(
        lambda: world.through(DELAYS), lambda seen: all(each and each[-1] == through for each in seen.values())
    )


async def published(world: World) -> dict[str, list[Event]]:
    """The delays by order, in order."""
    found: dict[str, list[Event]] = defaultdict(list)
    for record in await world.records(DELAYS):
        kind = headers_of(record)["ce_type"]
        if kind != PROGRESS_TYPE:
            event = decode(kind, record.value or b"", strict=True).event
            assert (record.key or b"").decode() == event.order_key
            found[event.order_id].append(event)
    return found


def concluded(events: Sequence[Event]) -> dict[Any, Any]:
    """What the highest versions say."""
    watches = {key: (each.breached, each.due, each.arrived, each.feed) for key, each in watch_says(events).items()}
    return watches | {key: (each.standing, each.when) for key, each in seen_says(events).items()}


async def test_delays_come_out_as_the_pure_story_tells_them(kafka: str, database: str, topic_prefix: str) -> None:
    told = orders()
    facts = [known for each in told.values() for known in each]
    async with (
        World(kafka, database, topic_prefix).ready(DEFINITION) as world,
        world.running(DEFINITION, replay=True) as tracking,
    ):
        await world.open(tracking)
        since = day(-1)
        for through in (day(10), day(27), day(30), day(36), day(60), END):
            await drive(world, facts, since, through)
            await travelled(world, through)
            since = through
        delays = await published(world)
        assert await world.query("tracking", "SELECT order_key FROM aggregate") == []
        assert await world.query("tracking", "SELECT * FROM wake") == []
        assert await world.quarantine("tracking") == []
    for name, known in told.items():
        pure = story().given(*known)
        pure.until(END)
        assert pure.events
        assert concluded(delays[name]) == concluded(pure.events), name


async def test_nothing_is_concluded_while_a_topic_has_not_come_as_far(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """The delivery of day 26 lies on a topic that is read later than all others came to day 40."""
    before = [Known(each, each.occurred_at) for each in (order_placed(), policy_issued(LATE), booked(2))]
    async with (
        World(kafka, database, topic_prefix).ready(DEFINITION) as world,
        world.running(DEFINITION, replay=True) as tracking,
    ):
        await world.open(tracking)
        await drive(world, before, day(-1), day(10))
        await travelled(world, day(10))
        others = [topic for topic in INPUTS if topic != "shipments"]
        await world.progress(day(40), *others)
        changed = promise_changed(31, 60)
        await world.publish(changed, known_at=day(31))
        await eventually(
            lambda: world.query("tracking", "SELECT known_at FROM aggregate"),
            lambda rows: bool(rows) and rows[0]["known_at"] == day(31),
        )
        assert [type(each) for each in (await published(world))[ORDER["order_id"]]] == [ContentsChanged]
        await world.publish(scanned(K.DELIVERED, 26), known_at=day(39))
        await world.progress(day(40), "shipments")
        await travelled(world, day(40))
        said = concluded((await published(world))[ORDER["order_id"]])
    assert list(said) == [("ShipmentDelivered", "A")]


async def test_a_second_policy_holds_its_order_alone(kafka: str, database: str, topic_prefix: str) -> None:
    other = policy_issued(LATE).model_copy(update={"policy_id": "another", "attached_at": day(1)})
    well = [each.model_copy(update={"order_id": "well"}) for each in (order_placed(), policy_issued(LATE))]
    async with (
        World(kafka, database, topic_prefix).ready(DEFINITION) as world,
        world.running(DEFINITION, replay=True) as tracking,
    ):
        await world.open(tracking)
        facts = [Known(each, day(1)) for each in (order_placed(), policy_issued(LATE), *well)]
        # Once the first policy and its order are applied: of topics that lie there together any may be read first.
        await drive(world, facts, day(0), day(2))
        await travelled(world, day(2))
        await drive(world, [Known(other, day(3))], day(2), day(30))
        await travelled(world, day(30))
        (row,) = await world.quarantine("tracking")
        assert (row["reason"], row["topic"]) == ("decide", "policies")
        assert row["detail"].startswith("policy_id: expected the order's one policy policy-1001, got another")
        assert list(await published(world)) == ["well"]
