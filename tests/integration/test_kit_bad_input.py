"""Bad input at the kit's door, on real parts: each bad record is quarantined once, with its bytes, field and reason."""

import json
import struct
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

from tests.support.kit import World, amended, envelope_of, eventually
from tests.support.toys import PRICING
from waybond_contracts.topics import ORDERS
from waybond_kit.keys import partition_of
from waybond_kit.outbox import unpack_headers

GOOD = amended("good", 1)
KEY = GOOD.order_key.encode()
VALUE = GOOD.model_dump_json().encode()
HEADERS: list[tuple[str, bytes | None]] = list(envelope_of(GOOD).headers())


@dataclass
class Bad:
    """A record that is wrong in one way, and what its quarantine row must name."""

    field: str
    reason: str = "unreadable"
    key: bytes | None = KEY
    value: bytes | None = VALUE
    headers: list[tuple[str, bytes | None]] | None = None


def payload(**changes: Any) -> bytes:
    """The good payload with some fields changed; None leaves one out."""
    fields = json.loads(VALUE) | changes
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def header(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    """The good headers with one changed."""
    return [*(pair for pair in HEADERS if pair[0] != name), (name, value)]


BAD = {
    "unknown event type": Bad("type", "unknown-type", headers=header("ce_type", b"io.waybond.Invented")),
    "a type of another topic": Bad("type", headers=header("ce_type", b"io.waybond.PolicyDeclined")),
    "progress from outside": Bad("type", "unknown-type", headers=header("ce_type", b"io.waybond.Progress")),
    "no type": Bad("header ce_type", headers=[pair for pair in HEADERS if pair[0] != "ce_type"]),
    "missing field": Bad("revision", value=payload(revision=None)),
    "wrong type": Bad("revision", value=payload(revision="one")),
    "too many decimals": Bad("total.minor", value=payload(total={"minor": 1.5, "currency": "EUR", "exponent": 2})),
    "unknown currency": Bad("total.currency", value=payload(total={"minor": 1, "currency": "EUX", "exponent": 2})),
    "date without zone": Bad("occurred_at", value=payload(occurred_at="2026-03-01T00:00:00")),
    "key of another order": Bad("key", key=b"acme/shop/other"),
    "key missing": Bad("key", key=None),
    "key empty": Bad("key", key=b""),
    "key not UTF-8": Bad("key", key=b"acme/shop/\xff"),
    "key of two parts": Bad("key", key=b"acme/shop"),
    "no value": Bad("value", value=None),
    "value empty": Bad("value", value=b""),
    "value of 2 MB": Bad("value", value=payload(reason="x" * 2_000_000)),
    "header not UTF-8": Bad("header ce_id", headers=header("ce_id", b"\xff\xfe")),
    "header null": Bad("header ce_id", headers=header("ce_id", None)),
    "invalid JSON": Bad("value", value=b'{"tenant": "acme"'),
    "NUL in a text": Bad("reason", value=payload(reason="a\u0000b")),
    "integer over 64 bits": Bad("revision", value=payload(revision=2**64)),
}


LARGE = b"x" * 1_000_001


async def test_each_bad_record_is_quarantined_once_and_nothing_else_is_lost(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        shard = partition_of(KEY, world.partitions)
        sent = {}
        for number, (name, bad) in enumerate(BAD.items()):
            await world.publish(amended(f"before-{number}", 1))
            headers = HEADERS if bad.headers is None else bad.headers
            partition = shard if bad.key == KEY or not bad.key else partition_of(bad.key, world.partitions)
            answer = await (await world.send(ORDERS, bad.key, bad.value, headers, partition))
            sent[partition, answer.offset] = name, bad
            await world.publish(amended(f"after-{number}", 1))
        await world.publish(GOOD)
        await eventually(lambda: world.states("pricing"), lambda states: len(states) == 2 * len(BAD) + 1)
        rows = await world.quarantine("pricing")
        assert {(row["shard"], row["record_offset"]) for row in rows} == set(sent)
        assert len(rows) == len(BAD)
        for row in rows:
            name, bad = sent[row["shard"], row["record_offset"]]
            headers = HEADERS if bad.headers is None else bad.headers
            assert (row["field"], row["reason"]) == (bad.field, bad.reason), name
            assert (row["key"], row["value"], row["topic"]) == (bad.key, bad.value, ORDERS), name
            assert unpack_headers(row["headers"]) == headers, name
            assert row["aggregate_id"] is None, f"{name}: its order had no state, so nothing is held"
            assert row["detail"], name


async def test_an_unknown_field_is_ignored_and_counted(kafka: str, database: str, topic_prefix: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        await (await world.send(ORDERS, KEY, payload(colour="red", size=4), HEADERS))
        states = await eventually(lambda: world.states("pricing"), lambda states: len(states) == 1)
        assert states["good"].revisions == (1,)
        assert await world.quarantine("pricing") == []
        assert pricing.metrics.unknown_fields._value.get() == 2


async def test_a_record_of_another_shard_is_forwarded_and_applied_there(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        right = partition_of(KEY, world.partitions)
        wrong = (right + 1) % world.partitions
        await (await world.send(ORDERS, KEY, VALUE, HEADERS, wrong))
        await (await world.send(ORDERS, KEY, b"{", HEADERS, wrong))
        await (await world.send(ORDERS, KEY, LARGE, HEADERS, wrong))
        await eventually(lambda: world.states("pricing"), lambda states: len(states) == 1)
        rows = await eventually(lambda: world.quarantine("pricing"), lambda rows: len(rows) == 2)
        aggregates = await world.query("pricing", "SELECT shard, status FROM aggregate")
        assert [(row["shard"], row["status"]) for row in aggregates] == [(right, "open")]
        assert {(row["shard"], row["value"]) for row in rows} == {(right, b"{"), (wrong, LARGE)}
        forwarded = [record for record in await world.records(ORDERS) if record.partition == right]
        assert [(record.key, record.value) for record in forwarded] == [(KEY, VALUE), (KEY, b"{")]
        assert list(forwarded[0].headers) == HEADERS


async def test_a_command_that_names_nothing_is_ignored(kafka: str, database: str, topic_prefix: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        await world.release("good", "pricing", ORDERS, 4711)
        await world.release("good", "claims", ORDERS, 4711)
        await world.publish(GOOD)
        await eventually(lambda: world.states("pricing"), lambda states: len(states) == 1)
        assert await world.quarantine("pricing") == []


async def test_a_header_whose_name_is_not_utf8_stops_nobody(kafka: str, database: str, topic_prefix: str) -> None:
    """Most clients refuse to write it; a hostile one need not. It says nothing, so the record is read without it."""
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        shard = partition_of(KEY, world.partitions)
        await world.publish(amended("before", 1))
        for value in (VALUE, b"{"):
            batch = world.producer.create_batch()
            batch.append(timestamp=None, key=KEY, value=value, headers=[*HEADERS, ("odd-name", b"v")])
            _spoil(batch, b"odd-name", b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8")
            await (await world.producer.send_batch(batch, world.prefix + ORDERS, partition=shard))
        await world.publish(amended("after", 1))
        await eventually(lambda: world.states("pricing"), lambda states: set(states) == {"before", "good", "after"})
        rows = await eventually(lambda: world.quarantine("pricing"), lambda rows: len(rows) == 1)
        assert rows[0]["value"] == b"{"
        assert unpack_headers(rows[0]["headers"])[-1] == ("\\xff\\xfe\\xfd\\xfc\\xfb\\xfa\\xf9\\xf8", b"v")


def _spoil(batch: Any, name: bytes, odd: bytes) -> None:
    """Change a name in a batch that is ready to be sent, and its checksum with it."""
    data = bytearray(batch._build())
    at = data.index(name)
    data[at : at + len(odd)] = odd
    struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))
    batch._buffer = bytes(data)


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
async def test_platforms_compress_as_they_like(kafka: str, database: str, topic_prefix: str, compression: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        platform = AIOKafkaProducer(bootstrap_servers=kafka, compression_type=compression)
        await platform.start()
        for number in range(30):
            event = amended(f"o{number}", 1)
            value, headers = event.model_dump_json().encode(), envelope_of(event).headers()
            await platform.send(world.prefix + ORDERS, value, key=event.order_key.encode(), headers=headers)
        await platform.stop()
        await eventually(lambda: world.states("pricing"), lambda states: len(states) == 30)
        assert await world.quarantine("pricing") == []
