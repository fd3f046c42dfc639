"""What we publish: its envelope, its key, its bounds."""

from datetime import timedelta

import pytest

from tests.support.kit import START, amended
from tests.support.toys import declined
from waybond_contracts import envelope
from waybond_contracts.envelope import MAX_HEADERS, Envelope
from waybond_contracts.registry import PROGRESS_TYPE, Progress, decode
from waybond_contracts.signals import Happening, OrderObserved, SubjectKind
from waybond_contracts.topics import MAX_RECORD_BYTES
from waybond_kit.door import Item, Raw
from waybond_kit.keys import event_id, partition_of
from waybond_kit.outbox import (
    MAX_EVENTS_PER_OUTCOME,
    MAX_FORWARDED_HEADER_BYTES,
    Cause,
    Outbox,
    TooLargeError,
    fits,
    pack_headers,
    unpack_headers,
)

CAUSE = Cause("cause", "correlation", "00-trace-01")
ANSWER = declined(amended("o", 1), START, "why")


def test_an_event_carries_its_cause_and_reads_back_as_it_was() -> None:
    outbox = Outbox("pricing", 3, last_seq=10)
    known_at = START + timedelta(microseconds=1)
    outbox.add(outbox.prepared("acme/shop/o", [ANSWER, ANSWER], CAUSE, known_at))
    row = outbox.rows[0]
    assert [each[:5] for each in outbox.rows] == [(3, 11 + n, "policies", 3, b"acme/shop/o") for n in range(2)]
    read, data = envelope.read(row.headers, row.value)
    assert decode(read.type, data, strict=True).event == ANSWER
    assert read == Envelope(
        id=event_id("cause", ANSWER.event_type, f"acme/shop/o/{ANSWER.business_key}"),
        type="io.waybond.PolicyDeclined",
        source="/waybond/pricing",
        time=START,
        partitionkey="acme/shop/o",
        knownat=known_at,
        causationid="cause",
        correlationid="correlation",
        traceparent="00-trace-01",
    )
    assert sorted(row.headers) == sorted(read.headers())


def test_what_two_orders_cause_under_one_id_has_two_ids() -> None:
    """The ids of causes are their platforms' own: two of them may count alike."""
    outbox = Outbox("pricing", 3, last_seq=0)
    for order in ("o", "p"):
        event = declined(amended(order, 1), START, "why")
        outbox.add(outbox.prepared(event.order_key, [event], CAUSE, START))
    assert len({dict(row.headers)["ce_id"] for row in outbox.rows}) == 2


def test_an_event_that_crosses_goes_to_the_shard_of_its_own_key() -> None:
    """An order tells its buyer: the record's key, its partition and its id are those of the buyer."""
    seen = OrderObserved(
        tenant="acme",
        platform="shop",
        order_id="o",
        occurred_at=START,
        of=SubjectKind.BUYER,
        subject="0f" * 16,
        what=Happening.ORDERED,
    )
    key = b"acme/buyer/" + b"0f" * 16
    outbox = Outbox("signals", 3, last_seq=0, partitions=8)
    (record,) = outbox.prepared("acme/shop/o", [seen], CAUSE, START)
    assert (record.key, record.partition) == (key, partition_of(key, 8))
    headers = dict(record.headers)
    assert headers["ce_partitionkey"] == key
    assert headers["ce_id"] == event_id("cause", seen.event_type, f"{key.decode()}/{seen.business_key}").encode()
    with pytest.raises(ValueError, match="OrderObserved is about another order"):
        Outbox("signals", 3, last_seq=0).prepared("acme/shop/o", [seen], CAUSE, START)


def test_progress_is_addressed_to_the_shards_own_partition() -> None:
    outbox = Outbox("pricing", 3, last_seq=0)
    outbox.progress(["policies", "delays"], START)
    assert [each[:5] for each in outbox.rows] == [(3, 1, "policies", 3, None), (3, 2, "delays", 3, None)]
    read, data = envelope.read(outbox.rows[0].headers, outbox.rows[0].value)
    assert (read.type, Progress.model_validate_json(data).through) == (PROGRESS_TYPE, START)


def test_what_must_not_go_out_is_refused() -> None:
    outbox = Outbox("pricing", 3, last_seq=0)
    with pytest.raises(ValueError, match="PolicyDeclined is about another order"):
        outbox.prepared("acme/shop/other", [ANSWER], CAUSE, START)
    with pytest.raises(TooLargeError, match="101 events at once: at most 100"):
        outbox.prepared("acme/shop/o", [ANSWER] * (MAX_EVENTS_PER_OUTCOME + 1), CAUSE, START)
    large = ANSWER.model_copy(update={"detail": "x" * 1_000_001})
    with pytest.raises(TooLargeError, match="at most 1000000"):
        outbox.prepared("acme/shop/o", [large], CAUSE, START)
    assert outbox.rows == []


@pytest.mark.parametrize(
    ("value", "headers", "sent_on"),
    [
        (b"x" * MAX_RECORD_BYTES, [("n" * 24, b"v" * 488)] * MAX_HEADERS, True),
        (b"x" * MAX_RECORD_BYTES, [("n" * 25, b"v" * 488)] * MAX_HEADERS, False),
        (b"x" * (MAX_RECORD_BYTES + 1), [], False),
        (b"x", [("", None)] * (MAX_HEADERS + 1), False),
        (b"x", [("\U0001f4e6" * (MAX_FORWARDED_HEADER_BYTES // 4), b"")], True),
        (b"x", [("\U0001f4e6" * (MAX_FORWARDED_HEADER_BYTES // 4), b""), ("n", b"")], False),
    ],
)
def test_only_what_a_broker_takes_is_sent_on(
    value: bytes, headers: list[tuple[str, bytes | None]], sent_on: bool
) -> None:
    """S: a compressed batch brings a record with a million empty headers: no broker takes it as we would send it."""
    assert fits(Item(Raw("orders", 0, 0, b"acme/shop/o", value, headers), START)) is sent_on


def test_headers_are_kept_as_they_came() -> None:
    headers = [("ce_id", b"\xff"), ("empty", b""), ("null", None), ("ce_id", b"again")]
    assert unpack_headers(pack_headers(headers)) == headers
