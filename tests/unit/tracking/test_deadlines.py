"""Deadlines: each clock of a wording, what moves it, when it is broken, and what takes that back."""

import pytest

from tests.support.story import Known, Story
from tests.support.tracking import (
    LATE,
    booked,
    clause,
    day,
    only,
    order_placed,
    policy_issued,
    promise_changed,
    scanned,
    seen_says,
    story,
    the,
    watch_says,
)
from waybond_contracts.delays import Feed, ShipmentDelayed, ShipmentDelivered, WatchFellDue
from waybond_contracts.event import Event
from waybond_contracts.fields import Interval
from waybond_contracts.shipments import ScanKind
from waybond_contracts.wording import Clock, Scope
from waybond_tracking.clocks import MAX_PROMISES
from waybond_tracking.journey import MAX_ETAS, MAX_PACKAGE_PROMISES
from waybond_tracking.state import State


def test_late_is_published_when_it_falls_due_with_all_that_is_known() -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE), booked(2), scanned(ScanKind.IN_TRANSIT, 5))
    assert told.until(day(26.9)) == ()
    late = the(ShipmentDelayed, told.until(day(27)))
    assert (late.watch_id, late.package_id, late.version, late.breached) == ("TG-1:0:0", "A", 1, True)
    assert (late.clock, late.clock_start, late.due) == (Clock.PROMISED_LATEST, day(20), day(27))
    assert (late.clock_source, late.scope, late.feed) == ("OrderPlaced.promise.latest", Scope.PACKAGE, Feed.NOT_ASKED)
    assert (late.occurred_at, late.as_of, late.arrived) == (day(27), day(27), None)
    (package,) = late.journey.packages
    assert (package.carrier, package.tracking_number, package.booked_at) == ("china-post", "LB1CN", day(2))
    assert package.last_scan is not None
    assert (package.last_scan.kind, package.last_scan.when) == (ScanKind.IN_TRANSIT, Interval.at(day(5)))
    assert late.journey.promised_latest == day(20)


def test_each_tier_has_its_own_day() -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE), booked(2))
    told.until(day(100))
    dues = {each.watch_id: each.due for each in only(ShipmentDelayed, told.events)}
    assert dues == {"TG-1:0:0": day(27), "TG-1:0:1": day(35)}


@pytest.mark.parametrize(
    ("clock", "facts", "start", "source"),
    [
        ("order", [], 0, "OrderPlaced"),
        ("payment", [], 0.25, "OrderPlaced.payment.paid_at"),
        ("fulfilment", [booked(2)], 2, "ShipmentBooked"),
        ("label", [booked(2), scanned(ScanKind.LABEL_CREATED, 3)], 3, "ShipmentScanned/LABEL_CREATED"),
        ("label", [booked(2)], 2, "ShipmentBooked"),
        (
            "first_scan",
            [booked(2), scanned(ScanKind.LABEL_CREATED, 3), scanned(ScanKind.PICKED_UP, 4)],
            4,
            "ShipmentScanned/PICKED_UP",
        ),
        (
            "last_scan",
            [booked(2), scanned(ScanKind.PICKED_UP, 4), scanned(ScanKind.IN_TRANSIT, 6), scanned(ScanKind.STALE, 9)],
            6,
            "ShipmentScanned/IN_TRANSIT",
        ),
        ("carrier_eta", [scanned(ScanKind.PICKED_UP, 4, eta=16)], 16, "ShipmentScanned.carrier_eta"),
        ("promised_latest", [booked(2)], 20, "OrderPlaced.promise.latest"),
        ("promised_latest", [booked(2, promised=12)], 12, "ShipmentBooked.promise.latest"),
    ],
)
def test_each_clock_starts_from_its_own_fact(clock: str, facts: list[Event], start: float, source: str) -> None:
    told = story().given(order_placed(paid=0.25), policy_issued(clause(clock, "P10D")), *facts)
    assert told.until(day(start + 9.99)) == ()
    late = the(ShipmentDelayed, told.until(day(start + 10)))
    assert (late.clock, late.clock_start, late.clock_source, late.due) == (clock, day(start), source, day(start + 10))


@pytest.mark.parametrize("clock", ["payment", "fulfilment", "label", "first_scan", "last_scan", "carrier_eta"])
def test_a_clock_without_its_fact_does_not_run(clock: str) -> None:
    told = story().given(order_placed(), policy_issued(clause(clock, "P10D")))
    told.until(day(199))
    assert told.events == ()


