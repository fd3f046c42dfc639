"""The demo's pure parts: the parcel's story, its sentences, the order in which they are told, and the figures."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from tests.contract.examples import EXAMPLES
from tests.support.refunds import COMMANDED, issue_refund
from waybond_contracts.claims import BuyerNotified, ClaimApproved, ClaimSettled, Notice
from waybond_contracts.delays import Journey, ShipmentDelayed, ShipmentDelivered, ShipmentLost
from waybond_contracts.envelope import Envelope
from waybond_contracts.event import Event
from waybond_contracts.explanation import Explanation
from waybond_contracts.fields import Interval
from waybond_contracts.money import Money
from waybond_contracts.orders import Language, OrderPlaced
from waybond_contracts.refunds import FailureCode, RefundFailed, RefundSucceeded
from waybond_contracts.registry import decode
from waybond_contracts.shipments import ScanKind, ShipmentChecked, ShipmentScanned
from waybond_contracts.topics import ORDERS
from waybond_contracts.wording import Clock, DeliveredBy, Scope
from waybond_local.demo import brazil
from waybond_local.demo.figures import Figures, Lane, Spread, top_lanes
from waybond_local.demo.memory import MEGABYTE, MemoryWatch
from waybond_local.demo.narrate import Narrator
from waybond_local.demo.record import Record, record_of
from waybond_local.demo.tell import in_order
from waybond_local.replay.timed import About

ABOUT = About(tenant="demo", platform="shop", order_id="o-1")
USD = Money.of(1250, "USD")


def test_the_parcel_took_three_months() -> None:
    facts = [fact.event for fact in brazil.told(2013, "demo")]
    placed, arrived = facts[0], facts[-1]
    assert isinstance(placed, OrderPlaced)
    assert isinstance(arrived, ShipmentScanned)
    assert arrived.kind is ScanKind.DELIVERED
    assert 90 <= (arrived.when.earliest - placed.occurred_at).days <= 100
    assert placed.language is Language.PT
    assert sum(line.total.minor for line in placed.lines) == placed.total.minor


def test_the_carrier_is_asked_after_thirty_days_of_silence() -> None:
    facts = [fact.event for fact in brazil.told(2013, "demo")]
    at = next(n for n, event in enumerate(facts) if isinstance(event, ShipmentChecked))
    checked, last = facts[at], facts[at - 1]
    assert isinstance(checked, ShipmentChecked)
    assert isinstance(last, ShipmentScanned)
    assert timedelta(days=30) < checked.as_of - last.when.latest < timedelta(days=33)
    assert checked.scans_known == sum(isinstance(event, ShipmentScanned) for event in facts[:at])


def test_every_event_of_the_story_travels() -> None:
    for fact in brazil.told(2013, "demo"):
        event = fact.event
        assert decode(event.event_type, event.model_dump_json().encode(), strict=True).event == event
        assert fact.known_at >= event.occurred_at


def record(event: Event, name: str = "e", cause: str | None = None, appended_ms: int = 0) -> Record:
    made = Envelope(id=name, type=event.event_type, source="/test", knownat=COMMANDED, causationid=cause)
    return Record(event, made, appended_ms)


def delayed(watch: str = "TG-1:0:0", *, version: int = 1, breached: bool = True) -> ShipmentDelayed:
    return ShipmentDelayed(
        **ABOUT, occurred_at=COMMANDED, policy_id="p-1", package_id="k-1", version=version, as_of=COMMANDED,
        journey=Journey(), watch_id=watch, scope=Scope.PACKAGE, clock=Clock.PROMISED_LATEST, clock_start=COMMANDED,
        clock_source="OrderPlaced.promise.latest", due=COMMANDED, breached=breached,
    )  # fmt: skip


def approved() -> ClaimApproved:
    explained = Explanation(
        product="order-protection", product_version="2026.11.1", wording_sha256="0" * 64, interpreter=1,
        policy_id="p-1", policy_version=1, case_version=1, decided_at=COMMANDED, packages=(), findings=(), steps=(),
        entitled=USD, command=USD,
    )  # fmt: skip
    return ClaimApproved(
        **ABOUT, occurred_at=COMMANDED, claim_id="c-1", version=1, amount=USD, entitled=USD, explanation=explained
    )


def notified() -> BuyerNotified:
    texts = tuple(Notice(language=language, subject="s", body=f"body in {language}") for language in Language)
    return BuyerNotified(
        **ABOUT, occurred_at=COMMANDED, claim_id="c-1", version=1, notice_id="n-1", about="approved",
        language=Language.PT, texts=texts,
    )  # fmt: skip


def answer(kind: type[RefundSucceeded] | type[RefundFailed] = RefundSucceeded, version: int = 1) -> Event:
    more: dict[str, Any] = {"failure_code": FailureCode.DECLINED, "retryable": True} if kind is RefundFailed else {}
    return kind(
        **ABOUT, occurred_at=COMMANDED, refund_id="r-1", attempt=1, version=version, provider_refund_ref="x",
        amount=USD, **more,
    )  # fmt: skip


def scanned(raw_text: str) -> ShipmentScanned:
    return ShipmentScanned(
        **ABOUT, occurred_at=COMMANDED, package_id="k-1", kind=ScanKind.PICKED_UP, provider="x", raw_text=raw_text
    )


def arrived(handed_to: DeliveredBy) -> ShipmentDelivered:
    return ShipmentDelivered(
        **ABOUT, occurred_at=COMMANDED, policy_id="p-1", package_id="k-1", version=1, as_of=COMMANDED,
        journey=Journey(), when=Interval.at(COMMANDED), handed_to=handed_to,
    )  # fmt: skip


def settled() -> ClaimSettled:
    return ClaimSettled(
        **ABOUT, occurred_at=COMMANDED, claim_id="c-1", version=2, refund_id="r-1", amount=USD, settled=USD
    )


def test_a_story_is_told_causes_first_and_the_buyers_text_last() -> None:
    told = [
        record(notified(), "n", cause="d"),
        record(settled(), "s", cause="a"),
        record(issue_refund(), "i", cause="d"),
        record(approved(), "c", cause="d"),
        record(answer(), "a"),
        record(delayed(), "d"),
    ]
    assert [each.envelope.id for each in in_order(told)] == ["a", "d", "s", "c", "i", "n"]


@pytest.mark.parametrize(
    ("event", "who", "says"),
    [
        (delayed(), "tracking", "TG-1: missed; clock promised_latest"),
        (delayed(breached=False, version=2), "tracking", "kept after all"),
        (approved(), "claims", "decided: 12.50 USD now, 12.50 USD in all"),
        (issue_refund(), "claims", "commands refund r-1 of 12.50 USD"),
        (answer(), "payments", "refund r-1 succeeded"),
        (answer(RefundFailed), "payments", "failed: declined, may be tried again"),
        (settled(), "claims", "booked: 12.50 USD confirmed"),
        (scanned("Objeto postado"), "carrier", "PICKED_UP (Objeto postado), "),
        (scanned(""), "carrier", "PICKED_UP, "),
        (arrived(DeliveredBy.READY_FOR_PICKUP), "tracking", "it is ready to be picked up, "),
        (arrived(DeliveredBy.DOOR), "tracking", "it arrived, "),
    ],
)
def test_each_event_is_told_in_a_sentence(event: Event, who: str, says: str) -> None:
    line = Narrator().line(record(event))
    assert line is not None
    assert line.who == who
    assert says in line.what


NOT_TOLD = {
    "ClaimOpened",  # the decision behind it is
    # What signals says among its own keys, and to adjusters' tools.
    "OrderObserved",
    "PhotoObserved",
    "SignalsTold",
    "SubjectAsked",
    "SubjectTold",
}
"""Events that say nothing of their own."""


@pytest.mark.parametrize("event_type", sorted(EXAMPLES))
def test_an_order_is_told_with_all_that_happened_to_it(event_type: str) -> None:
    """S: an order was cancelled, or a person decided, and `waybond order show` says nothing of it."""
    event = decode(event_type, json.dumps(EXAMPLES[event_type]).encode()).event
    line = Narrator().line(record(event))
    assert (line is None) == (type(event).__name__ in NOT_TOLD)


def test_what_later_scans_contradict_is_not_told_as_if_it_stood() -> None:
    lost = ShipmentLost(
        **ABOUT, occurred_at=COMMANDED, policy_id="p-1", package_id="k-1", version=2, as_of=COMMANDED,
        journey=Journey(), when=Interval.at(COMMANDED), standing=False,
    )  # fmt: skip
    line = Narrator().line(record(lost))
    assert line is not None
    assert line.what == "not lost after all"


@pytest.mark.parametrize(
    ("name", "changed", "says"),
    [
        ("IssuePayout", {}, "commands payout r-1"),
        ("RefundReversed", {"amount": {"minor": 200, "currency": "USD", "exponent": 2}}, "r-1 came back: 2.00 USD"),
        ("ShipmentScanned", {"occurred_until": "2026-01-06T01:00:00Z"}, "05 Jan 14:02 and 06 Jan 01:00 UTC"),
    ],
)
def test_a_line_says_what_moved_and_when(name: str, changed: dict[str, Any], says: str) -> None:
    """S: a part of a refund comes back, and it reads as if all of it did."""
    said = EXAMPLES[f"io.waybond.{name}"] | changed
    line = Narrator().line(record(decode(f"io.waybond.{name}", json.dumps(said).encode()).event))
    assert line is not None
    assert says in line.what


def test_a_note_moves_no_cursor() -> None:
    said = EXAMPLES["io.waybond.DecideReferral"] | {"note": "well\x1b[2J\ndone"}
    line = Narrator().line(record(decode("io.waybond.DecideReferral", json.dumps(said).encode()).event))
    assert line is not None
    assert line.more == ('"well\\x1b[2J\\ndone"',)
    scan = Narrator().line(record(scanned("Objeto\x1b[2J postado")))
    assert scan is not None
    assert scan.what.isprintable()


def kafka_record(event: Event, *, topic: str | None = None, key: str | None = None) -> ConsumerRecord[Any, Any]:
    told = COMMANDED + timedelta(days=9)
    made = Envelope(id="e", type=event.event_type, source="/test", knownat=told)
    return ConsumerRecord(
        topic=event.topic if topic is None else topic, partition=0, offset=0, timestamp=60_000, timestamp_type=1,
        key=(event.order_key if key is None else key).encode(), value=event.model_dump_json().encode(), checksum=None,
        serialized_key_size=0, serialized_value_size=0, headers=made.headers(),
    )  # fmt: skip


def test_what_services_do_not_take_is_not_told() -> None:
    """S: who may write `orders` alone puts a refund there, and the order's story says that it was commanded."""
    refund = issue_refund()
    assert record_of(kafka_record(refund), replay=False) is not None
    assert record_of(kafka_record(refund, topic=ORDERS), replay=False) is None
    assert record_of(kafka_record(refund, key="demo/shop/another"), replay=False) is None


