"""I4, I7, I9 and I10 by the journals: they hold for services that work, and each defect of one is noticed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.kit import START, World, amended, envelope_of, eventually
from tests.support.refunds import issue_refund
from tests.support.toys import PRICING, decide_pricing
from waybond_contracts.orders import OrderCancelled
from waybond_contracts.topics import OPERATOR_COMMANDS, ORDERS, POLICIES, REFUNDS
from waybond_kit.aggregate import Outcome
from waybond_kit.changes import OutboxRow
from waybond_kit.definition import Definition
from waybond_kit.door import Raw
from waybond_kit.fold import Fold
from waybond_kit.kafka import KafkaSender
from waybond_local.invariants.check import Check
from waybond_local.journal.audit import MONEY, Audit, follow, read_command
from waybond_local.journal.published import Published
from waybond_local.journal.replay import Place
from waybond_local.journal.services import Audited

ORDERS_TOLD = 12


async def audited(
    world: World, definition: Definition[Any] = PRICING, *, replay: bool = False, code: str = "0"
) -> dict[str, Check]:
    place = Place(world.admin_dsn, world.kafka, world.partitions, replay, world.prefix)
    audit = Audit()
    audit.begin()
    for shard in range(world.partitions):
        await follow(place, Audited(definition, code), shard, audit)
    published = Published(place, audit, dict.fromkeys(range(world.partitions), 10**9))
    for shard in range(world.partitions):
        await published.look(shard)
    return {check.name: check for check in (*audit.checks[:2], published.holds, published.outboxes)}


def failing(checks: dict[str, Check]) -> dict[str, list[str]]:
    return {name: check.shown for name, check in checks.items() if not check.holds or check.unchecked}


async def applied(world: World) -> None:
    """All amendments are."""
    await eventually(
        lambda: world.states("pricing"),
        lambda states: len(states) == ORDERS_TOLD and all(len(toy.revisions) == 2 for toy in states.values()),
    )


async def tell(world: World) -> None:
    """Two amendments of each order; the first wakes it up."""
    await world.publish(*(amended(f"o{n}", 1, "wake:1") for n in range(ORDERS_TOLD)))
    await world.publish(*(amended(f"o{n}", 2) for n in range(ORDERS_TOLD)))


async def test_all_hold_for_a_service_that_works(kafka: str, database: str, topic_prefix: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING):
            await tell(world)
            await applied(world)
            await world.publish(amended("held", 1), amended("held", 2, "raise"), amended("held", 3))
            await eventually(lambda: world.quarantine("pricing"), lambda rows: len(rows) == 2)
            await eventually(lambda: world.ids(POLICIES), lambda ids: len(ids) == 2 * ORDERS_TOLD + 1)
        checks = await audited(world)
    assert failing(checks) == {}
    assert checks["I7"].figures["records folded again"] == 2 * ORDERS_TOLD
    assert checks["I10"].figures["orders that were held"] == 1
    assert checks["I4"].figures["published"] == 2 * ORDERS_TOLD + 1


async def test_facts_that_count_twice_are_noticed(kafka: str, database: str, topic_prefix: str) -> None:
    def forgetful(state: Any, fact: Any, now: datetime, sent_at: datetime | None = None) -> Outcome[Any]:
        made = decide_pricing(state, fact, now)
        return Outcome(made.state, made.events or decide_pricing(None, fact, now).events, made.wake_at, made.rows)

    twice = Definition(**{**vars(PRICING), "decide": forgetful})
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(twice):
            await world.publish(*(amended(f"o{n}", 1) for n in range(ORDERS_TOLD)))
            await eventually(lambda: world.ids(POLICIES), lambda ids: len(ids) == ORDERS_TOLD)
        found = failing(await audited(world, twice))
    assert found.keys() == {"I7"}
    assert "orders once more says io.waybond.PolicyDeclined" in found["I7"][0]


async def test_what_other_code_wrote_is_replayed_counted_and_named(
    kafka: str, database: str, topic_prefix: str
) -> None:
    def otherwise(state: Any, fact: Any, now: datetime, sent_at: datetime | None = None) -> Outcome[Any]:
        made = decide_pricing(state, fact, now)
        return Outcome(made.state, made.events, START + timedelta(days=900), made.rows)

    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING):
            await world.publish(*(amended(f"o{n}", 1) for n in range(ORDERS_TOLD)))
            await eventually(lambda: world.ids(POLICIES), lambda ids: len(ids) == ORDERS_TOLD)
        same = await audited(world, code="newer")
        found = failing(await audited(world, Definition(**{**vars(PRICING), "decide": otherwise}), code="newer"))
    assert failing(same) == {}
    assert same["I7"].figures["orders the same"] == ORDERS_TOLD
    assert same["I7"].figures["batches that other code wrote"] > 0
    assert "I7" in found, "what the other code decided otherwise is not passed over"
    assert "part of this journal was written by code" in found["I7"][0]


async def test_what_an_order_forgot_is_no_news_to_it(kafka: str, database: str, topic_prefix: str) -> None:
    """Its state was dropped in between: what it was told before that would be added to what it knows now."""
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING):
            cancelled = OrderCancelled(tenant="acme", platform="shop", order_id="o1", occurred_at=START)
            await world.publish(amended("o1", 1))
            await world.publish(cancelled)
            await world.publish(amended("o1", 2))
            await eventually(
                lambda: world.states("pricing"), lambda states: bool(states and states["o1"].revisions == (2,))
            )
            await eventually(lambda: world.ids(POLICIES), lambda ids: len(ids) == 2)
        checks = await audited(world)
    assert failing(checks) == {}
    assert checks["I7"].figures["orders the same"] == 1


async def test_what_an_order_was_told_before_it_was_known_is_no_news_to_it(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """It left no state then; told again, it would remove what is known now."""
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING):
            await world.publish(OrderCancelled(tenant="acme", platform="shop", order_id="o1", occurred_at=START))
            await world.publish(amended("o1", 1))
            await eventually(lambda: world.states("pricing"), lambda states: "o1" in states)
            await eventually(lambda: world.ids(POLICIES), lambda ids: len(ids) == 1)
        checks = await audited(world)
    assert failing(checks) == {}
    assert checks["I7"].figures["orders the same"] == 1


async def test_a_table_that_nothing_made_is_noticed(kafka: str, database: str, topic_prefix: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING):
            await tell(world)
            await applied(world)
        await world.execute("pricing", "UPDATE aggregate SET status = 'paid' WHERE order_key LIKE '%/o1'")
        found = failing(await audited(world))
    assert "I7" in found and "kept paid" in found["I7"][0]


async def test_a_wake_that_overtakes_a_fact_is_noticed(
    kafka: str, database: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watermark is the wall clock: an order is woken while a fact from before is still on its way."""
    monkeypatch.setattr("waybond_kit.batch.watermark", lambda before, progress: datetime.now(UTC))
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING, replay=True):
            await world.publish(amended("o1", 1, "wake:10"), known_at=START)
            await eventually(lambda: world.states("pricing"), lambda states: bool(states and states["o1"].woken))
            await world.publish(amended("o1", 2), known_at=START + timedelta(seconds=9))
            await eventually(lambda: world.states("pricing"), lambda states: states["o1"].revisions == (1, 2))
        found = failing(await audited(world, replay=True))
    assert found.keys() == {"I9"}, found
    assert "came behind it" in found["I9"][0]