def test_a_booking_or_payment_dated_far_ahead_starts_its_clock_when_it_was_known() -> None:
    told = story().given(Known(order_placed(paid=20_000), day(0)), Known(booked(20_000), day(2)))
    told.given(policy_issued(clause("payment", "P10D", name="P"), clause("fulfilment", "P10D", name="F")))
    told.until(day(199))
    assert {each.watch_id: each.due for each in only(ShipmentDelayed, told.events)} == {
        "P:0:0": day(10),
        "F:0:0": day(12),
    }


def test_a_clock_that_starts_at_delivery_breaks_no_deadline() -> None:
    told = story().given(order_placed(), policy_issued(clause("delivered", "P10D")), scanned(ScanKind.DELIVERED, 12))
    told.until(day(199))
    assert only(WatchFellDue, told.events) == []


@pytest.mark.parametrize("scope", Scope)
def test_of_arrivals_expected_at_one_instant_the_latest_counts(scope: Scope) -> None:
    wording = clause("carrier_eta", "P1D", extra=f'scope = "{scope}"')
    told = story().given(order_placed(promised=None), policy_issued(wording), booked(1))
    told.given(scanned(ScanKind.LABEL_CREATED, 5, eta=6), scanned(ScanKind.LABEL_CREATED, 5, eta=2))
    late = the(ShipmentDelayed, told.until(day(199)))
    assert (late.clock_start, late.due) == (day(6), day(7))


def test_an_order_waits_for_the_later_of_two_packages() -> None:
    wording = clause("carrier_eta", "P1D", extra='scope = "order"')
    told = story().given(order_placed(promised=None), policy_issued(wording))
    told.given(scanned(ScanKind.LABEL_CREATED, 5, "A", eta=2), scanned(ScanKind.LABEL_CREATED, 5, "B", eta=6))
    assert told.until(day(6.9)) == ()
    assert the(ShipmentDelayed, told.until(day(7))).clock_start == day(6)


def test_an_arrival_no_longer_expected_in_time_is_not_missed() -> None:
    told = story().given(order_placed(promised=None), policy_issued(clause("carrier_eta", "P2D")), booked(1))
    told.given(*(scanned(ScanKind.IN_TRANSIT, at, eta=eta) for at, eta in [(2, 20), (3, 4), (5, 20), (9, 20)]))
    assert only(WatchFellDue, told.events) == []
    assert the(ShipmentDelayed, told.until(day(22))).clock_start == day(20)


def test_an_arrival_expected_within_a_stretch_makes_no_miss() -> None:
    told = story().given(order_placed(promised=None), policy_issued(clause("carrier_eta", "P2D")), booked(1))
    told.given(*(scanned(ScanKind.STALE, n, eta=40) for n in range(2, 2 + 3 * MAX_ETAS)))
    assert told.status == "watching"
    told.when(scanned(ScanKind.STALE, 4.5, eta=4), known_at=day(30))
    assert (only(WatchFellDue, told.events), told.status) == ([], "watching/dropped")


def missed_then_expected_on_many_other_days() -> Story[State]:
    told = story().given(order_placed(promised=None), policy_issued(clause("carrier_eta", "P5D")), booked(1))
    told.given(scanned(ScanKind.PICKED_UP, 2, eta=6))
    assert the(ShipmentDelayed, told.until(day(11))).due == day(11)
    return told.given(*(scanned(ScanKind.CUSTOMS_HELD, 12 + n, eta=30 + n) for n in range(3 * MAX_ETAS)))


def test_an_arrival_that_was_missed_stays_missed_however_often_the_carrier_expects_another() -> None:
    (late,) = only(WatchFellDue, missed_then_expected_on_many_other_days().events)
    assert late.breached


def test_a_miss_whose_expected_day_was_forgotten_is_taken_back_by_an_arrival_in_time() -> None:
    told = missed_then_expected_on_many_other_days()
    told.given(scanned(ScanKind.DELIVERED, 10))
    assert [each.breached for each in only(WatchFellDue, told.events)] == [True, False]


def test_an_arrival_expected_anew_each_day_is_never_missed() -> None:
    told = story().given(order_placed(promised=None), policy_issued(clause("carrier_eta", "P5D")), booked(1))
    told.given(*(scanned(ScanKind.IN_TRANSIT, n, eta=n + 0.5) for n in range(2, 2 + 3 * MAX_ETAS)))
    assert only(WatchFellDue, told.events) == []


