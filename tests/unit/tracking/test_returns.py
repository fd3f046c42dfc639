"""Parcels that buyers send back: told as ReturnMoved, and never packages of the order.

The order's one package is A, booked on day 2. The return is R, of complaint D-1."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.support.story import Known, Story
from tests.support.tracking import (
    LATE,
    SILENT,
    booked,
    checked,
    day,
    only,
    order_line,
    order_placed,
    pieces,
    policy_issued,
    scanned,
    story,
    the,
    watch_says,
)
from waybond_contracts.delays import (
    ContentsChanged,
    DelayEvent,
    ReturnMoved,
    ShipmentDelayed,
    ShipmentDelivered,
    ShipmentLost,
)
from waybond_contracts.fields import Interval
from waybond_contracts.shipments import Direction, ScanKind
from waybond_tracking.returns import MAX_RETURNS
from waybond_tracking.state import State

K = ScanKind


def bound(*clauses: str) -> Story[State]:
    """The order is bound, and A is on its way."""
    return story().given(order_placed(), policy_issued(*clauses), booked(2, lines=pieces(**{"1": 1})))


def says(told: Story[State]) -> ReturnMoved:
    """What counts of the return: the highest version."""
    found = only(ReturnMoved, told.events)
    assert [each.version for each in found] == list(range(1, len(found) + 1))
    return found[-1]


def of_order(told: Story[State]) -> set[str | None]:
    """The packages that are told as the order's."""
    found = only(DelayEvent, told.events)
    return {each.package_id for each in found} | {one.package_id for each in found for one in each.journey.packages}


# what is told


def test_each_step_of_a_return_is_told_once() -> None:
    """Booked on day 30, handed in on day 32, on its way on day 34, back on day 40."""
    told = bound()
    told.given(booked(30, "R", returns="D-1", tracking_number="RR1BR", lines=pieces(**{"1": 1})))
    told.given(scanned(K.PICKED_UP, 32, "R"), scanned(K.IN_TRANSIT, 34, "R"), scanned(K.DELIVERED, 40, "R"))
    found = only(ReturnMoved, told.events)
    assert [(each.handed_in is not None, each.back is not None) for each in found] == [
        (False, False),
        (True, False),
        (True, True),
    ]
    last = found[-1]
    assert (last.dispute_id, last.tracking_number, last.booked_at) == ("D-1", "RR1BR", day(30))
    assert (last.handed_in, last.back, last.lost) == (Interval.at(day(32)), Interval.at(day(40)), None)
    assert last.lines == pieces(**{"1": 1})


def test_a_label_is_not_handed_in() -> None:
    told = bound().given(booked(30, "R", returns="D-1"), scanned(K.LABEL_CREATED, 30.5, "R"))
    assert says(told).handed_in is None


def test_a_loss_on_the_way_back_is_told_and_taken_back_when_it_moves() -> None:
    told = bound().given(booked(30, "R", returns="D-1"), scanned(K.PICKED_UP, 31, "R"), scanned(K.LOST, 33, "R"))
    assert says(told).lost == Interval.at(day(33))
    told.when(scanned(K.IN_TRANSIT, 35, "R"))
    assert says(told).lost is None


def test_a_return_that_turns_round_is_told() -> None:
    told = bound().given(booked(30, "R", returns="D-1"), scanned(K.PICKED_UP, 31, "R"), scanned(K.RETURNING, 33, "R"))
    assert says(told).sent_back == Interval.at(day(33))


def test_a_delivery_that_a_later_movement_contradicts_is_taken_back() -> None:
    told = bound().given(booked(30, "R", returns="D-1"), scanned(K.DELIVERED, 33, "R"), scanned(K.IN_TRANSIT, 34, "R"))
    assert says(told).back is None


def test_the_newest_booking_says_of_which_complaint_it_is() -> None:
    told = bound().given(booked(30, "R", returns=""), booked(32, "R", returns="D-2"))
    told.when(booked(31, "R", returns="D-1"), day(33))
    assert says(told).dispute_id == "D-2"


