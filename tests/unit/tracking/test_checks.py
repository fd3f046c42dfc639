"""Carrier checks: where the wording asks for one, silence counts only if the feed was alive."""

from datetime import timedelta

from tests.support.tracking import (
    SILENT,
    booked,
    checked,
    clause,
    day,
    only,
    order_placed,
    policy_issued,
    scanned,
    story,
    the,
    verdicts,
)
from waybond_contracts.delays import (
    Feed,
    ShipmentDelayed,
    ShipmentDelivered,
    ShipmentStalled,
    TrackingCheckRequested,
    WatchFellDue,
)
from waybond_contracts.shipments import ScanKind
from waybond_tracking.decide import KEPT_WITH_PERIL
from waybond_tracking.watches import ANSWER_WITHIN

K = ScanKind
ASKING = SILENT + "ask_carrier = true\n"
BEGIN = (order_placed(), policy_issued(ASKING), booked(2), scanned(K.PICKED_UP, 3))


def test_the_carrier_is_asked_before_anything_is_said() -> None:
    told = story().given(*BEGIN)
    (asked,) = told.until(day(33))
    assert isinstance(asked, TrackingCheckRequested)
    assert (asked.watch_id, asked.package_id, asked.due) == ("LO-1:1:0", "A", day(33))
    assert (asked.carrier, asked.tracking_number) == ("china-post", "LB1CN")
    assert (asked.occurred_at, asked.answer_by) == (day(33), day(33) + ANSWER_WITHIN)
    assert told.status == "checking"


def test_after_an_outage_the_carrier_has_its_time_from_when_it_can_be_asked() -> None:
    told = story().given(*BEGIN)
    told.sent_at = day(40)
    (asked,) = told.until(day(33))
    assert isinstance(asked, TrackingCheckRequested)
    assert (asked.occurred_at, asked.answer_by) == (day(33), day(40) + ANSWER_WITHIN)
    assert told.until(asked.answer_by - timedelta(seconds=1)) == ()
    assert the(ShipmentStalled, told.until(asked.answer_by)).feed is Feed.UNANSWERED


def test_a_carrier_that_knows_no_more_proves_the_silence() -> None:
    told = story().given(*BEGIN)
    told.until(day(33))
    assert told.when(checked(32.9), known_at=day(33.1)) == ()
    stalled = the(ShipmentStalled, told.when(checked(33.4), known_at=day(33.5)))
    assert (stalled.breached, stalled.feed, stalled.asked_at, stalled.checked_as_of) == (
        True,
        Feed.ANSWERED,
        day(33),
        day(33.4),
    )
    told.until(day(60))
    assert len(verdicts(told.events)) == 2


def test_a_carrier_that_knows_of_a_scan_ends_the_silence() -> None:
    told = story().given(*BEGIN)
    told.until(day(33))
    told.when(scanned(K.IMPORT_ARRIVED, 20), known_at=day(33.5))
    told.when(checked(33.4), known_at=day(33.5))
    assert only(WatchFellDue, told.events) == []
    assert told.wake_at == day(50)


def test_a_carrier_that_knows_of_the_delivery_ends_it_for_good() -> None:
    told = story().given(*BEGIN)
    told.until(day(33))
    told.when(scanned(K.DELIVERED, 20), known_at=day(33.5))
    told.when(checked(33.4), known_at=day(33.5))
    told.until(day(199))
    assert only(WatchFellDue, told.events) == []
    assert the(ShipmentDelivered, told.events).standing


def test_no_answer_in_time_is_said_as_such() -> None:
    told = story().given(*BEGIN)
    told.until(day(33))
    assert told.until(day(34.9)) == ()
    stalled = the(ShipmentStalled, told.until(day(35)))
    assert (stalled.breached, stalled.feed, stalled.asked_at, stalled.due) == (True, Feed.UNANSWERED, day(33), day(33))