def test_a_promise_that_was_missed_stays_missed_however_often_another_is_made() -> None:
    told = story().given(order_placed(promised=10), policy_issued(LATE, cover=FOLLOWING), booked(1))
    told.given(promise_changed(2, 6, revision=1))
    assert the(ShipmentDelayed, told.until(day(13))).clock_start == day(6)
    told.given(*(promise_changed(14 + n, 40 + n, revision=2 + n) for n in range(MAX_PROMISES + 2)))
    (late,) = only(WatchFellDue, told.events)
    assert late.breached


def test_arrived_in_time_is_not_late_even_if_that_is_learned_at_the_last_moment() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.when(scanned(ScanKind.DELIVERED, 26), known_at=day(26.99))
    told.until(day(199))
    assert only(WatchFellDue, told.events) == []
    assert the(ShipmentDelivered, told.events).when == Interval.at(day(26))


def test_arrival_at_the_very_due_is_in_time() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2), scanned(ScanKind.DELIVERED, 27))
    told.until(day(199))
    assert only(WatchFellDue, told.events) == []


def test_an_arrival_after_the_due_stays_late_and_says_when_it_came() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2), scanned(ScanKind.DELIVERED, 28))
    told.until(day(199))
    assert [(each.version, each.breached) for each in only(ShipmentDelayed, told.events)] == [(1, True), (2, True)]
    assert watch_says(told.events)["TG-1:0:0", "A"].arrived == Interval.at(day(28))


def test_an_arrival_in_time_that_is_learned_late_takes_the_delay_back() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.until(day(33))
    back = the(ShipmentDelayed, told.when(scanned(ScanKind.DELIVERED, 26), known_at=day(33)))
    assert (back.watch_id, back.version, back.breached) == ("TG-1:0:0", 2, False)
    assert (back.due, back.clock_start, back.arrived) == (day(27), day(20), Interval.at(day(26)))


def test_an_arrival_that_may_have_been_in_time_is_in_time() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.when(scanned(ScanKind.DELIVERED, 26.8, until=27.9), known_at=day(28))
    assert not watch_says(told.events)["TG-1:0:0", "A"].breached


def test_an_arrival_that_was_surely_too_late_is_late() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.when(scanned(ScanKind.DELIVERED, 27.1, until=28.2), known_at=day(28.3))
    assert watch_says(told.events)["TG-1:0:0", "A"].breached


def test_a_clock_starts_at_the_later_end_of_its_interval() -> None:
    told = story().given(order_placed(), policy_issued(clause("first_scan", "P10D")))
    told.when(scanned(ScanKind.PICKED_UP, 3, until=4), known_at=day(4))
    assert the(ShipmentDelayed, told.until(day(199))).due == day(14)


def test_a_scan_learned_late_that_was_the_first_moves_the_clock() -> None:
    told = story().given(order_placed(), policy_issued(clause("first_scan", "P10D")), scanned(ScanKind.IN_TRANSIT, 6))
    told.when(scanned(ScanKind.PICKED_UP, 3), known_at=day(8))
    assert the(ShipmentDelayed, told.until(day(13))).due == day(13)


def test_a_promise_as_bound_does_not_move() -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE), booked(2), promise_changed(10, 60))
    assert the(ShipmentDelayed, told.until(day(27))).clock_start == day(20)


@pytest.mark.parametrize(
    "bookings",
    [
        pytest.param([booked(1, promised=190)], id="booked"),
        pytest.param([booked(1), booked(26, promised=190)], id="booked again"),
        pytest.param([booked(0, promised=190)], id="booked at once"),
    ],
)
def test_no_booking_moves_a_promise_beyond_what_was_bound(bookings: list[Event]) -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE), *bookings)
    told.until(day(199))
    said = [(each.watch_id, each.due, each.clock_source) for each in only(ShipmentDelayed, told.events)]
    assert said == [
        ("TG-1:0:0", day(27), "OrderPlaced.promise.latest"),
        ("TG-1:0:1", day(35), "OrderPlaced.promise.latest"),
    ]


def test_an_earlier_promise_of_the_package_is_kept_or_missed_whatever_is_booked_later() -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE), booked(2, promised=12))
    told.given(booked(25, promised=190))
    late = watch_says(told.events)["TG-1:0:0", "A"]
    assert (late.version, late.breached, late.due) == (1, True, day(19))


