"""Several packages: each is watched alone, the order as a whole until one is known or where the wording says so."""

from collections import Counter

from tests.support.tracking import (
    LATE,
    booked,
    clause,
    day,
    only,
    order_placed,
    policy_cancelled,
    policy_issued,
    scanned,
    seen_says,
    story,
    the,
    watch_says,
)
from waybond_contracts.delays import ShipmentDelayed, TrackingCheckRequested, WatchFellDue
from waybond_contracts.fields import MAX_PACKAGES, Interval
from waybond_contracts.shipments import PackageLine, ScanKind
from waybond_contracts.wording import Scope
from waybond_kit.outbox import MAX_EVENTS_PER_OUTCOME

K = ScanKind
WHOLE = 'scope = "order"'


def test_an_order_that_nobody_ships_is_late_as_a_whole() -> None:
    told = story().given(order_placed(), policy_issued(LATE))
    late = the(ShipmentDelayed, told.until(day(27)))
    assert (late.package_id, late.scope, late.journey.packages) == (None, Scope.PACKAGE, ())


def test_each_package_is_late_alone() -> None:
    told = story().given(
        order_placed(), policy_issued(LATE), booked(2, "A"), booked(3, "B"), scanned(K.DELIVERED, 9, "A")
    )
    told.until(day(27))
    assert list(watch_says(told.events)) == [("TG-1:0:0", "B")]
    assert [each.package_id for each in the(ShipmentDelayed, told.events).journey.packages] == ["A", "B"]


def test_when_a_package_becomes_known_the_watch_moves_from_the_order_to_it() -> None:
    told = story().given(order_placed(), policy_issued(LATE))
    told.until(day(28))
    moved = told.when(booked(28.5))
    assert [(each.package_id, each.breached, each.version) for each in only(ShipmentDelayed, moved)] == [
        ("A", True, 1),
        (None, False, 2),
    ]
    second = told.when(booked(29, "B"))
    assert [(each.package_id, each.breached) for each in only(ShipmentDelayed, second)] == [("B", True)]


def test_a_scan_names_a_package_before_anybody_booked_it() -> None:
    told = story().given(order_placed(), policy_issued(LATE), scanned(K.IN_TRANSIT, 5, "A"))
    late = the(ShipmentDelayed, told.until(day(27)))
    assert (late.package_id, late.journey.packages[0].carrier) == ("A", "")


def test_an_order_arrives_with_its_last_package() -> None:
    told = story().given(
        order_placed(), policy_issued(clause("order", "P20D", extra=WHOLE)), booked(2, "A"), booked(3, "B")
    )
    told.given(scanned(K.DELIVERED, 9, "A"), scanned(K.DELIVERED, 22, "B"))
    late = watch_says(told.events)["C:0:0", None]
    assert (late.scope, late.breached, late.arrived) == (Scope.ORDER, True, Interval.at(day(22)))


def test_an_order_is_in_time_if_all_packages_are() -> None:
    told = story().given(
        order_placed(), policy_issued(clause("order", "P20D", extra=WHOLE)), booked(2, "A"), booked(3, "B")
    )
    told.given(scanned(K.DELIVERED, 9, "A"), scanned(K.DELIVERED, 12, "B"))
    told.until(day(199))
    assert only(WatchFellDue, told.events) == []


def test_packages_that_are_in_the_order_but_not_known_have_not_arrived() -> None:
    told = story().given(order_placed(), policy_issued(clause("order", "P20D", extra=WHOLE)))
    told.given(booked(2, "A", packages=2), scanned(K.DELIVERED, 9, "A"))
    late = the(ShipmentDelayed, told.until(day(20)))
    assert (late.package_id, late.arrived, late.journey.packages_in_order) == (None, None, 2)
    told.given(booked(21, "B"), scanned(K.DELIVERED, 24, "B"))
    assert watch_says(told.events)["C:0:0", None].arrived == Interval.at(day(24))


def test_the_latest_booking_says_how_many_packages_the_order_has() -> None:
    told = story().given(order_placed(), policy_issued(clause("order", "P20D", extra=WHOLE)))
    told.given(booked(1, "A", packages=3), booked(1, "B", packages=3), booked(2, "A", packages=2))
    told.given(scanned(K.DELIVERED, 9, "A"), scanned(K.DELIVERED, 10, "B"))
    told.until(day(199))
    assert only(WatchFellDue, told.events) == []