def test_live_what_others_wrote_was_known_when_the_broker_had_it() -> None:
    """S: a scan that came two days late is told ahead of what was decided in between."""
    scan = kafka_record(scanned("Objeto postado"))
    ours = kafka_record(settled())
    known = [record_of(each, replay=replay) for each in (scan, ours) for replay in (False, True)]
    minute, told = datetime(1970, 1, 1, 0, 1, tzinfo=UTC), COMMANDED + timedelta(days=9)
    assert [each and each.known_at for each in known] == [minute, told, told, told]


def test_the_buyers_text_is_told_in_the_buyers_language_and_in_english() -> None:
    line = Narrator().line(record(notified()))
    assert line is not None
    assert line.what == "body in pt"
    assert line.more == ("(body in en)",)


def counted(*records: Record) -> Figures:
    figures = Figures("demo", "shop")
    for each in records:
        figures.add(each)
    return figures


def test_times_are_taken_from_trigger_to_command_to_answer_to_booking() -> None:
    figures = counted(
        record(delayed(), "d", appended_ms=1_000),
        record(issue_refund(), "i", cause="d", appended_ms=1_040),
        record(answer(), "a", appended_ms=1_500),
        record(answer(), "a", appended_ms=9_999),
        record(settled(), "s", cause="a", appended_ms=1_530),
    )
    assert figures.trigger_to_command() == Spread(1, 40, 40)
    assert figures.command_to_answer() == Spread(1, 460, 460)
    assert figures.answer_to_booking() == Spread(1, 30, 30)
    assert figures.trigger_to_booking() == Spread(1, 530, 530)


