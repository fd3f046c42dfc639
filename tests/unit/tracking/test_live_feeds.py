"""Silence says something only of a feed that speaks, and a package keeps its own earlier promise (decision 83)."""

import pytest

from tests.support.tracking import (
    LATE,
    SILENT,
    booked,
    day,
    only,
    order_placed,
    policy_issued,
    scanned,
    story,
    the,
)
from waybond_contracts.delays import ShipmentDelayed, ShipmentStalled
from waybond_contracts.shipments import ScanKind

K = ScanKind


def silent(live: str) -> str:
    return SILENT.replace("live_after = 0", live)


# Unworded it takes two: without a word about it the field is left out.
UNWORDED = SILENT.replace(", live_after = 0", "")


def test_a_feed_that_tells_hand_over_alone_is_never_silent() -> None:
    told = story().given(order_placed(), policy_issued(UNWORDED), booked(2), scanned(K.PICKED_UP, 3))
    told.until(day(199))
    assert only(ShipmentStalled, told.events) == []


def test_from_the_second_scan_on_silence_counts() -> None:
    told = story().given(order_placed(), policy_issued(UNWORDED), scanned(K.PICKED_UP, 3), scanned(K.IN_TRANSIT, 4))
    assert the(ShipmentStalled, told.until(day(199))).due == day(34)


def test_a_scan_after_the_silence_does_not_make_the_feed_live_before_it() -> None:
    """From day 3 to day 50 nothing is told: hand-over alone had spoken by then."""
    told = story().given(order_placed(), policy_issued(UNWORDED), scanned(K.PICKED_UP, 3), scanned(K.IN_TRANSIT, 50))
    told.until(day(79))
    assert only(ShipmentStalled, told.events) == []
    assert the(ShipmentStalled, told.until(day(80))).due == day(80)


def test_what_two_scans_at_one_time_say_is_one_sign() -> None:
    told = story().given(order_placed(), policy_issued(UNWORDED), scanned(K.PICKED_UP, 3), scanned(K.IN_TRANSIT, 3))
    told.until(day(199))
    assert only(ShipmentStalled, told.events) == []


def test_a_scan_of_the_kinds_that_the_wording_names_makes_a_feed_live() -> None:
    body = silent('live_kinds = ["EXPORT_DEPARTED"]')
    told = story().given(order_placed(), policy_issued(body), scanned(K.PICKED_UP, 3), scanned(K.EXPORT_DEPARTED, 5))
    assert the(ShipmentStalled, told.until(day(199))).due == day(35)


def test_a_silence_that_was_told_stands_when_more_scans_of_its_kind_come() -> None:
    """Only the first and the last scan of a kind are kept; when the feed began to speak is not forgotten."""
    told = story().given(order_placed(), policy_issued(UNWORDED), scanned(K.IN_TRANSIT, 3), scanned(K.IN_TRANSIT, 5))
    assert the(ShipmentStalled, told.until(day(35))).due == day(35)
    told.given(*(scanned(K.IN_TRANSIT, 36 + n) for n in range(5)))
    told.until(day(60))
    assert [each.breached for each in only(ShipmentStalled, told.events)] == [True]


@pytest.mark.parametrize("at", [0, -1])
def test_an_earlier_promise_of_a_package_holds_although_it_was_booked_with_the_order_or_dated_before(at: float) -> None:
    """The order promises day 20, the package day 12: seven days later it is late."""
    told = story().given(order_placed(promised=20), policy_issued(LATE), booked(at, promised=12))
    told.until(day(19))
    late = only(ShipmentDelayed, told.events)[0]
    assert (late.due, late.clock_source) == (day(19), "ShipmentBooked.promise.latest")
