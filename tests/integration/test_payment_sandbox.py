"""The payment sandbox on real Kafka and PostgreSQL: it pays once, answers, and goes on after a crash."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic import SecretStr

from tests.support.patience import Wait, within
from tests.support.refunds import COMMANDED, cancel_refund, issue_refund
from waybond_contracts import envelope
from waybond_contracts.envelope import Envelope
from waybond_contracts.event import Event
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.registry import PROGRESS_TYPE, Progress
from waybond_local.processes import free_ports, kill, spawn, stop
from waybond_local.sandbox.process import Sandbox
from waybond_local.sandbox.settings import Settings

PARTITIONS = 2
PATIENCE_SECONDS = 30
MakeTopics = Callable[..., Awaitable[None]]


class Bench:
    """A sandbox's surroundings: topics of its own, a database with its tables."""

    def __init__(self, kafka: str, database: str, prefix: str) -> None:
        self.kafka, self.database, self.prefix = kafka, database, prefix

    def settings(self, *, replay: bool = False) -> Settings:
        return Settings(
            kafka=self.kafka,
            database=SecretStr(self.database),
            topic_prefix=self.prefix,
            replay=replay,
            sandbox_live_seconds_per_hour=0.1,
            sandbox_poll_milliseconds=20,
        )

    @asynccontextmanager
    async def sandbox(self, *, replay: bool = False) -> AsyncIterator[Sandbox]:
        sandbox = Sandbox(self.settings(replay=replay))
        running = asyncio.create_task(sandbox.run())
        try:
            yield sandbox
        finally:
            sandbox.stop()
            await running

    async def send(
        self, *records: Event | Progress | bytes, known_at: datetime | None = None, partition: int = 0
    ) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.kafka) as producer:
            for record in records:
                await producer.send_and_wait(self.prefix + "refunds", partition=partition, **_encoded(record, known_at))

    async def answers(self, enough: Callable[[Sequence[Envelope]], bool], partition: int = 0) -> list[Envelope]:
        """What was published on the partition, once there is enough of it."""
        at = TopicPartition(self.prefix + "refund-results", partition)
        found: list[Envelope] = []
        async with AIOKafkaConsumer(bootstrap_servers=self.kafka) as consumer, within(PATIENCE_SECONDS):
            consumer.assign([at])
            consumer.seek(at, 0)
            while not enough(found):
                for records in (await consumer.getmany(timeout_ms=100, max_records=1_000)).values():
                    found += [envelope.read(record.headers, record.value)[0] for record in records]
        return found

    async def value(self, query: str) -> int:
        connection = await asyncpg.connect(self.database, server_settings={"search_path": "sandbox"})
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()


def _encoded(record: Event | Progress | bytes, known_at: datetime | None) -> dict[str, object]:
    if isinstance(record, bytes):
        return {"value": record, "key": b"demo/shop/o-1", "headers": [("ce_specversion", b"1.0")]}
    if isinstance(record, Progress):
        made = Envelope(id=str(record.through), type=PROGRESS_TYPE, source="/test", knownat=record.through)
        return {"value": record.model_dump_json().encode(), "headers": made.headers()}
    made = Envelope(id=record.business_key, type=record.event_type, source="/test", knownat=known_at)
    return {"value": record.model_dump_json().encode(), "key": record.order_key.encode(), "headers": made.headers()}


@pytest.fixture
async def bench(kafka: str, database: str, topic_prefix: str, new_topics: MakeTopics) -> Bench:
    await new_topics([topic_prefix + "refunds", topic_prefix + "refund-results"], partitions=PARTITIONS)
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("CREATE SCHEMA sandbox; SET search_path TO sandbox")
        for file in sorted((files("waybond_local.sandbox") / "sql").iterdir(), key=lambda each: each.name):
            await connection.execute(file.read_text().partition("-- migrate:down")[0])
    finally:
        await connection.close()
    return Bench(kafka, database, topic_prefix)


def live_refund(refund_id: str = "r-1", *, order_id: str = "o-1") -> IssueRefund:
    """A command that may still be paid now."""
    return issue_refund(refund_id, order_id=order_id, not_after=datetime.now(UTC) + timedelta(days=1))


def kinds(envelopes: Sequence[Envelope]) -> list[str]:
    return [each.type.removeprefix("io.waybond.") for each in envelopes]


async def test_it_pays_and_says_so(bench: Bench) -> None:
    await bench.send(live_refund())
    async with bench.sandbox():
        answers = await bench.answers(lambda found: len(found) == 2)
    assert kinds(answers) == ["RefundAccepted", "RefundSucceeded"]
    assert all(answer.knownat is None for answer in answers)
    assert await bench.value("SELECT sum(amount_minor) FROM movement") == -1250
    assert await bench.value("SELECT minor FROM balance WHERE currency = 'USD'") == -1250


async def test_a_command_that_comes_again_is_answered_again_and_paid_once(bench: Bench) -> None:
    async with bench.sandbox():
        await bench.send(live_refund())
        await bench.answers(lambda found: len(found) == 2)
        await bench.send(live_refund(), live_refund())
        answers = await bench.answers(lambda found: len(found) == 4)
    assert kinds(answers)[1:] == ["RefundSucceeded"] * 3
    assert len({answer.id for answer in answers[1:]}) == 1
    assert await bench.value("SELECT count(*) FROM movement") == 1
    assert await bench.value("SELECT times FROM command") == 3