@pytest.mark.parametrize("first", ["D-1", "D-2"])
def test_of_two_bookings_of_one_instant_the_same_one_counts_in_any_order(first: str) -> None:
    other = {"D-1": "D-2", "D-2": "D-1"}[first]
    told = bound().given(booked(30, "R", returns=first), booked(30, "R", returns=other))
    assert says(told).dispute_id == "D-2"


def test_what_is_said_again_is_told_once() -> None:
    told = bound().given(booked(30, "R", returns="D-1"), booked(30, "R", returns="D-1"))
    told.given(scanned(K.PICKED_UP, 31, "R"), scanned(K.PICKED_UP, 31, "R"), checked(32, "R"))
    assert len(only(ReturnMoved, told.events)) == 2


def test_a_return_is_told_when_cover_is_long_over() -> None:
    """Cover ended on day 50, and the state was dropped: the booking of day 90 and the delivery of day 95 are told."""
    told = story().given(order_placed(promised=None), policy_issued(SILENT, ends=50), booked(2))
    told.given(scanned(K.DELIVERED, 9))
    told.until(day(80))
    assert told.state is None
    told.given(booked(90, "R", returns="D-1"), scanned(K.DELIVERED, 95, "R"))
    assert (says(told).policy_id, says(told).back) == (None, Interval.at(day(95)))


def test_an_order_with_a_return_is_kept_beyond_its_cover() -> None:
    told = story().given(order_placed(promised=None), policy_issued(SILENT, ends=50), booked(2))
    told.given(scanned(K.DELIVERED, 9), booked(30, "R", returns="D-1"))
    told.when(scanned(K.DELIVERED, 120, "R"))
    assert (says(told).version, says(told).dispute_id) == (2, "D-1")


# never a package of the order


def test_a_return_is_never_late_lost_or_delivered_as_a_package() -> None:
    """A arrived on day 9. Nothing else is told of the order for as long as cover lasts, whatever becomes of R."""
    told = bound(LATE, SILENT).given(scanned(K.DELIVERED, 9))
    before = len(told.events)
    told.given(booked(30, "R", returns="D-1", packages=2, promised=31, lines=pieces(**{"1": 1})))
    told.given(scanned(K.PICKED_UP, 31, "R"), scanned(K.DAMAGED, 32, "R"), scanned(K.LOST, 33, "R"))
    told.until(day(199))
    assert {type(each) for each in told.events[before:]} == {ReturnMoved}
    assert of_order(told) == {"A", None}


def test_the_arrival_of_a_return_is_no_arrival_of_the_order() -> None:
    """A is late on day 27, seven days after day 20, although R was delivered on day 15."""
    told = bound(LATE).given(booked(5, "R", returns="D-1"), scanned(K.DELIVERED, 15, "R"))
    assert the(ShipmentDelayed, told.until(day(27))).package_id == "A"
    assert not only(ShipmentDelivered, told.events)


def test_goods_of_the_order_are_not_in_a_return() -> None:
    """Line 2 is in no package: it is the remainder, and late, although a return is booked with it."""
    lines = order_line("1", 2_000), order_line("2", 2_000)
    told = story().given(order_placed(lines=lines), policy_issued(LATE), booked(2, lines=pieces(**{"1": 1})))
    told.given(scanned(K.DELIVERED, 9), booked(12, "R", returns="D-1", lines=pieces(**{"2": 1})))
    told.until(day(27))
    assert [key for key, each in watch_says(told.events).items() if each.breached] == [("TG-1:0:0", None)]


def test_a_return_does_not_change_how_many_packages_the_order_has() -> None:
    told = bound().given(booked(30, "R", returns="D-1", packages=2), booked(31, "A", packages=1))
    assert told.state is not None
    assert told.state.packages_in_order == 1


# scans before the booking


