"""Wakes and watermarks on real parts: no wake overtakes what was known before it, through two chained services."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from tests.support.kit import START, World, amended, days, envelope_of, eventually
from tests.support.patience import bound
from tests.support.toys import PRICING, TRACKING, decide_pricing
from waybond_contracts.topics import DELAYS, OPERATOR_COMMANDS, ORDERS, POLICIES
from waybond_kit.kafka import KafkaLog
from waybond_kit.ports import Place
from waybond_kit.service import Definition


def soon(seconds: float = 0.0) -> datetime:
    """An instant a little ahead, as the broker's clock counts: in milliseconds."""
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


async def test_a_wake_fires_at_its_due_although_all_topics_are_idle(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        now = soon()
        await world.publish(*(amended(f"o{number}", 1, "wake:1", at=now) for number in range(50)))
        states = await eventually(
            lambda: world.states("pricing"), lambda seen: sum(len(toy.woken) for toy in seen.values()) == 50
        )
        assert {toy.woken for toy in states.values()} == {(now + timedelta(seconds=1),)}
        assert await world.query("pricing", "SELECT * FROM wake") == []


class SlowLog(KafkaLog):
    """A log whose answer takes so long that more is applied before it is here, as with several brokers."""

    meanwhile: ClassVar[list[Callable[[], Awaitable[None]]]] = []

    async def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        found = await super().ends(places)
        for each in self.meanwhile:
            await each()
        return found


async def test_an_answer_about_a_topics_end_may_be_older_than_what_is_applied(
    kafka: str, database: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No reason to think that the topic has lost its end: the shards keep their epochs."""
    monkeypatch.setattr("waybond_kit.service.KafkaLog", SlowLog)
    async with (
        World(kafka, database, topic_prefix).ready(PRICING) as world,
        world.running(PRICING, session_seconds=60.0) as pricing,  # on a busy machine, too, nothing moves
    ):
        await world.open(pricing)
        answered: list[int] = []

        async def meanwhile() -> None:
            revision = len(answered)
            await world.publish(*(amended(f"o{order}", revision) for order in range(20)))
            await eventually(
                lambda: world.states("pricing"),
                lambda seen: len(seen) == 20 and all(revision in toy.revisions for toy in seen.values()),
            )
            answered.append(revision)

        monkeypatch.setattr(SlowLog, "meanwhile", [meanwhile])
        await eventually(lambda: asyncio.sleep(0, answered), lambda done: len(done) >= 3)
        monkeypatch.setattr(SlowLog, "meanwhile", [])
        epochs = await world.query("pricing", "SELECT epoch FROM shard")
    assert {row["epoch"] for row in epochs} == {1}


async def test_a_wake_waits_for_the_progress_of_the_service_before(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """Pricing is down: tracking cannot know what pricing would have said, so it concludes nothing."""
    async with (
        World(kafka, database, topic_prefix).ready(PRICING, TRACKING) as world,
        world.running(TRACKING) as tracking,
    ):
        await world.open(tracking)
        now = soon()
        await world.publish(amended("o", 1, "wake:0.2", at=now))
        await eventually(lambda: world.states("tracking"), lambda states: "o" in states)
        await asyncio.sleep(2.0)  # that nothing happens is what is looked for
        assert (await world.states("tracking"))["o"].woken == ()
        async with world.running(PRICING):
            states = await eventually(lambda: world.states("tracking"), lambda seen: bool(seen["o"].woken))
    assert states["o"].woken == (now + timedelta(seconds=0.2),)
    assert states["o"].heard == ("1/0",), "what pricing said was applied before the wake"


async def test_a_wake_does_not_overtake_a_backlog(kafka: str, database: str, topic_prefix: str) -> None:
    """The service is down when its wake falls due, and a fact of before lies unread: a parcel that was delivered."""
    ahead = round(bound(2.0), 1)  # the order is known, the service stopped and the backlog there before it is due
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING) as pricing:
            await world.open(pricing)
            now = soon()
            due = now + timedelta(seconds=ahead)
            await world.publish(amended("o", 1, f"wake:{ahead}", at=now))
            await eventually(lambda: world.states("pricing"), lambda states: "o" in states)
        await world.publish(*(amended(f"x{number}", 1) for number in range(3_000)), amended("o", 2))
        await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds() + 0.5))
        async with world.running(PRICING):
            states = await eventually(lambda: world.states("pricing"), lambda seen: bool(seen["o"].woken))
    assert states["o"].woken == (due,)
    assert states["o"].known[1] < due, "the fact was applied before the wake: its now was not pushed behind the due"


async def test_markers_at_the_end_of_a_topic_do_not_stop_time(kafka: str, database: str, topic_prefix: str) -> None:
    """A platform that writes in transactions: each leaves a marker behind its records, aborted ones records too."""
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        now = soon()
        producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=topic_prefix)
        await producer.start()
        for revision in range(1, 8):
            await producer.begin_transaction()
            event = amended("o", revision, "wake:1.5", at=now)
            value, headers = event.model_dump_json().encode(), envelope_of(event).headers()
            await producer.send(world.prefix + ORDERS, value, key=event.order_key.encode(), headers=headers)
            await (producer.abort_transaction() if revision % 2 else producer.commit_transaction())
        await producer.stop()
        states = await eventually(  # a wake may fire before the last revision is there
            lambda: world.states("pricing"),
            lambda seen: "o" in seen and bool(seen["o"].woken) and len(seen["o"].revisions) == 3,
        )
        assert states["o"].revisions == (2, 4, 6)
        assert await world.quarantine("pricing") == []


async def test_a_service_that_was_down_for_three_days_catches_up_in_the_order_of_time(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """Replay: the driver's Progress moves the days; tracking is down meanwhile, pricing runs."""
    orders = 40
    async with (
        World(kafka, database, topic_prefix).ready(PRICING, TRACKING) as world,
        world.running(PRICING, replay=True) as pricing,
    ):
        await world.open(pricing)
        for order in range(orders):
            at = START + timedelta(minutes=order)
            await world.publish(amended(f"o{order}", 1, f"wake:{36 * 3600}", at=at), known_at=at)
        await world.progress(START + days(1), ORDERS, OPERATOR_COMMANDS)
        for order in range(0, orders, 2):
            at = START + days(1) + timedelta(minutes=order)
            await world.publish(amended(f"o{order}", 2, at=at), known_at=at)
        await world.progress(START + days(3), ORDERS, OPERATOR_COMMANDS)
        done = START + days(3)
        await eventually(
            lambda: world.through(POLICIES), lambda seen: all(each[-1:] == [done] for each in seen.values())
        )
        async with world.running(TRACKING, replay=True) as tracking:
            await world.open(tracking)
            throughs = await eventually(
                lambda: world.through(DELAYS), lambda seen: all(each[-1:] == [done] for each in seen.values())
            )
            states = await world.states("tracking")
    for order in range(orders):
        due = START + timedelta(minutes=order, hours=36)
        toy = states[f"o{order}"]
        assert toy.woken == (due,)
        assert toy.heard == (("1/0", "2/0") if order % 2 == 0 else ("1/0",))
        assert all(known < due for known in toy.known)
    assert all(each == sorted(each) for each in throughs.values())


async def test_progress_comes_behind_everything_that_it_speaks_of(kafka: str, database: str, topic_prefix: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING, replay=True) as pricing:
            await world.open(pricing)
            for day in range(10):
                at = START + days(day)
                events = [amended(f"o{number}", day, "document:acme/shop/x", at=at) for number in range(30)]
                await world.publish(*events, known_at=at)
                await world.progress(at, ORDERS, OPERATOR_COMMANDS)
            done = START + days(9)
            await eventually(
                lambda: world.through(POLICIES), lambda seen: all(each[-1:] == [done] for each in seen.values())
            )
        through: dict[int, datetime] = {}
        for record in await world.records(POLICIES):
            headers = {name: value.decode() for name, value in record.headers}
            known_at = datetime.fromisoformat(headers["ce_knownat"])
            if headers["ce_type"].endswith("Progress"):
                through[record.partition] = known_at
            else:
                assert known_at > through.get(record.partition, START - days(1))


async def test_the_wake_of_a_held_order_waits_and_fires_when_it_is_released(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with (
        World(kafka, database, topic_prefix).ready(PRICING) as world,
        world.running(PRICING, replay=True) as pricing,
    ):
        await world.open(pricing)
        await world.publish(amended("o", 1, "wake:3600"), amended("free", 1, "wake:3600"), known_at=START)
        await world.publish(amended("o", 2, "raise", at=START), known_at=START)
        await world.progress(START + days(1), ORDERS, OPERATOR_COMMANDS)
        await eventually(lambda: world.states("pricing"), lambda seen: "free" in seen and bool(seen["free"].woken))
        rows = await world.quarantine("pricing")
        assert [(row["reason"], row["order_key"]) for row in rows] == [("decide", "acme/shop/o")]
        assert (await world.states("pricing"))["o"].woken == ()
        assert await world.query("pricing", "SELECT * FROM wake") == []
        row = rows[0]
        await world.release("o", "pricing", row["topic"], row["record_offset"], discard=True, known_at=START + days(2))
        states = await eventually(lambda: world.states("pricing"), lambda seen: bool(seen["o"].woken))
    assert states["o"].woken == (START + timedelta(hours=1),)


async def test_a_wake_that_fails_holds_its_order_until_it_is_released(
    kafka: str, database: str, topic_prefix: str
) -> None:
    mended: Definition[Any] = Definition(**{**vars(PRICING), "decide": _forgiving})
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING, replay=True) as pricing:
            await world.open(pricing)
            await world.publish(amended("o", 1, "document:acme/shop/o/raise-on-wake"), known_at=START)
            await world.publish(amended("o", 2, "wake:3600"), known_at=START)
            await world.progress(START + days(1), ORDERS, OPERATOR_COMMANDS)
            rows = await eventually(lambda: world.quarantine("pricing"), lambda rows: len(rows) == 1)
            assert (rows[0]["topic"], rows[0]["reason"], rows[0]["value"]) == ("wake", "wake", None)
            assert rows[0]["known_at"] == START + timedelta(hours=1)
        async with world.running(mended, replay=True) as pricing:
            await world.open(pricing)
            await world.release("o", "pricing", "wake", rows[0]["record_offset"], known_at=START + days(2))
            states = await eventually(lambda: world.states("pricing"), lambda seen: bool(seen["o"].woken))
            assert await world.query("pricing", "SELECT * FROM wake") == []
    assert states["o"].woken == (START + timedelta(hours=1),)


def _forgiving(state: Any, fact: Any, now: datetime, _: datetime | None) -> Any:
    if state is not None:
        state = msgspec.structs.replace(state, document=state.document.replace("raise-on-wake", "mended"))
    return decide_pricing(state, fact, now)
