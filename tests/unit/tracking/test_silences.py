"""Silences: nothing heard of a parcel for as long as the wording allows, and what ends or undoes one."""

from tests.support.tracking import (
    SILENT,
    booked,
    clause,
    day,
    only,
    order_placed,
    policy_issued,
    scanned,
    story,
    the,
    watch_says,
)
from waybond_contracts.delays import ShipmentStalled, WatchFellDue
from waybond_contracts.fields import Interval
from waybond_contracts.shipments import HandedTo, ScanKind
from waybond_contracts.wording import Clock
from waybond_tracking.journey import MAX_STRETCHES

K = ScanKind


def test_a_silence_is_published_when_it_has_lasted() -> None:
    told = story().given(order_placed(), policy_issued(SILENT), booked(2), scanned(K.EXPORT_DEPARTED, 5))
    assert told.until(day(34.9)) == ()
    stalled = the(ShipmentStalled, told.until(day(35)))
    assert (stalled.watch_id, stalled.package_id, stalled.due, stalled.breached) == ("LO-1:1:0", "A", day(35), True)
    assert (stalled.clock, stalled.clock_start) == (Clock.LAST_SCAN, day(5))
    assert stalled.clock_source == "ShipmentScanned/EXPORT_DEPARTED"


def test_each_scan_arms_it_anew() -> None:
    told = story().given(order_placed(), policy_issued(SILENT), booked(2))
    told.given(*(scanned(K.IN_TRANSIT, 3 + 29 * i) for i in range(6)))
    assert only(WatchFellDue, told.events) == []
    assert the(ShipmentStalled, told.until(day(199))).clock_start == day(3 + 29 * 5)


def test_a_label_or_a_stale_feed_is_no_sign_of_the_parcel() -> None:
    told = story().given(order_placed(), policy_issued(SILENT), scanned(K.PICKED_UP, 3))
    told.given(scanned(K.STALE, 20), scanned(K.UNKNOWN, 25), scanned(K.LABEL_CREATED, 28), scanned(K.CANCELLED, 30))
    assert the(ShipmentStalled, told.until(day(199))).clock_start == day(3)


def test_a_scan_in_time_that_is_learned_late_takes_the_silence_back_and_arms_it_anew() -> None:
    told = story().given(order_placed(), policy_issued(SILENT), scanned(K.PICKED_UP, 3))
    told.until(day(40))
    back = the(ShipmentStalled, told.when(scanned(K.IN_TRANSIT, 20), known_at=day(41)))
    assert (back.version, back.breached, back.due) == (2, False, day(33))
    again = the(ShipmentStalled, told.until(day(50)))
    assert (again.version, again.breached, again.due, again.clock_start) == (3, True, day(50), day(20))


def test_a_scan_after_the_silence_does_not_undo_it() -> None:
    told = story().given(order_placed(), policy_issued(SILENT), scanned(K.PICKED_UP, 3), scanned(K.IN_TRANSIT, 34))
    told.given(*(scanned(K.IN_TRANSIT, 34 + i) for i in range(1, 20)))
    told.until(day(60))
    assert [each.due for each in only(ShipmentStalled, told.events)] == [day(33)]


def test_a_scan_that_fills_a_part_of_a_past_silence_takes_it_back_if_what_is_left_is_short_enough() -> None:
    told = story().given(order_placed(), policy_issued(SILENT), scanned(K.PICKED_UP, 3), scanned(K.IN_TRANSIT, 40))
    told.given(scanned(K.OUT_FOR_DELIVERY, 60))
    assert watch_says(told.events)["LO-1:1:0", "A"].breached
    told.when(scanned(K.IMPORT_ARRIVED, 25), known_at=day(61))
    assert not watch_says(told.events)["LO-1:1:0", "A"].breached


def test_scans_that_are_not_kept_still_break_a_silence() -> None:
    told = story().given(order_placed(), policy_issued(SILENT))
    for i in range(40):
        told.when(scanned(K.IN_TRANSIT, 3 + 3 * i))
    assert told.state is not None
    (package,) = told.state.packages
    assert len(package.scans) == 2
    assert 1 < len(package.heard) <= MAX_STRETCHES
    assert only(WatchFellDue, told.events) == []
    assert told.status == "watching/dropped"


def test_a_stretch_of_scans_begins_with_its_first_one() -> None:
    fortnight = SILENT.replace("P30D", "P15D")
    told = story().given(order_placed(), policy_issued(fortnight))
    for at in (3, 33, 18, 18.2):
        told.when(scanned(K.IN_TRANSIT, at), known_at=day(33))
    told.until(day(47.9))
    assert not watch_says(told.events)["LO-1:1:0", "A"].breached


def test_delivered_ends_the_silence() -> None:
    told = story().given(order_placed(), policy_issued(SILENT), scanned(K.PICKED_UP, 3), scanned(K.DELIVERED, 20))
    told.until(day(199))
    assert only(WatchFellDue, told.events) == []


def test_delivered_to_a_hand_that_the_wording_does_not_count_goes_silent_too() -> None:
    to_door = SILENT.replace('peril = "lost"', 'peril = "lost"\ndelivered_by = ["door"]')
    told = story().given(order_placed(), policy_issued(to_door), scanned(K.DELIVERED, 20, handed_to=HandedTo.LOCKER))
    assert the(ShipmentStalled, told.until(day(50))).clock_start == day(20)


def test_a_silence_that_only_may_have_lasted_did_not() -> None:
    told = story().given(order_placed(), policy_issued(SILENT), scanned(K.PICKED_UP, 3, until=4))
    told.when(scanned(K.IN_TRANSIT, 33.5, until=34.5), known_at=day(34.5))
    told.until(day(60))
    assert not watch_says(told.events)["LO-1:1:0", "A"].breached


def test_a_date_of_long_ago_does_not_hide_a_silence_under_cover() -> None:
    told = story().given(order_placed(), policy_issued(SILENT), booked(1))
    told.when(scanned(K.IN_TRANSIT, -100), known_at=day(2))
    assert watch_says(told.events) == {}
    told.given(scanned(K.PICKED_UP, 3))
    told.until(day(20))
    assert watch_says(told.events)["LO-1:1:0", "A"].due == day(-70)
    told.until(day(33))
    assert watch_says(told.events)["LO-1:1:0", "A"].due == day(33)


def test_a_deadline_may_run_from_the_last_scan_too() -> None:
    wording = clause("last_scan", "P20D", extra='delivered_by = ["door"]')
    told = story().given(order_placed(), policy_issued(wording), scanned(K.IN_TRANSIT, 5), scanned(K.IN_TRANSIT, 8))
    told.given(scanned(K.DELIVERED, 9, handed_to=HandedTo.DOOR))
    told.until(day(199))
    assert only(WatchFellDue, told.events) == []
    assert told.state is not None
    assert told.state.packages[0].scans[-1].when.earliest == day(9)


def test_the_interval_of_what_arrived_is_published_with_the_silence() -> None:
    told = story().given(order_placed(), policy_issued(SILENT), scanned(K.PICKED_UP, 3))
    told.when(scanned(K.DELIVERED, 50, until=51), known_at=day(51))
    stalled = watch_says(told.events)["LO-1:1:0", "A"]
    assert (stalled.breached, stalled.arrived) == (True, Interval(earliest=day(50), latest=day(51)))
