"""The whole of Waybond as processes, in replay: the parcel to Brazil, real shipments, the invariants, and tampering."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files
from io import StringIO
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from rich.console import Console

from tests.support.commands import Commands
from tests.support.patience import bound
from tests.support.processes import eventually
from waybond_claims.case.state import Case
from waybond_contracts.claims import BuyerNotified, ClaimApproved, ClaimDenied
from waybond_contracts.orders import Language, OrderPlaced
from waybond_contracts.refunds import IssueRefund, RefundSucceeded
from waybond_contracts.topics import TOPICS
from waybond_contracts.wording import parse
from waybond_local.demo import bad, brazil
from waybond_local.demo.record import Record, reader
from waybond_local.demo.tell import in_order, tell
from waybond_local.history import fit, olist
from waybond_local.history import scms as scms_history
from waybond_local.invariants import load
from waybond_local.invariants.check import Check
from waybond_local.paths import fresh_folder
from waybond_local.provision import DATABASE, with_database
from waybond_local.replay import scms
from waybond_local.replay.command import ensure_tenant
from waybond_local.replay.driver import ServiceWatermarks, driver
from waybond_local.replay.run import replay
from waybond_local.replay.timed import Timed, Told, merged
from waybond_local.stack import Options, Stack
from waybond_local.state import StackState
from waybond_local.verify import check_all, verify

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("replay")]

TENANT = "demo"
FATES = ("paid", "declined,paid", "reversed,paid", "pending", "late", "repeated", "refused", "silent")
UNPAID = {"fate:refused", "fate:silent"}
ON_TIME = 25
PATIENCE_SECONDS = 240


@dataclass(frozen=True)
class World:
    """A stack on which everything was replayed."""

    stack: StackState
    story: list[Record]
    orders: Mapping[str, scms_history.Order]
    fates: Mapping[str, str]
    """What the payment says about its refunds, by order."""
    cases: Mapping[str, Case]
    checks: list[Check]
    commands: Commands

    @property
    def dsn(self) -> str:
        return with_database(self.stack.admin_dsn, DATABASE)


def chosen() -> list[scms_history.Order]:
    """Orders of the first weeks of 2014 that were there by May: all that were late, and some that were not."""
    orders = [
        order
        for order in scms_history.read().orders
        if date(2014, 1, 1) <= order.ordered_on < date(2014, 3, 1)
        and all(date(2014, 1, 1) <= package.arrived_on < date(2014, 6, 1) for package in order.packages)
        and 0 < order.value_usd_cents <= 100_000_000
    ]
    late = [order for order in orders if any(package.days_late > 7 for package in order.packages)]
    return late + [order for order in orders if order not in late][:ON_TIME]


def with_fates(orders: list[scms_history.Order]) -> tuple[list[Timed], dict[str, str]]:
    """The orders' events; each order's payment names another fate of its refunds."""
    facts: list[Timed] = []
    fates: dict[str, str] = {}
    for order, fate in zip(orders, itertools.cycle(FATES)):
        for fact in scms.events(order, TENANT):
            event = fact.event
            if isinstance(event, OrderPlaced):
                fates[order.po] = f"fate:{fate}"
                payment = event.payment.model_copy(update={"reference": fates[order.po]})
                event = event.model_copy(update={"payment": payment})
            facts.append(Timed(fact.known_at, event))
    return facts, fates


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    folder = fresh_folder("waybond-test-replay-")
    try:
        with Stack(folder, Options(replay=True, partitions=3)) as stack, Commands(folder) as commands:
            yield asyncio.run(_replayed(stack.state, commands))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _replayed(stack: StackState, commands: Commands) -> World:
    await ensure_tenant(stack, TENANT, "order-protection", scms.PRODUCT)
    console = Console(file=StringIO())
    facts = brazil.told(2013, TENANT)
    connection = await asyncpg.connect(with_database(stack.admin_dsn, DATABASE))
    try:
        async with reader(stack.kafka, [topic.name for topic in TOPICS], stack.partitions) as log:
            watermarks = ServiceWatermarks(connection)
            async with driver(stack.kafka, stack.partitions, watermarks, facts[0].known_at) as drives:
                story = await tell(drives, log, facts, brazil.order_key(TENANT), console)
    finally:
        await connection.close()
    await bad.send(stack.kafka)
    orders = chosen()
    events, fates = with_fates(orders)
    await replay(stack, Told(merged(events), {}, 0, {}), console, tail=timedelta(days=40))
    checks = await verify(stack)
    async with load.reading(with_database(stack.admin_dsn, DATABASE)) as snapshot:
        cases = {case.order_key.split("/")[2]: case async for case in load.cases(snapshot)}
    return World(stack, in_order(story), {order.po: order for order in orders}, fates, cases, checks, commands)


# the parcel to Brazil


def test_the_parcel_to_brazil_is_decided_on_its_days(world: World) -> None:
    approved = [record for record in world.story if isinstance(record.event, ClaimApproved)]
    decided = [(each.known_at, each.event.amount.minor, each.event.entitled.minor) for each in approved]  # pyright: ignore[reportAttributeAccessIssue] - filtered above
    assert decided == [
        (datetime(2013, 4, 20, 2, 59, 59, tzinfo=UTC), 4_123, 4_123),
        (datetime(2013, 4, 28, 2, 59, 59, tzinfo=UTC), 8_246, 12_369),
        (datetime(2013, 5, 25, 9, 0, tzinfo=UTC), 28_861, 41_230),
    ]


def test_the_complaint_was_too_early_and_says_when_it_is_decided(world: World) -> None:
    denied = next(record.event for record in world.story if isinstance(record.event, ClaimDenied))
    assert isinstance(denied, ClaimDenied)
    assert denied.reason == "too_early"
    assert denied.eligible_at == datetime(2013, 4, 20, 2, 59, 59, tzinfo=UTC)


def test_the_buyer_was_told_in_portuguese_each_time(world: World) -> None:
    told = [record.event for record in world.story if isinstance(record.event, BuyerNotified)]
    assert len(told) == 4
    for event in told:
        assert isinstance(event, BuyerNotified)
        text = next(text for text in event.texts if text.language is Language.PT)
        assert event.language is Language.PT
        assert brazil.ORDER_ID in text.body


def test_money_moved_once_although_the_payment_system_said_so_three_times(world: World) -> None:
    commands = [record for record in world.story if isinstance(record.event, IssueRefund)]
    successes = [record for record in world.story if isinstance(record.event, RefundSucceeded)]
    assert (len(commands), len(successes)) == (3, 9)
    assert world.cases[brazil.ORDER_ID].settled == 41_230


# real shipments


def test_each_order_is_owed_what_its_wording_gives_for_its_days(world: World) -> None:
    wording = parse((files("waybond_pricing") / "products" / "freight-time-guarantee-2026.11.1.toml").read_text())
    owed = {po: world.cases[po].owed for po in world.orders}
    for po, order in world.orders.items():
        expected = min(fit.benefit(wording, order), Decimal(wording.cover.limit_minor))
        # The sum here is rounded once; the policy rounds each package's benefit.
        assert abs(owed[po] - expected.quantize(Decimal(1), ROUND_HALF_UP)) <= len(order.packages), po
    assert sum(minor > 0 for minor in owed.values()) >= len(FATES)


def test_every_fate_of_a_refund_ends_as_it_should(world: World) -> None:
    seen: dict[str, set[str]] = defaultdict(set)
    for po, fate in world.fates.items():
        case = world.cases[po]
        if case.owed:
            assert case.settled == (0 if fate in UNPAID else case.owed), (po, fate)
            seen[fate] |= {referral.reason for referral in case.referrals if referral.is_open}
    assert seen.keys() == {f"fate:{fate}" for fate in FATES}
    assert {fate: reasons for fate, reasons in seen.items() if reasons} == {
        "fate:refused": {"refund_failed"},
        "fate:silent": {"payer_silent"},
    }


def test_a_declined_and_a_reversed_refund_are_commanded_again(world: World) -> None:
    for fate in ("fate:declined,paid", "fate:reversed,paid"):
        cases = [world.cases[po] for po, each in world.fates.items() if each == fate and world.cases[po].owed]
        assert all(max(command.attempt for command in case.commands) == 2 for case in cases)


# the invariants


def test_the_invariants_hold(world: World) -> None:
    assert [check.name for check in world.checks] == ["I1", "I2", "I3", "I4", "I5", "I6"]
    assert {check.name: check.shown for check in world.checks if not check.holds} == {}
    figures = {check.name: check.figures for check in world.checks}
    assert figures["I1"]["orders with cover"] == len(world.orders) + 1
    assert figures["I2"]["movements there"] > len(FATES)
    assert figures["I5"]["quarantined"] == figures["I5"]["compared with the log"] == 3 * len(bad.BAD)
    assert figures["I3"]["quarantined"] == 3 * len(bad.BAD)


TAMPERINGS: dict[str, tuple[set[str], str, str]] = {
    "a movement that nobody commanded": (
        {"I1", "I2"},
        "INSERT INTO sandbox.payment SELECT 'tampered', partition, order_key, status, amount_minor, currency, attempt, "
        "issued_version, cancelled_version, not_after, steps, next_due, answers, last_type, last_value "
        "FROM sandbox.payment WHERE status = 'paid' AND order_key LIKE '%/scms/%' ORDER BY amount_minor LIMIT 1;"
        "INSERT INTO sandbox.movement SELECT 'tampered', 'refund', order_key, -amount_minor, currency, now() "
        "FROM sandbox.payment WHERE refund_id = 'tampered'",
        "DELETE FROM sandbox.movement WHERE refund_id = 'tampered';"
        "DELETE FROM sandbox.payment WHERE refund_id = 'tampered'",
    ),
    "a movement beyond every limit": (
        {"I1", "I2", "I6"},
        "UPDATE sandbox.movement SET amount_minor = amount_minor - 100000000 WHERE kind = 'refund'",
        "UPDATE sandbox.movement SET amount_minor = amount_minor + 100000000 WHERE kind = 'refund'",
    ),
    "a balance that is not the sum of its movements": (
        {"I2"},
        "UPDATE sandbox.balance SET minor = minor - 1",
        "UPDATE sandbox.balance SET minor = minor + 1",
    ),
    "a posting without its other side": (
        {"I2"},
        "ALTER TABLE claims.posting DISABLE TRIGGER USER; INSERT INTO claims.posting "
        "SELECT shard, entry_id, 99, 'bank', currency, 1, NULL FROM claims.posting LIMIT 1",
        "DELETE FROM claims.posting WHERE line = 99; ALTER TABLE claims.posting ENABLE TRIGGER USER",
    ),
    "an offset that was lost": (
        {"I3"},
        "UPDATE claims.shard_input SET next_offset = next_offset - 1 WHERE topic = 'orders'",
        "UPDATE claims.shard_input SET next_offset = next_offset + 1 WHERE topic = 'orders'",
    ),
    "a batch that no journal knows": (
        {"I3"},
        "CREATE TABLE claims.kept AS SELECT * FROM claims.journal WHERE spans @> '[[\"policies\"]]' "
        "ORDER BY shard, seq LIMIT 1; DELETE FROM claims.journal USING claims.kept "
        "WHERE journal.shard = kept.shard AND journal.seq = kept.seq",
        "INSERT INTO claims.journal SELECT * FROM claims.kept; DROP TABLE claims.kept",
    ),
    "a batch that was applied twice": (
        {"I3"},
        "INSERT INTO claims.journal SELECT shard, 1000000000, epoch, code, spans, wake_before, wake_due, wake_id "
        "FROM claims.journal WHERE spans @> '[[\"policies\"]]' LIMIT 1",
        "DELETE FROM claims.journal WHERE seq = 1000000000",
    ),
    "a message that is not published": (
        {"I4"},
        "INSERT INTO claims.outbox SELECT 1000, 1, 'claims', 0, NULL, ''::bytea, NULL",
        "DELETE FROM claims.outbox WHERE shard = 1000",
    ),
    "a bad message that is kept twice": (
        {"I5"},
        "INSERT INTO pricing.quarantine SELECT shard, batch_seq, 1000000, topic, record_offset, order_key, "
        "aggregate_id, reason, field, detail, known_at, key, headers, value, released_at, outcome "
        "FROM pricing.quarantine LIMIT 1",
        "DELETE FROM pricing.quarantine WHERE ordinal = 1000000",
    ),
    "a bad message with other bytes": (
        {"I5"},
        "UPDATE pricing.quarantine SET value = value || 'x'::bytea",
        "UPDATE pricing.quarantine SET value = substring(value FROM 1 FOR length(value) - 1)",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_tampering_is_found(world: World, name: str) -> None:
    fails, tamper, mend = TAMPERINGS[name]
    logs = await load.logs(world.stack.kafka, world.stack.partitions)
    admin = await asyncpg.connect(world.dsn)
    try:
        async with admin.transaction():
            await admin.execute(tamper)
        try:
            checks = await check_all(world.stack, logs)
        finally:
            async with admin.transaction():
                await admin.execute(mend)
    finally:
        await admin.close()
    assert {check.name for check in checks if not check.holds} == fails


async def test_what_was_tampered_with_was_mended(world: World) -> None:
    logs = await load.logs(world.stack.kafka, world.stack.partitions)
    assert all(check.holds for check in await check_all(world.stack, logs))


# the commands


def waybond(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    return world.commands.run(arguments, PATIENCE_SECONDS)


def test_verify_says_what_it_looked_at_and_exits_with_zero(world: World) -> None:
    done = waybond(world, "verify", "--patience", str(bound(30)))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [name for name in done.stdout.split() if re.fullmatch(r"I\d+", name)] == [f"I{n}" for n in range(1, 13)]
    assert done.stdout.count("holds") == 12


def test_each_service_is_made_again_byte_by_byte(world: World) -> None:
    done = waybond(world, "journal", "replay")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the same") == 3
    figures = re.search(r"claims .*orders compared (\d+).*ledger entries compared (\d+)", done.stdout)
    assert figures is not None
    entries = next(check for check in world.checks if check.name == "I2").figures["entries"]
    assert (int(figures[1]), int(figures[2])) == (len(world.cases), entries)


async def test_a_state_that_nothing_made_is_found_by_the_audit_and_verify_exits_with_one(world: World) -> None:
    """Beside a balance that is wrong: each is found, and nothing else."""
    _, tamper, mend = TAMPERINGS["a balance that is not the sum of its movements"]
    admin = await asyncpg.connect(world.dsn)
    try:
        await admin.execute("UPDATE tracking.aggregate SET status = status || '!'")
        await admin.execute(tamper)
        replayed = await asyncio.to_thread(waybond, world, "journal", "replay", "--service", "tracking")
        verified = await asyncio.to_thread(waybond, world, "verify", "--patience", "0")
        await admin.execute(mend)
        await admin.execute("UPDATE tracking.aggregate SET status = rtrim(status, '!')")
    finally:
        await admin.close()
    assert (replayed.returncode, verified.returncode) == (1, 1)
    assert "DIFFERENCES" in replayed.stdout and "status made" in replayed.stdout
    failed = [line for line in verified.stdout.splitlines() if "FAILS" in line]
    assert [re.findall(r"I\d+", line) for line in failed] == [["I2"], ["I7"]]
    assert "reports" in verified.stdout


def test_quarantine_lists_and_shows_what_could_not_be_read(world: World) -> None:
    listed = waybond(world, "quarantine", "list").stdout
    assert listed.count("unreadable") == 6
    assert listed.count("unknown-type") == 3
    name = next(line for line in listed.splitlines() if "unknown-type" in line).split()[1]
    shown = waybond(world, "quarantine", "show", name).stdout
    assert "io.waybond.OrderDreamt" in shown
    assert "demo/bad/3" in shown


def test_a_record_that_is_not_there_is_an_error_without_a_traceback(world: World) -> None:
    done = waybond(world, "quarantine", "show", "claims/orders/0/999999")
    assert done.returncode == 1
    assert "is not in quarantine" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_replay_of_a_time_that_is_over_is_refused(world: World) -> None:
    folder = files("waybond_local.history") / "data"
    done = waybond(world, "replay", str(folder), "--format", "scms", "--year", "2013")
    assert done.returncode == 1
    assert "was told the time up to 2014" in done.stderr


async def test_an_order_that_is_held_goes_on_once_its_bad_record_is_discarded(world: World) -> None:
    po = next(iter(world.orders))
    async with AIOKafkaProducer(bootstrap_servers=world.stack.kafka) as producer:
        await producer.send_and_wait("shipments", key=f"{TENANT}/{scms.PLATFORM}/{po}".encode(), value=b"\xff")
    name = await asyncio.to_thread(held, world, po)
    assert name.startswith("tracking/shipments/")
    done = await asyncio.to_thread(waybond, world, "quarantine", "discard", name, "--note", "a broken scan")
    assert done.returncode == 0, done.stderr
    assert await asyncio.to_thread(eventually, lambda: "discarded" in waybond(world, "quarantine", "show", name).stdout)
    again = await asyncio.to_thread(waybond, world, "quarantine", "release", name)
    assert (again.returncode, "was discarded" in again.stderr) == (1, True)
    assert all(check.holds for check in await verify(world.stack))


def held(world: World, po: str) -> str:
    """The record that holds the order, as soon as it is listed."""
    rows: list[str] = []

    def listed() -> bool:
        rows[:] = [
            row for row in waybond(world, "quarantine", "list").stdout.splitlines() if po in row and "holds" in row
        ]
        return bool(rows)

    assert eventually(listed)
    return rows[0].split()[1]


MARKETPLACE = {
    "olist_orders_dataset": [
        "late,c1,delivered,2017-10-02 10:56:33,2017-10-02 11:07:15,2017-10-04 19:55:00,2017-10-30 21:25:13,2017-10-18",
        "none,c1,canceled,2017-10-03 10:00:00,,,,2017-10-20 00:00:00",
    ],
    "olist_order_items_dataset": ["late,1,p1,s1,10.5,2.25", "late,2,p1,s2,20,0"],
    "olist_order_payments_dataset": ["late,1,credit_card,32.75", "none,1,boleto,7"],
    "olist_customers_dataset": ["c1,01001,SP"],
    "olist_sellers_dataset": ["s1,13023,SP", "s2,20000,RJ"],
    "olist_products_dataset": ["p1,perfumaria,225"],
    "product_category_name_translation": ["perfumaria,perfumery"],
}


async def test_a_history_of_another_format_is_replayed_by_the_command(world: World, tmp_path: Path) -> None:
    for name, rows in MARKETPLACE.items():
        text = "\n".join([",".join(olist.TABLES[name]), *rows]) + "\n"
        (tmp_path / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    done = await asyncio.to_thread(waybond, world, "replay", str(tmp_path), "--format", "olist", "--tenant", "market")
    assert done.returncode == 0, done.stdout + done.stderr
    async with load.reading(world.dsn) as snapshot:
        cases = {case.order_key: case async for case in load.cases(snapshot)}
    # Twelve days late: a tenth of each package (1.275 and 2.00 BRL), rounded half up.
    assert cases["market/olist/late"].settled == 128 + 200
    assert "market/olist/none" not in cases or not cases["market/olist/none"].commands
    assert all(check.holds for check in await verify(world.stack))
