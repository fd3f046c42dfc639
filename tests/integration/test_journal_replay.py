"""A service's state is made again from topics and journal, byte by byte; what was changed behind its back is found."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from tests.support.kit import World, amended, envelope_of, eventually
from tests.support.toys import PRICING, TRACKING, decide_pricing
from waybond_contracts.topics import DELAYS, ORDERS, POLICIES
from waybond_kit.definition import Definition
from waybond_local.journal.replay import Place, Report, replay
from waybond_local.journal.services import Audited
from waybond_local.provision import with_database

CODE = "0"
GOOD = 60
HELD = {"nul": 1, "refused": 1, "fails": 4, "known": 2, "woken": 1}
"""The lines that `fill` leaves."""

FAILING = ("raise", "status-nul")
DUE = "SELECT FROM wake WHERE due < now()"


def _mended(fact: Any) -> Any:
    """The next release differs in what failed alone."""
    return fact.model_copy(update={"reason": ""}) if getattr(fact, "reason", "") in FAILING else fact


MENDED = Definition(
    **{**vars(PRICING), "decide": lambda state, fact, now, _: decide_pricing(state, _mended(fact), now)}
)


async def replayed(world: World, definition: Definition[Any] = PRICING) -> list[Report]:
    """Every shard, as `waybond journal replay` does it."""
    place = Place(world.admin_dsn, world.kafka, world.partitions, False, world.prefix)
    service = Audited(definition, CODE)
    return [(await replay(place, service, shard)).report for shard in range(world.partitions)]


def problems(reports: list[Report]) -> list[str]:
    return [each for report in reports for each in (*report.shown, report.cut) if each]


def total(reports: list[Report], figure: str) -> int:
    return sum(report.figures[figure] for report in reports)


async def lines(world: World) -> dict[str, int]:
    rows = await world.query(
        "pricing",
        "SELECT order_key, count(*) FROM quarantine WHERE aggregate_id IS NOT NULL AND released_at IS NULL GROUP BY 1",
    )
    return {row["order_key"].rsplit("/", 1)[1]: row["count"] for row in rows}


async def fill(world: World) -> None:
    """Everything that a shard can meet: wakes, many at once; records of other shards; what fails at each stage."""
    await world.publish(*(amended(f"g{number}", 1, f"wake:{number % 3}") for number in range(GOOD)))
    await world.publish(amended("nul", 1, "status-nul"), amended("refused", 1), amended("refused", 2, "amount:-1"))
    await world.publish(amended("fails", 1), amended("fails", 2, "raise"), *(amended("fails", n) for n in (3, 4, 5)))
    await world.publish(amended("woken", 1, "document:raise-on-wake"), amended("woken", 2, "wake:1"))
    headers = envelope_of(amended("known", 2)).headers()
    unknown = [*(pair for pair in headers if pair[0] != "ce_type"), ("ce_type", b"io.waybond.Invented")]
    await world.publish(amended("known", 1))
    await (await world.send(ORDERS, b"acme/shop/known", b"{", headers))
    await (await world.send(ORDERS, b"acme/shop/known", b"{}", unknown))
    await (await world.send(ORDERS, b"acme/shop/unheard", b"{", headers))
    for number in range(8):  # by a producer that partitions otherwise
        event = amended(f"far{number}", 1)
        await world.send(
            ORDERS, event.order_key.encode(), event.model_dump_json().encode(), envelope_of(event).headers(), 0
        )
    await world.publish(*(amended(f"g{number}", 2, f"document:acme/shop/g{number}/same") for number in range(GOOD)))


async def settle(world: World, order: str, *, discard: bool = False) -> None:
    """Decide about the first record in the order's line."""
    row = next(row for row in await world.quarantine("pricing") if row["order_key"] == f"acme/shop/{order}")
    await world.release(order, "pricing", row["topic"], row["record_offset"], discard=discard)


async def drained(world: World) -> None:
    async def states() -> Any:
        return await world.states("pricing")

    far = {f"far{number}" for number in range(8)}
    await eventually(
        states, lambda seen: far <= seen.keys() and all(2 in seen[f"g{number}"].revisions for number in range(GOOD))
    )