def test_the_wording_says_how_long_an_answer_may_take() -> None:
    told = story().given(order_placed(), policy_issued(ASKING + 'answer_within = "PT6H"\n'), scanned(K.PICKED_UP, 3))
    assert the(TrackingCheckRequested, told.until(day(33))).answer_by == day(33.25)
    assert the(ShipmentStalled, told.until(day(33.25))).feed is Feed.UNANSWERED


def test_an_answer_that_comes_too_late_still_proves_it() -> None:
    told = story().given(*BEGIN)
    told.until(day(36))
    proven = the(ShipmentStalled, told.when(checked(36), known_at=day(36)))
    assert (proven.version, proven.breached, proven.feed) == (2, True, Feed.ANSWERED)


def test_a_carrier_that_was_looked_up_after_the_due_anyway_need_not_be_asked() -> None:
    told = story().given(*BEGIN)
    told.when(checked(33), known_at=day(33))
    told.until(day(60))
    assert the(ShipmentStalled, told.events).feed is Feed.ANSWERED
    assert only(TrackingCheckRequested, told.events) == []


def test_an_answer_proves_nothing_beyond_the_time_at_which_it_was_known() -> None:
    told = story().given(*BEGIN)
    told.when(checked(3_000), known_at=day(10))
    assert the(TrackingCheckRequested, told.until(day(33))).due == day(33)


def test_a_new_silence_is_asked_about_anew() -> None:
    told = story().given(*BEGIN)
    told.until(day(33))
    told.given(scanned(K.IN_TRANSIT, 32.9))
    told.until(day(65))
    assert [each.due for each in only(TrackingCheckRequested, told.events)] == [day(33), day(62.9)]
    assert the(ShipmentStalled, told.events).due == day(62.9)


def test_an_arrival_after_the_deadline_is_the_carriers_word_too() -> None:
    told = story().given(order_placed(), policy_issued(clause("order", "P20D", extra="ask_carrier = true")), booked(1))
    told.until(day(20))
    late = the(ShipmentDelayed, told.when(scanned(K.DELIVERED, 21)))
    assert (late.breached, late.feed, late.checked_as_of) == (True, Feed.ANSWERED, day(21))


def test_nobody_can_be_asked_about_a_parcel_that_nobody_booked() -> None:
    told = story().given(order_placed(), policy_issued(clause("order", "P20D", extra="ask_carrier = true")))
    assert told.until(day(21.9)) == ()
    late = the(ShipmentDelayed, told.until(day(22)))
    assert (late.package_id, late.feed) == (None, Feed.UNANSWERED)


WHOLE = clause("order", "P20D", extra='scope = "order"\nask_carrier = true')


def test_for_the_order_as_a_whole_every_package_is_asked_about_that_has_not_arrived() -> None:
    told = story().given(order_placed(), policy_issued(WHOLE), booked(1, "A"), booked(1, "B"), booked(1, "C"))
    told.given(scanned(K.DELIVERED, 9, "B"))
    assert [each.package_id for each in only(TrackingCheckRequested, told.until(day(20)))] == ["A", "C"]
    assert told.when(checked(20.5, "A"), known_at=day(20.5)) == ()
    late = the(ShipmentDelayed, told.when(checked(20.4, "C"), known_at=day(20.6)))
    assert (late.package_id, late.feed, late.checked_as_of) == (None, Feed.ANSWERED, day(20.4))


def test_packages_that_nobody_booked_leave_the_order_unanswered() -> None:
    told = story().given(order_placed(), policy_issued(WHOLE), booked(1, "A", packages=2))
    told.until(day(20))
    assert told.when(checked(21, "A"), known_at=day(21)) == ()
    assert the(ShipmentDelayed, told.until(day(22))).feed is Feed.UNANSWERED


def test_an_open_check_is_waited_for_although_cover_ended() -> None:
    asking = ASKING + 'answer_within = "P10D"\n'
    told = story().given(order_placed(), policy_issued(asking, ends=33), booked(2), scanned(K.PICKED_UP, 3))
    told.until(day(41))
    assert told.state is not None
    assert the(ShipmentStalled, told.until(day(43))).feed is Feed.UNANSWERED
    assert told.wake_at == day(33) + KEPT_WITH_PERIL
