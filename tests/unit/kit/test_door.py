"""The door: which time a record was known at, and who may say how far time has come."""

from datetime import timedelta

from tests.support.kit import START, amended, envelope_of
from tests.support.toys import TRACKING, declined
from waybond_contracts.envelope import Envelope
from waybond_contracts.event import Event
from waybond_contracts.registry import PROGRESS_TYPE, Progress
from waybond_kit.door import Door, Hole, Raw, Reason

APPENDED = START + timedelta(hours=1)
KNOWN = START + timedelta(minutes=1)
LIVE, REPLAY = Door(TRACKING.inputs, replay=False), Door(TRACKING.inputs, replay=True)


def raw_of(event: Event, *, knownat: bool) -> Raw:
    headers = envelope_of(event, KNOWN if knownat else None).headers()
    milliseconds = int(APPENDED.timestamp() * 1000)
    return Raw(event.topic, 7, milliseconds, event.order_key.encode(), event.model_dump_json().encode(), headers)


def progress_of(topic: str) -> Raw:
    envelope = Envelope(id="p", type=PROGRESS_TYPE, source="/waybond/pricing", knownat=KNOWN)
    return Raw(topic, 7, 0, None, Progress(through=KNOWN).model_dump_json().encode(), envelope.headers())


def test_a_record_from_outside_was_known_when_the_broker_appended_it_whatever_it_says() -> None:
    item = LIVE.read(raw_of(amended("o", 1), knownat=True))
    assert (item.known_at, item.refusal, item.order_key) == (APPENDED, None, "acme/shop/o")


def test_a_record_of_our_own_was_known_when_it_says_and_must_say() -> None:
    assert LIVE.read(raw_of(declined(amended("o", 1), START, "x"), knownat=True)).known_at == KNOWN
    refusal = LIVE.read(raw_of(declined(amended("o", 1), START, "x"), knownat=False)).refusal
    assert refusal is not None and (refusal.reason, refusal.field) == (Reason.UNREADABLE, "header ce_knownat")


def test_in_replay_every_record_carries_its_time() -> None:
    assert REPLAY.read(raw_of(amended("o", 1), knownat=True)).known_at == KNOWN
    refusal = REPLAY.read(raw_of(amended("o", 1), knownat=False)).refusal
    assert refusal is not None and refusal.field == "header ce_knownat"


def test_only_our_own_services_say_how_far_time_has_come_except_in_replay() -> None:
    assert LIVE.read(progress_of("policies")).through == KNOWN
    assert REPLAY.read(progress_of("orders")).through == KNOWN
    refused = LIVE.read(progress_of("orders"))
    assert refused.through is None
    assert refused.refusal is not None and refused.refusal.reason is Reason.UNKNOWN_TYPE


def test_a_timestamp_that_no_calendar_has_is_brought_into_bounds() -> None:
    raw = raw_of(declined(amended("o", 1), START, "x"), knownat=True)
    for timestamp_ms in (-1, 2**62):
        assert LIVE.read(raw._replace(timestamp_ms=timestamp_ms)).refusal is None
        assert LIVE.read(raw._replace(timestamp_ms=timestamp_ms, value=b"{")).known_at.year in (1970, 2100)


def test_a_hole_is_refused_as_lost_and_names_what_is_gone() -> None:
    item = LIVE.read(Hole("orders", 4, 9, 0))
    assert item.refusal is not None and item.refusal.reason is Reason.LOST and item.id is None
    assert item.raw.offset == 9 and item.refusal.detail.startswith("records 4 to 9 were gone")