def test_scans_before_the_booking_are_taken_back_once_it_says_return() -> None:
    """R seems to be a package until day 33. Then the order holds A alone, and claims is told first."""
    told = bound(LATE).given(scanned(K.DELIVERED, 9), scanned(K.PICKED_UP, 31, "R"), scanned(K.IN_TRANSIT, 32, "R"))
    published = told.when(booked(33, "R", returns="D-1"))
    assert [type(each) for each in published] == [ReturnMoved, ShipmentDelayed, ContentsChanged]
    assert not only(ShipmentDelayed, published)[0].breached
    assert [each.package_id for each in only(ContentsChanged, published)[0].journey.packages] == ["A"]
    assert says(told).handed_in == Interval.at(day(31))


@pytest.mark.parametrize("told_in", list(permutations(range(3))), ids=str)
def test_facts_of_a_return_give_the_same_end_in_any_order(told_in: tuple[int, ...]) -> None:
    facts = booked(30, "R", returns="D-1"), scanned(K.PICKED_UP, 31, "R"), scanned(K.DELIVERED, 40, "R")
    told = bound(LATE).given(scanned(K.DELIVERED, 9))
    for number, index in enumerate(told_in):
        told.when(Known(facts[index], day(41 + number)))
    assert told.state is not None
    assert [each.id for each in told.state.packages] == ["A"]
    assert (says(told).handed_in, says(told).back) == (Interval.at(day(31)), Interval.at(day(40)))


def test_a_scan_whose_provider_calls_it_a_return_needs_no_booking() -> None:
    told = bound().given(scanned(K.PICKED_UP, 31, "R", direction=Direction.RETURN), scanned(K.LOST, 35, "R"))
    assert (says(told).lost, says(told).dispute_id) == (Interval.at(day(35)), None)
    assert not only(ShipmentLost, told.events)
    told.when(booked(36, "R", returns="D-1"))
    assert says(told).dispute_id == "D-1"


def test_the_scans_of_a_returns_tracker_say_nothing_of_a_package_of_the_order() -> None:
    """A platform asks for both trackers under the id A: A has not arrived."""
    assert bound().when(scanned(K.DELIVERED, 12, "A", direction=Direction.RETURN)) == ()


# ids that are used twice


@pytest.mark.parametrize("first", ["outbound", "return"])
def test_an_id_that_was_booked_outbound_too_is_the_orders(first: str) -> None:
    """Otherwise the goods of A would vanish from the order, and be paid as lost."""
    told = story().given(order_placed(), policy_issued(LATE))
    facts = [booked(2, "A"), booked(3, "A", returns="D-1")]
    for each in facts if first == "outbound" else reversed(facts):
        told.when(Known(each, day(4)))
    assert told.state is not None
    assert ([each.id for each in told.state.packages], told.state.returns) == (["A"], ())
    assert all(not each.standing for each in only(ReturnMoved, told.events)[-1:])


def test_what_was_seen_of_a_package_is_told_again_once_it_is_the_orders_after_all() -> None:
    """X is scanned, booked as a return, and then as a package: its arrival counts."""
    told = bound().given(scanned(K.DELIVERED, 9, "X"), booked(10, "X", returns="D-1"))
    assert only(ShipmentDelivered, told.when(booked(11, "X")))


def test_scans_of_a_returns_tracker_under_the_id_of_a_package_that_is_booked_later_are_none_of_it() -> None:
    told = bound().given(scanned(K.DELIVERED, 5, "X", direction=Direction.RETURN))
    told.when(booked(6, "X"))
    assert not only(ShipmentDelivered, told.events)
    assert not says(told).standing


def test_returns_beyond_the_bound_are_left_out_and_counted() -> None:
    told = bound()
    for number in range(MAX_RETURNS + 1):
        told.when(booked(30, f"R{number:02}", returns="D-1"))
    assert told.state is not None
    assert (len(told.state.returns), told.state.dropped) == (MAX_RETURNS, 1)


def test_many_returns_that_become_known_with_the_policy_are_all_told() -> None:
    told = story().given(*(booked(1, f"R{number:02}", returns="D-1") for number in range(MAX_RETURNS)))
    told.given(order_placed(), policy_issued())
    told.until(day(6))
    assert len({each.package_id for each in only(ReturnMoved, told.events)}) == MAX_RETURNS