async def test_what_is_no_command_is_kept_and_what_comes_behind_it_is_paid(bench: Bench) -> None:
    await bench.send(b"\xff\xfe", live_refund())
    async with bench.sandbox():
        answers = await bench.answers(lambda found: len(found) == 2)
    assert kinds(answers)[-1] == "RefundSucceeded"
    assert await bench.value("SELECT count(*) FROM refused WHERE value = '\\xfffe' AND reason LIKE '%ce_id%'") == 1


async def test_a_contradicting_command_is_kept_with_its_reason(bench: Bench) -> None:
    async with bench.sandbox():
        await bench.send(live_refund(), live_refund(order_id="o-2"), live_refund("r-2"))
        await bench.answers(lambda found: len(found) == 4)
    assert await bench.value("SELECT count(*) FROM movement") == 2
    assert await bench.value("SELECT count(*) FROM refused WHERE reason LIKE 'order: expected demo/shop/o-1%'") == 1


async def test_a_cancelled_refund_moves_nothing(bench: Bench) -> None:
    await bench.send(cancel_refund(), live_refund())
    async with bench.sandbox():
        answers = await bench.answers(lambda found: len(found) == 1)
    assert kinds(answers) == ["RefundCancelled"]
    assert await bench.value("SELECT count(*) FROM movement") == 0


async def test_in_a_replay_answers_wait_for_progress_and_progress_comes_behind_them(bench: Bench) -> None:
    day = timedelta(days=1)
    await bench.send(issue_refund(), issue_refund("r-2", reference="fate:pending"), known_at=COMMANDED)
    async with bench.sandbox(replay=True):
        await bench.send(Progress(through=COMMANDED))
        first = await bench.answers(lambda found: "Progress" in kinds(found))
        await bench.send(Progress(through=COMMANDED + 10 * day))
        all_ = await bench.answers(lambda found: kinds(found).count("Progress") == 2)
    assert sorted(kinds(first)[:-1]) == ["RefundAccepted", "RefundAccepted", "RefundPending", "RefundSucceeded"]
    known = [answer.knownat for answer in all_ if answer.knownat]
    assert known == sorted(known)
    assert COMMANDED < known[0] < known[3] < COMMANDED + day == known[4]
    assert kinds(all_)[-2:] == ["RefundSucceeded", "Progress"]
    assert known[-1] == COMMANDED + 11 * day


async def test_in_a_replay_each_partition_has_its_own_time(bench: Bench) -> None:
    async with bench.sandbox(replay=True):
        await bench.send(issue_refund("r-1"), known_at=COMMANDED, partition=0)
        await bench.send(issue_refund("r-2"), Progress(through=COMMANDED), known_at=COMMANDED, partition=1)
        answers = await bench.answers(lambda found: "Progress" in kinds(found), partition=1)
    assert kinds(answers) == ["RefundAccepted", "RefundSucceeded", "Progress"]
    assert await bench.value("SELECT count(*) FROM payment WHERE answers = 0") == 1


async def test_a_second_sandbox_on_the_same_books_waits(bench: Bench) -> None:
    async with bench.sandbox() as first:
        await bench.send(live_refund())
        await bench.answers(lambda found: len(found) == 2)
        async with bench.sandbox() as second:
            await bench.send(live_refund("r-2"))
            await bench.answers(lambda found: len(found) == 4)
            assert first.ready
            assert not second.ready
    assert await bench.value("SELECT count(*) FROM movement") == 2


async def test_a_crash_loses_nothing_and_doubles_no_money(bench: Bench, tmp_path: Path) -> None:
    refunds = [live_refund(f"r-{n}", order_id=f"o-{n}") for n in range(400)]
    process = _spawned(bench, tmp_path)
    try:
        for n in range(0, 400, 100):
            await bench.send(*refunds[n : n + 100])
            os.kill(process.pid, signal.SIGKILL)
            kill(process)
            process = _spawned(bench, tmp_path)
        answers = await bench.answers(
            lambda found: len({each.subject for each in found if each.type.endswith("Succeeded")}) == 400
        )
    finally:
        status = stop(process)
    assert status == 0
    assert len({answer.id for answer in answers}) == 800
    assert await bench.value("SELECT count(*) FROM movement") == 400
    assert await bench.value("SELECT minor FROM balance") == -400 * 1250
    assert await bench.value("SELECT count(*) FROM answer") == 0


async def test_it_says_when_it_is_ready(bench: Bench, tmp_path: Path) -> None:
    process = _spawned(bench, tmp_path, port := free_ports(("sandbox",), {})["sandbox"])
    try:
        statuses = await asyncio.to_thread(_polled, port)
    finally:
        stop(process)
    assert statuses[-1] == 200


def _spawned(bench: Bench, folder: Path, port: int | None = None) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "WAYBOND_KAFKA": bench.kafka,
        "WAYBOND_DATABASE": bench.database,
        "WAYBOND_TOPIC_PREFIX": bench.prefix,
        "WAYBOND_HTTP_PORT": str(port or free_ports(("sandbox",), {})["sandbox"]),
        "WAYBOND_SANDBOX_LIVE_SECONDS_PER_HOUR": "0.1",
    }
    command = [sys.executable, "-m", "waybond_local.sandbox"]
    return spawn(command, log=folder / "sandbox.log", environment=environment)


def _polled(port: int) -> list[int]:
    statuses: list[int] = []
    wait = Wait(PATIENCE_SECONDS)
    while statuses[-1:] != [200] and not wait.over():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/health/ready")
            statuses.append(connection.getresponse().status)
        except OSError:
            statuses.append(0)
        finally:
            connection.close()
    return statuses