def test_a_clock_of_the_order_is_that_of_the_package_that_started_last() -> None:
    told = story().given(order_placed(), policy_issued(clause("fulfilment", "P20D", extra=WHOLE)))
    told.given(booked(2, "A"), booked(6, "B"))
    assert the(ShipmentDelayed, told.until(day(26))).clock_start == day(6)


def test_a_package_booked_after_the_order_was_late_does_not_make_it_in_time() -> None:
    told = story().given(order_placed(), policy_issued(clause("fulfilment", "P20D", extra=WHOLE)))
    told.given(booked(2, "A"), booked(40, "B"))
    assert the(ShipmentDelayed, told.events).due == day(22)
    told.until(day(199))
    assert watch_says(told.events)["C:0:0", None].due == day(22)


def test_the_latest_booking_says_who_carries_it_the_first_starts_the_clock() -> None:
    told = story().given(order_placed(), policy_issued(clause("fulfilment", "P20D")), booked(2))
    lines = [PackageLine(line_id="1", quantity=1)]
    told.given(booked(5, tracking_number="LB2BR", lines=lines), booked(4, tracking_number="LB3"))
    late = the(ShipmentDelayed, told.until(day(22)))
    (package,) = late.journey.packages
    assert (late.clock_start, package.tracking_number, package.lines) == (day(2), "LB2BR", tuple(lines))


def test_what_is_more_than_goes_out_at_once_is_told_at_the_next_wake() -> None:
    tiers = ", ".join(f'{{ after = "P{days}D", share = "0.{days}" }}' for days in (10, 20, 30))
    late = f'[[clause]]\nid = "TG-1"\nperil = "late"\nclock = "promised_latest"\ntiers = [{tiers}]\n'
    told = story().given(order_placed(), policy_issued(late), *(booked(2, f"P{i:03}") for i in range(34)))
    assert len(told.until(day(60))) == 102

    assert len(told.when(policy_cancelled(61, from_start=True))) == MAX_EVENTS_PER_OUTCOME
    assert len(told.until(day(62))) == 2
    assert not any(each.breached for each in watch_says(told.events).values())


def test_checks_beyond_what_goes_out_at_once_are_asked_for_at_the_next_wake() -> None:
    clauses = [clause("promised_latest", "P10D", name=f"C{i}", extra="ask_carrier = true") for i in range(3)]
    told = story().given(order_placed(), policy_issued(*clauses), *(booked(2, f"P{i:03}") for i in range(34)))

    assert len(only(TrackingCheckRequested, told.until(day(31)))) == 102
    assert max(Counter(each.at for each in told.published).values()) <= MAX_EVENTS_PER_OUTCOME
    assert len(only(ShipmentDelayed, told.until(day(199)))) == 102
    assert max(Counter(each.at for each in told.published).values()) <= MAX_EVENTS_PER_OUTCOME


def test_a_parcel_of_last_year_that_had_the_same_tracking_number_has_not_arrived() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.when(scanned(K.DELIVERED, -200), known_at=day(3))
    assert the(ShipmentDelayed, told.until(day(27))).breached
    assert seen_says(told.events) == {}


def test_a_delivery_that_is_learned_half_a_year_later_counts() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.until(day(30))
    told.when(scanned(K.DELIVERED, 26), known_at=day(215))
    assert not watch_says(told.events)["TG-1:0:0", "A"].breached


def test_packages_beyond_the_bound_are_left_out_and_the_status_says_so() -> None:
    told = story().given(order_placed(), policy_issued(LATE))
    told.given(*(booked(2, f"P{i:03}") for i in range(MAX_PACKAGES)))
    assert told.status == "watching"
    told.given(booked(2, "one too many"), scanned(K.DELIVERED, 3, "one too many"), scanned(K.DELIVERED, 3, "P007"))
    assert told.status == "watching/dropped"
    assert told.state is not None
    assert (len(told.state.packages), told.state.dropped) == (MAX_PACKAGES, 2)
    assert list(seen_says(told.events)) == [("ShipmentDelivered", "P007")]
