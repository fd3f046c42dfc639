"""ContentsChanged: what the packages hold is told whenever it changes, and not otherwise."""

from collections.abc import Iterable

import pytest

from tests.support.story import Known
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
    policy_declined,
    policy_issued,
    scanned,
    story,
    the,
)
from waybond_contracts.delays import ContentsChanged, WatchFellDue
from waybond_contracts.event import Event
from waybond_contracts.shipments import ScanKind

K = ScanKind
LINES = (order_line("a", 6_000), order_line("b", 4_000))
A, B = pieces(a=1), pieces(b=1)
ORDER = (order_placed(lines=LINES), policy_issued(LATE, SILENT))


def versions(events: Iterable[Event]) -> list[int]:
    return [each.version for each in only(ContentsChanged, events)]


def test_a_booking_tells_what_the_package_holds() -> None:
    shipped = story().given(*ORDER)
    told = the(ContentsChanged, shipped.when(Known(booked(2, "A", lines=A, packages=2), day(2.5))))
    (package,) = told.journey.packages
    assert (told.version, told.as_of, told.occurred_at, told.package_id) == (1, day(2.5), day(2.5), None)
    assert (package.package_id, package.lines, package.contents_as_of) == ("A", A, day(2))
    assert (told.journey.packages_in_order, told.journey.contents_version) == (2, 1)


def test_an_order_without_packages_has_nothing_to_tell() -> None:
    shipped = story().given(*ORDER)
    shipped.until(day(199))
    assert versions(shipped.events) == []
    assert the_last(shipped.events).journey.contents_version is None


def the_last(events: Iterable[Event]) -> WatchFellDue:
    return only(WatchFellDue, events)[-1]


def test_scans_checks_and_repetitions_change_nothing() -> None:
    shipped = story().given(*ORDER, booked(2, "A", lines=A))
    shipped.given(booked(2, "A", lines=A), scanned(K.PICKED_UP, 3, "A"), scanned(K.DELIVERED, 9, "A"), checked(9, "A"))
    shipped.until(day(199))
    assert versions(shipped.events) == [1]


def test_a_package_of_which_only_a_scan_is_known_is_told_too() -> None:
    shipped = story().given(*ORDER)
    (package,) = the(ContentsChanged, shipped.when(scanned(K.PICKED_UP, 3, "A"))).journey.packages
    assert (package.lines, package.contents_as_of) == ((), None)
    assert versions(shipped.when(booked(4, "A", lines=A))) == [2]


def test_what_is_booked_again_is_told_as_of_the_newest_booking() -> None:
    shipped = story().given(*ORDER, booked(2, "A", lines=[*A, *B]))
    again = the(ContentsChanged, shipped.when(booked(5, "A", lines=A)))
    assert [(each.lines, each.contents_as_of) for each in again.journey.packages] == [(A, day(5))]
    # The same booking as before, told once more, is an older word.
    assert shipped.when(booked(2, "A", lines=[*A, *B]), known_at=day(6)) == ()


def test_an_earlier_booking_that_becomes_known_later_is_told() -> None:
    """Which of two packages was booked first decides whose pieces are a replacement."""
    shipped = story().given(*ORDER, booked(5, "A", lines=A))
    again = the(ContentsChanged, shipped.when(booked(2, "A", lines=B), known_at=day(6)))
    (package,) = again.journey.packages
    assert (package.booked_at, package.contents_as_of, package.lines) == (day(2), day(5), A)


def test_what_a_package_replaces_is_told() -> None:
    shipped = story().given(*ORDER, booked(2, "A", lines=A))
    told = the(ContentsChanged, shipped.when(booked(30, "R", lines=A, replaces="A")))
    assert [(each.package_id, each.replaces) for each in told.journey.packages] == [("A", None), ("R", "A")]
    told = the(ContentsChanged, shipped.when(booked(31, "R", lines=A)))
    assert [each.replaces for each in told.journey.packages] == [None, None]


def test_how_many_packages_there_are_is_told() -> None:
    shipped = story().given(*ORDER, booked(2, "A", packages=2))
    told = the(ContentsChanged, shipped.when(booked(3, "A", packages=1)))
    assert (told.version, told.journey.packages_in_order) == (2, 1)


def test_without_a_policy_nothing_is_told_and_with_it_all_at_once() -> None:
    shipped = story().given(order_placed(lines=LINES), booked(1, "A", lines=A), booked(2, "B", lines=B))
    assert shipped.events == ()
    told = the(ContentsChanged, shipped.when(ORDER[1], known_at=day(3)))
    assert [each.package_id for each in told.journey.packages] == ["A", "B"]


def test_a_declined_order_tells_nothing() -> None:
    shipped = story().given(order_placed(lines=LINES), booked(1, "A", lines=A), policy_declined(2))
    assert shipped.events == ()


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_bookings_of_one_instant_the_same_one_counts_in_any_order(first: int) -> None:
    both = [booked(2, "A", lines=A), booked(2, "A", lines=B)]
    shipped = story().given(*ORDER, both[first], both[1 - first])
    (package,) = only(ContentsChanged, shipped.events)[-1].journey.packages
    assert package.lines == B


def test_contents_are_told_behind_what_is_due_for_the_package() -> None:
    """Until a package's own delay is told, it would seem to be in time."""
    shipped = story().given(*ORDER)
    shipped.until(day(28))
    published = shipped.when(booked(28.5, "A", lines=[*A, *B]))
    assert [type(each).__name__ for each in published] == ["ShipmentDelayed", "ShipmentDelayed", "ContentsChanged"]