def test_a_retry_is_no_second_trigger() -> None:
    figures = counted(
        record(delayed(), "d"),
        record(issue_refund(), "i", cause="d"),
        record(issue_refund("r-2", attempt=2), "j", cause="a"),
    )
    assert (figures.commands, figures.retries) == (1, 1)
    spread = figures.trigger_to_command()
    assert spread is not None
    assert spread.count == 1


def test_a_missed_deadline_that_was_kept_after_all_does_not_count() -> None:
    figures = counted(record(delayed()), record(delayed("TG-1:0:1")), record(delayed(breached=False, version=2)))
    assert figures.missed == {"TG-1:0:1": 1}


def test_the_last_word_of_the_payment_system_counts() -> None:
    figures = counted(record(answer()), record(answer(RefundFailed, version=2)), record(answer()))
    assert +figures.answers == {"failed": 1}


def test_events_of_others_are_left_out() -> None:
    figures = Figures("demo", "scms")
    figures.add(record(delayed()))
    assert figures.events == 0


def test_percentiles_of_a_hundred() -> None:
    assert Spread.of(list(range(1, 101))) == Spread(100, 50, 99)
    assert Spread.of([]) is None


def test_the_lanes_with_the_most_premium_come_first_and_the_rest_together() -> None:
    lanes = [Lane(f"IN-{n}", premium=n, incurred=1) for n in range(5)]
    top = top_lanes(lanes, 2)
    assert [(lane.lane, lane.premium) for lane in top] == [("IN-4", 4), ("IN-3", 3), ("3 others", 3)]
    assert top[-1].incurred == 3
    assert top[-1].ratio == 1.0
    assert Lane("x", 0, 1).ratio is None


def test_what_is_told_has_a_date() -> None:
    line = Narrator().line(record(delayed()))
    assert line is not None
    assert line.at == COMMANDED == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_memory_is_that_of_this_process_and_what_it_started() -> None:
    watch = MemoryWatch()
    watch.sample()
    alone = watch.peak_bytes
    hungry = "b = bytearray(b'x' * 64_000_000); print('full', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hungry], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"full\n"
        watch.sample()
        child.kill()
    assert watch.peak_bytes > alone + 60 * MEGABYTE
    assert "MB at most" in str(watch)
