"""A record that we or a platform publish is one that a reader takes."""

from datetime import UTC, datetime

import pytest

from waybond_contracts.envelope import Envelope, read
from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.orders import OrderRefunded
from waybond_contracts.publishing import message
from waybond_contracts.registry import decode

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
REFUNDED = OrderRefunded(
    tenant="demo", platform="shop", order_id="1", occurred_at=NOON, refund_ref="pr-1", amount=Money.of(1000, "USD")
)


def test_a_record_is_keyed_by_its_order_and_read_again_as_it_was() -> None:
    record = message(REFUNDED, source="/platforms/shop", event_id="e-1")
    envelope, data = read(record.headers, record.value)
    assert (record.topic, record.key) == ("orders", b"demo/shop/1")
    assert (envelope.id, envelope.type, envelope.source) == ("e-1", "io.waybond.OrderRefunded", "/platforms/shop")
    assert (envelope.time, envelope.partitionkey, envelope.knownat) == (NOON, "demo/shop/1", None)
    assert decode(envelope.type, data, strict=True).event == REFUNDED


def test_the_same_event_sent_again_has_the_same_id_and_another_one_another() -> None:
    def made(event: Event, source: str) -> str:
        record = message(event, source=source)
        return read(record.headers, record.value)[0].id

    assert made(REFUNDED, "/a") == made(REFUNDED.model_copy(), "/a")
    assert made(REFUNDED, "/a") != made(REFUNDED, "/b")
    assert made(REFUNDED, "/a") != made(REFUNDED.model_copy(update={"amount": Money.of(1001, "USD")}), "/a")


def test_an_answer_names_its_cause_and_carries_the_trace_on() -> None:
    cause = Envelope(id="c-1", type="t", source="/waybond/claims", correlationid="r-1", traceparent="00-a-b-01")
    record = message(REFUNDED, source="/a", cause=cause, knownat=NOON)
    envelope, _ = read(record.headers, record.value)
    assert (envelope.causationid, envelope.correlationid, envelope.traceparent) == ("c-1", "r-1", "00-a-b-01")
    assert envelope.knownat == NOON
    first = Envelope(id="c-2", type="t", source="/waybond/claims")
    assert read(message(REFUNDED, source="/a", cause=first).headers, b"{}")[0].correlationid == "c-2"


def test_an_event_that_a_reader_would_refuse_is_not_published() -> None:
    forged = REFUNDED.model_copy(update={"refund_ref": "a\x00b"})
    with pytest.raises(ContractError) as error:
        message(forged, source="/a")
    assert error.value.field == "refund_ref"


@pytest.mark.parametrize(
    ("source", "event_id", "field"), [("", None, "source"), ("/a", "", "event_id"), ("/a", "x" * 2_000, "event_id")]
)
def test_a_source_and_an_id_are_needed_and_bounded(source: str, event_id: str | None, field: str) -> None:
    with pytest.raises(ContractError) as error:
        message(REFUNDED, source=source, event_id=event_id)
    assert error.value.field == field


def test_an_envelope_that_a_reader_would_refuse_is_not_published() -> None:
    for source, event_id in (("/a\x00b", None), ("/shop", "a\x00b")):
        with pytest.raises(ContractError):
            message(REFUNDED, source=source, event_id=event_id)
    with pytest.raises(ContractError):
        message(REFUNDED, source="/shop", knownat=datetime(2026, 1, 1))  # noqa: DTZ001  # what it refuses


def test_a_base_class_is_no_event() -> None:
    with pytest.raises(ContractError) as error:
        message(Event(tenant="demo", platform="shop", order_id="1", occurred_at=NOON), source="/a")
    assert error.value.field == "type"