async def test_state_is_made_again_through_faults_holds_and_a_mended_release(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """Batches of a few records and wakes, so that a batch often ends in the middle of the wakes that are due."""
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        await fill(world)
        async with world.running(PRICING, batch_records=3) as pricing:
            await world.open(pricing)
            await drained(world)
            await eventually(lambda: lines(world), lambda seen: seen == HELD)
            assert problems(await replayed(world)) == []
            await settle(world, "fails")  # it fails again
            await settle(world, "known", discard=True)
            await eventually(lambda: lines(world), lambda seen: seen.get("known") in (1, None))
        async with world.running(MENDED, batch_records=3) as pricing:
            await world.open(pricing)
            await settle(world, "fails")
            await settle(world, "nul")
            await settle(world, "woken", discard=True)
            await settle(world, "refused", discard=True)
            await world.publish(amended("fails", 6))
            await eventually(
                lambda: world.states("pricing"), lambda seen: seen["fails"].revisions == (1, 2, 3, 4, 5, 6)
            )
            await eventually(lambda: lines(world), lambda seen: not seen.keys() - {"known"})
            await eventually(
                lambda: world.query("pricing", "SELECT FROM wake WHERE due < now()"), lambda rows: not rows
            )
        reports = await replayed(world, MENDED)
    assert problems(reports) == []
    assert total(reports, "orders compared") == len(await _orders(world))
    assert total(reports, "quarantined compared") >= 9
    assert total(reports, "wakes") > GOOD / 2
    assert total(reports, "records") >= 2 * GOOD


async def _orders(world: World) -> set[str]:
    return {row["order_key"] for row in await world.query("pricing", "SELECT order_key FROM aggregate")}


async def test_what_another_of_our_services_says_is_followed_in_order(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING, TRACKING) as world:
        async with world.running(PRICING), world.running(TRACKING) as tracking:
            await world.open(tracking)
            for revision in range(1, 5):
                await world.publish(*(amended(f"o{n}", revision, "wake:1") for n in range(40)))
            await eventually(lambda: world.ids(DELAYS), lambda ids: len(ids) >= 160)
            await eventually(lambda: world.query("tracking", DUE), lambda rows: not rows)
        reports = await replayed(world, TRACKING)
        assert problems(reports) == []
        assert total(reports, "orders compared") == 40
        assert total(reports, "wakes") >= 40


MUTATIONS = {
    "a state was changed": "UPDATE aggregate SET state = replace(state::text, '5b315d', '5b325d')::bytea "
    "WHERE order_key = 'acme/shop/o1'",
    "a status was changed": "UPDATE aggregate SET status = 'paid' WHERE order_key = 'acme/shop/o1'",
    "an order was removed": "DELETE FROM aggregate WHERE order_key = 'acme/shop/o1'",
    "an order was added": "INSERT INTO aggregate SELECT shard, gen_random_uuid(), 'acme/shop/x', 1, 1, '', now(), NULL,"
    " NULL, state FROM aggregate LIMIT 1",
    "a wake was lost": "DELETE FROM wake WHERE (shard, due, id) IN (SELECT shard, due, id FROM wake LIMIT 1)",
    "a bad record was forgotten": "DELETE FROM quarantine WHERE reason = 'decide'",
    "a bad record was changed": "UPDATE quarantine SET value = 'x' WHERE reason = 'decide'",
    "the journal forgot a batch": "DELETE FROM journal WHERE (shard, seq) IN "
    "(SELECT shard, min(seq) FROM journal WHERE spans @> '[[\"orders\"]]' GROUP BY shard)",
    "the journal lets wakes fire that did not": "UPDATE journal SET wake_due = '2100-01-01', wake_id = NULL",
    "the journal names records twice": "UPDATE shard SET batch_seq = 1000; INSERT INTO journal SELECT shard, 1000, "
    "epoch, code, spans FROM journal WHERE spans @> '[[\"orders\"]]' ORDER BY seq LIMIT 1",
}


async def test_what_was_changed_behind_the_services_back_is_found(kafka: str, database: str, topic_prefix: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING) as pricing:
            await world.open(pricing)
            await world.publish(*(amended(f"o{n}", 1, f"wake:{10**9}") for n in range(20)), amended("bad", 1, "raise"))
            await eventually(lambda: world.states("pricing"), lambda states: len(states) == 20)
            await eventually(lambda: lines(world), lambda seen: seen == {"bad": 1})
        await world.hang_up()  # a database is copied only while nobody is connected to it
        original = urlsplit(database).path.removeprefix("/")
        noticed = {}
        for mutation, statement in {"nothing": "SELECT", **MUTATIONS}.items():
            async with copied(database, original) as world.admin_dsn:
                await world.execute("pricing", statement)
                noticed[mutation] = problems(await replayed(world))
    assert noticed.pop("nothing") == []
    assert [mutation for mutation, found in noticed.items() if not found] == []


@asynccontextmanager
async def copied(dsn: str, original: str) -> AsyncIterator[str]:
    """The DSN of a copy of a database."""
    admin = await asyncpg.connect(with_database(dsn, "postgres"))
    try:
        await admin.execute(f'CREATE DATABASE "{original}_copy" TEMPLATE "{original}"')
        yield with_database(dsn, f"{original}_copy")
    finally:
        await admin.execute(f'DROP DATABASE IF EXISTS "{original}_copy" WITH (FORCE)')
        await admin.close()


async def test_a_topic_that_was_cut_is_named(kafka: str, database: str, topic_prefix: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING) as pricing:
            await world.open(pricing)
            await world.publish(*(amended(f"o{n}", 1) for n in range(20)))
            await eventually(lambda: world.ids(POLICIES), lambda ids: len(ids) == 20)
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        await admin.delete_records({TopicPartition(world.prefix + ORDERS, 2): RecordsToDelete(before_offset=2)})
        await admin.close()
        reports = await replayed(world)
    assert [report.cut for report in reports if report.cut] == ["orders/2 begins at 2, and the journal goes back to 0"]
    assert all(not report.differences for report in reports)
