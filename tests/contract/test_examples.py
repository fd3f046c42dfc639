"""The examples that platforms and payment systems start from run as they are written, against a real broker."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.partitioner import murmur2

from tests.support.patience import within
from tests.support.sources import ROOT
from waybond_contracts import envelope
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.orders import OrderPlaced, Payment
from waybond_contracts.publishing import message
from waybond_contracts.refunds import (
    CancelRefund,
    IssueRefund,
    RefundAccepted,
    RefundCancelled,
    RefundFailed,
    RefundResult,
    RefundSucceeded,
)
from waybond_contracts.registry import decode
from waybond_contracts.shipments import ShipmentBooked, ShipmentScanned
from waybond_contracts.topics import MAX_RECORD_BYTES, ORDERS, REFUND_RESULTS, REFUNDS, SHIPMENTS

EXAMPLES = ROOT / "shared" / "contracts" / "examples"
PARTITIONS = 8
DEADLINE_SECONDS = 60
NOW = datetime.now(UTC).replace(microsecond=0)
ORDER = {"tenant": "demo", "platform": "shop", "order_id": "2026-000123"}


async def test_a_platform_publishes_an_order_its_package_and_a_scan(
    kafka: str, topic_prefix: str, new_topics: Callable
) -> None:
    await new_topics([topic_prefix + ORDERS, topic_prefix + SHIPMENTS], partitions=PARTITIONS)
    await run_to_end("publish_order.py", "--kafka", kafka, "--topic-prefix", topic_prefix, "--order-id", "77")

    orders = await read_records(kafka, topic_prefix + ORDERS, 1)
    shipments = await read_records(kafka, topic_prefix + SHIPMENTS, 2)

    assert [type(read(record)) for record in (*orders, *shipments)] == [OrderPlaced, ShipmentBooked, ShipmentScanned]
    key = b"demo/shop/77"
    assert {record.key for record in (*orders, *shipments)} == {key}
    shard = (murmur2(key) & 0x7FFFFFFF) % PARTITIONS
    assert {record.partition for record in (*orders, *shipments)} == {shard}


async def test_a_payment_system_pays_a_refund_id_once_and_answers_again(
    kafka: str, topic_prefix: str, new_topics: Callable, tmp_path: Path
) -> None:
    await new_topics([topic_prefix + REFUNDS, topic_prefix + REFUND_RESULTS], partitions=PARTITIONS)
    books = tmp_path / "books.sqlite"
    command = issue_refund("r-1")
    too_late = CancelRefund(**ORDER, **refund("r-1", version=2), occurred_at=NOW, reason_code="refunded_elsewhere")
    async with payment_system(kafka, topic_prefix, books):
        await publish(kafka, topic_prefix, [command, command, too_late])
        answers = results(await read_records(kafka, topic_prefix + REFUND_RESULTS, 6))
    async with payment_system(kafka, topic_prefix, books):  # and after a restart
        await publish(kafka, topic_prefix, [command])
        records = await read_records(kafka, topic_prefix + REFUND_RESULTS, 8)

    assert [type(answer) for answer in answers] == [RefundAccepted, RefundSucceeded] * 3
    assert all(answer.amount == Money.of(460, "USD") for answer in results(records))
    ids = [envelope.read(record.headers, record.value)[0].id for record in records]
    assert len(set(ids)) == 2, "the same answer is the same event, however often it comes"
    assert sqlite3.connect(books).execute("SELECT refund_id, status FROM refund").fetchall() == [("r-1", "paid")]


async def test_a_payment_system_does_not_pay_what_was_cancelled_before_or_is_too_late_and_survives_rubbish(
    kafka: str, topic_prefix: str, new_topics: Callable, tmp_path: Path
) -> None:
    await new_topics([topic_prefix + REFUNDS, topic_prefix + REFUND_RESULTS], partitions=PARTITIONS)
    cancel = CancelRefund(**ORDER, **refund("r-2", version=2), occurred_at=NOW, reason_code="withdrawn")
    expired = issue_refund("r-3", not_after=NOW - timedelta(days=1))
    async with payment_system(kafka, topic_prefix, tmp_path / "books.sqlite"):
        await publish(kafka, topic_prefix, [cancel])
        await send(kafka, topic_prefix + REFUNDS, [(b"demo/shop/2026-000123", b"{rubbish", [("ce_id", b"\xff")])])
        await publish(kafka, topic_prefix, [issue_refund("r-2"), expired])
        answers = results(await read_records(kafka, topic_prefix + REFUND_RESULTS, 2))

    assert [(type(answer), answer.refund_id) for answer in answers] == [(RefundCancelled, "r-2"), (RefundFailed, "r-3")]


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.py")))
async def test_an_example_needs_aiokafka_and_the_contracts_alone(name: str) -> None:
    imports = [
        line.split()[1] for line in (EXAMPLES / name).read_text().splitlines() if line.startswith(("import ", "from "))
    ]
    outside = {module.partition(".")[0] for module in imports} - sys.stdlib_module_names
    assert outside == {"aiokafka", "waybond_contracts"}


def refund(refund_id: str, version: int = 1) -> dict:
    return {"refund_id": refund_id, "claim_id": "c-1", "policy_id": "p-1", "version": version}


def issue_refund(refund_id: str, not_after: datetime = NOW + timedelta(days=30)) -> IssueRefund:
    return IssueRefund(
        **ORDER,
        **refund(refund_id),
        occurred_at=NOW,
        step=1,
        attempt=1,
        amount=Money.of(460, "USD"),
        reason_code="late",
        narrative="Order 2026-000123 arrives late",
        decision_version=1,
        requested_at=NOW,
        not_after=not_after,
        payment=Payment(provider="acme-pay", reference="ch_3Nf1"),
    )


async def run_to_end(name: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, EXAMPLES / name, *arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with within(DEADLINE_SECONDS):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


@asynccontextmanager
async def payment_system(kafka: str, topic_prefix: str, books: Path) -> AsyncIterator[None]:
    """The example, running; stopped by SIGTERM, which it must take gracefully."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, EXAMPLES / "payment_system.py"),
        *("--kafka", kafka, "--topic-prefix", topic_prefix, "--books", books),
    )
    try:
        yield
        process.terminate()
        async with within(DEADLINE_SECONDS):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def publish(kafka: str, topic_prefix: str, events: Sequence[Event]) -> None:
    for event in events:
        topic, key, value, headers = message(event, source="/waybond/claims", knownat=NOW)
        await send(kafka, topic_prefix + topic, [(key, value, headers)])


async def send(kafka: str, topic: str, records: Sequence[tuple[bytes, bytes, list[tuple[str, bytes]]]]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=2 * MAX_RECORD_BYTES)
    await producer.start()
    try:
        for key, value, headers in records:
            await producer.send_and_wait(topic, value, key=key, headers=headers)
    finally:
        await producer.stop()


async def read_records(kafka: str, topic: str, count: int) -> list[ConsumerRecord]:
    """The first `count` records of a topic; fails after DEADLINE_SECONDS."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with within(DEADLINE_SECONDS):
            return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()


def read(record: ConsumerRecord) -> Event:
    attributes, data = envelope.read(record.headers, record.value)
    return decode(attributes.type, data, strict=True).event


def results(records: Sequence[ConsumerRecord]) -> list[RefundResult]:
    events = [read(record) for record in records]
    return [event for event in events if isinstance(event, RefundResult)]
