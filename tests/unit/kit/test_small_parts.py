"""The breaker, documents in memory, settings, figures and metrics: each within its bounds."""

import asyncio
from itertools import count
from typing import Any, cast

import pytest
from prometheus_client import generate_latest

from waybond_kit import figures
from waybond_kit.breaker import MAX_FAULTS, WINDOW_SECONDS, Breaker
from waybond_kit.database import connect
from waybond_kit.definition import Figure
from waybond_kit.documents import Documents
from waybond_kit.errors import StartError
from waybond_kit.settings import Settings, load
from waybond_kit.telemetry import Metrics


def test_the_breaker_allows_so_many_faults_a_minute() -> None:
    breaker = Breaker()
    assert breaker.allows(MAX_FAULTS, now=0.0) and not breaker.allows(MAX_FAULTS + 1, now=0.0)
    breaker.note(MAX_FAULTS, now=0.0)
    assert breaker.allows(0, now=1.0) and not breaker.allows(1, now=1.0)
    assert breaker.allows(MAX_FAULTS, now=WINDOW_SECONDS)


def test_documents_are_known_once_the_database_holds_them_and_the_oldest_are_dropped() -> None:
    documents = Documents(max_documents=2, max_bytes=100)
    hashes = {}
    for body in (b"a", b"b", b"c"):
        hashes[body], known = documents.hash(body)
        assert not known and len(hashes[body]) == 32
        documents.remember(hashes[body], body)
        assert documents.hash(body) == (hashes[body], True)
    assert documents.body(hashes[b"a"]) is None and documents.body(hashes[b"c"]) == b"c"
    documents.remember(documents.hash(b"x" * 101)[0], b"x" * 101)
    assert documents.body(hashes[b"c"]) is None


def test_settings_come_from_the_environment_and_have_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBOND_BATCH_RECORDS", "250")
    monkeypatch.setenv("WAYBOND_INSTANCE", "")
    settings = load(Settings)
    assert (settings.batch_records, settings.kafka, settings.instance) == (250, "127.0.0.1:9092", None)
    assert "waybond@" not in repr(settings), "the database's password is not shown"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("BATCH_RECORDS", "0", "greater than or equal to 1"),
        ("HTTP_PORT", "70000", "less than or equal to 65535"),
        ("KAFKA_SECURITY", "TLS", "Input should be 'PLAINTEXT'"),
        ("SESSION_SECONDS", "2", "WAYBOND_SESSION_SECONDS must be at least 6"),
        ("IDLE_IN_TRANSACTION_SECONDS", "20", "must be below WAYBOND_SESSION_SECONDS"),
        ("IDLE_IN_TRANSACTION_SECONDS", "0.0004", "greater than or equal to 0.1"),
        ("SESSION_SECONDS", "3600", "less than or equal to 1800"),
        ("PROBE_SECONDS", "0.000001", "greater than or equal to 0.1"),
        ("REPLAY", "perhaps", "valid boolean"),
        ("DATABASE", "mysql://db/claims", "must be a DSN such as postgresql://"),
        ("DATABASE", "postgresql://role@db:x/claims", "must be a DSN such as postgresql://"),
        ("KAFKA", "broker:x", "String should match pattern"),
        ("KAFKA", "one:9092,two:99999", "must have ports from 1 to 65535"),
        ("KAFKA", "one:0", "must have ports from 1 to 65535"),
        ("KAFKA", "one:9092,two", "String should match pattern"),
        ("KAFKA_CA", "/nowhere/ca.pem", "Path does not point to a file"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(f"WAYBOND_{name}", value)
    with pytest.raises(StartError) as raised:
        load(Settings)
    assert f"WAYBOND_{name}" in str(raised.value) and words in str(raised.value)
    assert "role@db" not in str(raised.value), "what stands in a DSN is not shown"


async def test_a_dsn_with_an_option_that_is_none_is_named() -> None:
    dsn = "postgresql://role:secret@127.0.0.1:1/claims?sslmode=always"
    with pytest.raises(StartError, match=r"WAYBOND_DATABASE: .*`sslmode` parameter must be one of") as raised:
        await connect(dsn, "claims", connections=1, idle_in_transaction_seconds=5.0)
    assert "secret" not in str(raised.value)


def test_a_broker_that_asks_for_a_password_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBOND_KAFKA_SECURITY", "SASL_SSL")
    with pytest.raises(StartError, match="WAYBOND_KAFKA_USER and WAYBOND_KAFKA_PASSWORD are needed"):
        load(Settings)


def test_what_alerts_count_stands_at_zero_before_the_first() -> None:
    """S: an alert on the increase of a counter that is born at 1 never sees the first loss."""
    text = generate_latest(Metrics(["orders"]).registry).decode()
    for reason in ("lost", "unreadable", "unknown-type"):
        assert f'waybond_quarantined_total{{reason="{reason}",topic="orders"}} 0.0' in text


async def test_figures_that_could_not_be_counted_are_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """S: in a rolling deploy a row has a newer shape; what was counted before would stand for ever.

    S: the database hangs for a minute; what was counted before would stand for a hundred.
    """
    monkeypatch.setattr(figures, "COUNT_SECONDS", 0.0)
    counted = asyncio.Event()

    class OnceUnreadable:
        names = (("waybond_things", "Things.", ()),)
        tries = 0

        async def count(self, pool: Any, shards: Any) -> list[Figure]:
            self.tries += 1
            if self.tries == 1:
                raise ValueError("shape 2")
            counted.set()
            return [Figure("waybond_things", (), 3)]

    minutes = count(0.0, 60.0)
    found = figures.Counted(OnceUnreadable(), cast("Any", None), list, lambda: next(minutes))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(found.run())
        await counted.wait()
        await asyncio.sleep(0)
        running.cancel()
    assert [sample.value for metric in found.collect() for sample in metric.samples] == [3]


async def test_figures_are_counted_anew_once_shards_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """S: a count took a minute, the next comes after a hundred; a shard moved, and two processes count it till then."""
    monkeypatch.setattr(figures, "COUNT_SECONDS", 0.0)
    open_shards, asked, counted = [1, 2], [], asyncio.Event()

    class Slow:
        names = (("waybond_things", "Things.", ()),)

        async def count(self, pool: Any, shards: Any) -> list[Figure]:
            asked.append(list(shards))
            counted.set()
            return [Figure("waybond_things", (), len(shards))]

    minutes = count(0.0, 60.0)
    found = figures.Counted(Slow(), cast("Any", None), lambda: list(open_shards), lambda: next(minutes))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(found.run())
        await counted.wait()
        for _ in range(10):
            await asyncio.sleep(0)
        assert asked == [[1, 2]], "it rests"
        counted.clear()
        open_shards.remove(1)
        await counted.wait()
        await asyncio.sleep(0)
        running.cancel()
    assert asked == [[1, 2], [2]]
    assert [sample.value for metric in found.collect() for sample in metric.samples] == [1]