def test_without_a_promise_of_the_order_the_first_booking_binds_it() -> None:
    told = story().given(order_placed(promised=None), policy_issued(LATE), booked(2, promised=18))
    told.given(booked(4, promised=190))
    late = the(ShipmentDelayed, told.until(day(25)))
    assert (late.due, late.clock_source) == (day(25), "ShipmentBooked.promise.latest")


def test_a_promise_as_amended_moves_with_a_booking_too() -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE, cover=FOLLOWING))
    told.given(booked(2, promised=30), booked(10, promised=40), Known(booked(5, promised=50), day(12)))
    assert the(ShipmentDelayed, told.until(day(47))).clock_start == day(40)


def test_a_miss_is_not_undone_by_booking_anew_afterwards() -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE, cover=FOLLOWING), booked(2, promised=22))
    told.given(booked(30, promised=60))
    told.until(day(60))
    late = watch_says(told.events)["TG-1:0:0", "A"]
    assert (late.version, late.breached, late.due) == (1, True, day(29))


def test_of_very_many_promises_of_a_package_the_first_binds_and_the_last_count() -> None:
    told = story().given(order_placed(promised=None), policy_issued(LATE))
    for i in range(2 * MAX_PACKAGE_PROMISES):
        told.when(booked(1 + i / 10, promised=30 + i))
    assert told.state is not None
    promises = told.state.packages[0].promises
    assert [each.latest for each in promises] == [day(30), *(day(39 + i) for i in range(7))]
    assert told.status == "watching/dropped"


FOLLOWING = 'promise = "as_amended"'


@pytest.mark.parametrize("latest", [30, 15])
def test_a_promise_as_amended_moves_both_ways(latest: float) -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE, cover=FOLLOWING), booked(2))
    told.given(promise_changed(10, latest))
    assert told.until(day(latest + 6.9)) == ()
    late = the(ShipmentDelayed, told.until(day(latest + 7)))
    assert (late.clock_start, late.clock_source) == (day(latest), "PromiseChanged.promise.latest")


def test_the_highest_revision_of_a_promise_wins_whatever_comes_last() -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE, cover=FOLLOWING), booked(2))
    told.given(promise_changed(8, 30, revision=2), Known(promise_changed(9, 60, revision=1), day(10)))
    assert the(ShipmentDelayed, told.until(day(37))).clock_start == day(30)


def test_a_miss_is_not_undone_by_promising_anew_afterwards() -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE, cover=FOLLOWING), booked(2))
    told.given(promise_changed(28, 60))
    told.until(day(60))
    assert watch_says(told.events)["TG-1:0:0", "A"].breached
    assert watch_says(told.events)["TG-1:0:0", "A"].due == day(27)


def test_a_promise_changed_at_the_very_due_moves_it() -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE, cover=FOLLOWING), booked(2))
    told.given(promise_changed(27, 40))
    assert the(ShipmentDelayed, told.until(day(47))).due == day(47)


def test_a_promise_changed_in_time_but_learned_late_takes_the_delay_back_until_it_is_missed_too() -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE, cover=FOLLOWING), booked(2))
    told.until(day(29))
    assert not the(ShipmentDelayed, told.when(promise_changed(26, 40), known_at=day(29))).breached
    again = the(ShipmentDelayed, told.until(day(47)))
    assert (again.version, again.breached, again.due) == (3, True, day(47))


def test_a_package_booked_after_the_miss_does_not_bring_a_new_promise() -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE), booked(30, promised=60))
    told.until(day(50))
    assert watch_says(told.events)["TG-1:0:0", "A"].due == day(27)


def test_a_carrier_that_expects_it_later_moves_its_clock_but_not_after_it_ran_out() -> None:
    told = story().given(order_placed(), policy_issued(clause("carrier_eta", "P2D")))
    told.given(scanned(ScanKind.PICKED_UP, 4, eta=10), scanned(ScanKind.IN_TRANSIT, 11, eta=15))
    assert told.until(day(16.9)) == ()
    late = the(ShipmentDelayed, told.until(day(17)))
    assert late.clock_start == day(15)
    told.given(scanned(ScanKind.IN_TRANSIT, 18, eta=30))
    told.until(day(40))
    assert only(WatchFellDue, told.events) == [late]


def test_what_is_bound_after_a_watch_fell_due_is_said_at_once_and_claims_rules_on_it() -> None:
    told = story().given(order_placed(), booked(2), Known(policy_issued(clause("order", "P5D"), attached=6), day(6)))
    late = the(ShipmentDelayed, told.until(day(6)))
    assert (late.due, late.breached) == (day(5), True)
    assert seen_says(told.events) == {}