async def test_a_wake_behind_the_watermark_overtakes_nothing(kafka: str, database: str, topic_prefix: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING, replay=True):
            await world.publish(amended("o1", 1, "wake:10"), known_at=START)
            await world.publish(amended("o1", 2), known_at=START + timedelta(seconds=9))
            await world.progress(START + timedelta(minutes=1), ORDERS, OPERATOR_COMMANDS)
            await eventually(lambda: world.states("pricing"), lambda states: bool(states and states["o1"].woken))
        checks = await audited(world, replay=True)
    assert failing(checks) == {}
    assert (checks["I9"].figures["wakes"], checks["I9"].figures["facts"]) == (1, 2)


async def test_a_hold_that_is_not_honoured_is_noticed(
    kafka: str, database: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fold, "held", lambda self, identity: 0)
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING):
            await world.publish(amended("held", 1), amended("held", 2, "raise"))
            await eventually(lambda: world.quarantine("pricing"), lambda rows: len(rows) == 1)
            await world.publish(amended("held", 3))
            await eventually(lambda: world.states("pricing"), lambda states: states["held"].revisions == (1, 3))
        found = failing(await audited(world))
    assert found.keys() == {"I10"}
    assert "acme/shop/held was held, and OrderAmended was decided on" in found["I10"][0]


async def test_what_was_committed_and_never_published_is_noticed(
    kafka: str, database: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A send that failed is taken for one that worked."""
    send = KafkaSender.send

    async def forgets(self: KafkaSender, rows: Sequence[OutboxRow]) -> None:
        await send(self, [row for row in rows if row.key != b"acme/shop/o1"])

    monkeypatch.setattr(KafkaSender, "send", forgets)
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING):
            await tell(world)
            await applied(world)
        found = failing(await audited(world))
    assert found.keys() == {"I4"}
    assert "2 events were committed and are not on the topic" in found["I4"][0]


def refund(order_id: str, refund_id: str = "r-1", minor: int = 1_250) -> Raw:
    """A command as it lies on `refunds`."""
    command = issue_refund(refund_id, order_id=order_id)
    command = command.model_copy(update={"amount": command.amount.model_copy(update={"minor": minor})})
    headers = envelope_of(command, command.requested_at).headers()
    return Raw(REFUNDS, 7, 0, command.order_key.encode(), command.model_dump_json().encode(), headers)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (refund("o-1"), ""),
        (refund("o-1", "r-2"), "commands no r-2"),
        (refund("o-2"), "demo/shop/o-2"),
        (refund("o-1", minor=1_251), "1251"),
    ],
)
def test_a_command_that_no_journal_makes_is_noticed(raw: Raw, says: str) -> None:
    audit = Audit()
    known = read_command(refund("o-1").value or b"")
    audit.commands[known.refund_id, known.version] = known
    published = Published(Place("", "", 1, False), audit, {0: 8})
    published.see(0, set(), raw)
    assert dict(raw.headers)["ce_type"] in MONEY
    assert published.holds.holds == (not says)
    assert not says or says in published.holds.shown[0]
