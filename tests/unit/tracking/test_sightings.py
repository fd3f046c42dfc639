"""What scans say of a package: lost, damaged, returned, delivered, and what contradicts each."""

import pytest

from tests.support.tracking import (
    LATE,
    SILENT,
    booked,
    clause,
    day,
    only,
    order_placed,
    policy_issued,
    scanned,
    seen_says,
    story,
    the,
    verdicts,
    watch_says,
)
from waybond_contracts.delays import (
    ContentsChanged,
    PackageSeen,
    ShipmentDamaged,
    ShipmentDelivered,
    ShipmentHindered,
    ShipmentLost,
    ShipmentReturned,
    WatchFellDue,
)
from waybond_contracts.fields import Interval
from waybond_contracts.shipments import HandedTo, ScanKind
from waybond_contracts.wording import DeliveredBy

K = ScanKind
BEGIN = (order_placed(), policy_issued(LATE, SILENT), booked(2), scanned(K.PICKED_UP, 3))


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (K.LOST, ShipmentLost),
        (K.DESTROYED, ShipmentLost),
        (K.DAMAGED, ShipmentDamaged),
        (K.RETURNING, ShipmentReturned),
        (K.RETURNED, ShipmentReturned),
        (K.DELIVERED, ShipmentDelivered),
        (K.CUSTOMS_HELD, ShipmentHindered),
        (K.HELD, ShipmentHindered),
        (K.DELAYED, ShipmentHindered),
        (K.DELIVERY_ATTEMPTED, ShipmentHindered),
        (K.ADDRESS_PROBLEM, ShipmentHindered),
        (K.REFUSED, ShipmentHindered),
        (K.UNCLAIMED, ShipmentHindered),
        (K.CANCELLED, ShipmentHindered),
    ],
)
def test_what_a_scan_says_is_published_at_once(kind: ScanKind, event: type[PackageSeen]) -> None:
    told = story().given(*BEGIN)
    seen = the(event, told.when(scanned(kind, 10, until=10.5, raw_code="X9"), known_at=day(11)))
    assert (seen.package_id, seen.version, seen.standing) == ("A", 1, True)
    assert (seen.when, seen.occurred_at, seen.as_of) == (
        Interval(earliest=day(10), latest=day(10.5)),
        day(10.5),
        day(11),
    )
    assert seen.scan is not None
    assert (seen.scan.kind, seen.scan.provider, seen.scan.raw_code) == (kind, "17track", "X9")


@pytest.mark.parametrize(
    "kind",
    [
        *(K.LABEL_CREATED, K.PICKED_UP, K.IN_TRANSIT, K.EXPORT_DEPARTED, K.IMPORT_ARRIVED, K.CUSTOMS_PRESENTED),
        *(K.CUSTOMS_RELEASED, K.OUT_FOR_DELIVERY, K.STALE, K.UNKNOWN),
    ],
)
def test_no_other_scan_says_any_of_it(kind: ScanKind) -> None:
    told = story().given(*BEGIN, scanned(kind, 10))
    assert verdicts(told.events) == []


def test_delivered_says_into_whose_hands() -> None:
    told = story().given(*BEGIN, scanned(K.DELIVERED, 10, handed_to=HandedTo.NEIGHBOUR))
    delivered = the(ShipmentDelivered, told.events)
    assert delivered.handed_to is DeliveredBy.NEIGHBOUR
    (package,) = delivered.journey.packages
    assert (package.arrived, package.handed_to) == (Interval.at(day(10)), HandedTo.NEIGHBOUR)


@pytest.mark.parametrize(
    ("first", "second", "event"),
    [(K.RETURNING, K.RETURNED, ShipmentReturned), (K.LOST, K.DESTROYED, ShipmentLost)],
)
def test_a_further_kind_that_says_so_is_told_beside_the_first(
    first: ScanKind, second: ScanKind, event: type[PackageSeen]
) -> None:
    told = story().given(*BEGIN, scanned(first, 10))
    seen = the(event, told.when(scanned(second, 15)))
    assert seen.scan is not None
    assert (seen.version, seen.scan.kind, seen.when) == (2, first, Interval.at(day(10)))
    assert [(each.kind, each.when) for each in seen.also] == [(second, Interval.at(day(15)))]
    assert told.when(scanned(second, 16)) == ()


def test_lost_and_then_moving_was_found_again() -> None:
    told = story().given(*BEGIN, scanned(K.LOST, 20))
    found = the(ShipmentLost, told.when(scanned(K.IN_TRANSIT, 25)))
    assert (found.version, found.standing, found.when) == (2, False, Interval.at(day(20)))
    lost_again = the(ShipmentLost, told.when(scanned(K.LOST, 26)))
    assert (lost_again.version, lost_again.standing, lost_again.when) == (3, True, Interval.at(day(26)))


def test_a_parcel_that_arrives_after_it_was_lost_is_a_late_arrival_not_a_correction() -> None:
    told = story().given(*BEGIN, scanned(K.LOST, 20), scanned(K.DELIVERED, 50))
    assert seen_says(told.events)["ShipmentLost", "A"].standing
    assert seen_says(told.events)["ShipmentDelivered", "A"].when == Interval.at(day(50))


def test_an_arrival_is_told_before_the_loss_that_becomes_known_with_it() -> None:
    """Pricing was away: both are concluded when the policy is heard of."""
    told = story().given(order_placed(), booked(2), scanned(K.LOST, 20), scanned(K.DELIVERED, 50))
    events = told.when(policy_issued(LATE, SILENT), known_at=day(51))
    assert [type(each) for each in events] == [ShipmentDelivered, ShipmentLost, ContentsChanged]


def test_an_arrival_is_taken_back_after_the_loss_that_falls_with_it() -> None:
    told = story().given(*BEGIN, scanned(K.LOST, 20), scanned(K.DELIVERED, 50))
    taken_back = told.when(scanned(K.IN_TRANSIT, 51))
    assert [(type(each), each.standing) for each in taken_back if isinstance(each, PackageSeen)] == [
        (ShipmentLost, False),
        (ShipmentDelivered, False),
    ]


def test_a_label_or_stale_feed_after_a_loss_finds_nothing() -> None:
    told = story().given(*BEGIN, scanned(K.LOST, 20), scanned(K.STALE, 21), scanned(K.UNKNOWN, 22))
    assert seen_says(told.events)["ShipmentLost", "A"].standing


def test_a_loss_that_was_contradicted_before_it_was_learned_is_never_published() -> None:
    told = story().given(*BEGIN, scanned(K.OUT_FOR_DELIVERY, 21))
    assert told.when(scanned(K.LOST, 20), known_at=day(22)) == ()


@pytest.mark.parametrize("kind", [K.IN_TRANSIT, K.OUT_FOR_DELIVERY, K.RETURNING])
def test_delivered_and_then_moving_was_not_delivered(kind: ScanKind) -> None:
    told = story().given(*BEGIN, scanned(K.DELIVERED, 20))
    back = the(ShipmentDelivered, told.when(scanned(kind, 21)))
    assert (back.version, back.standing) == (2, False)
    told.until(day(27))
    assert watch_says(told.events)["TG-1:0:0", "A"].breached


def test_where_the_order_of_two_scans_is_not_known_delivered_stands() -> None:
    told = story().given(*BEGIN)
    told.when(scanned(K.DELIVERED, 20, until=21), known_at=day(21.5))
    told.when(scanned(K.IN_TRANSIT, 20.5, until=21.5), known_at=day(21.5))
    assert seen_says(told.events)["ShipmentDelivered", "A"].standing


def test_delivered_again_stands_again() -> None:
    told = story().given(*BEGIN, scanned(K.DELIVERED, 20), scanned(K.OUT_FOR_DELIVERY, 21), scanned(K.DELIVERED, 22))
    delivered = seen_says(told.events)["ShipmentDelivered", "A"]
    assert (delivered.version, delivered.standing, delivered.when) == (3, True, Interval.at(day(22)))
    told.until(day(199))
    assert watch_says(told.events) == {}


@pytest.mark.parametrize("kind", [K.OUT_FOR_DELIVERY, K.READY_FOR_PICKUP, K.DELIVERY_ATTEMPTED, K.DELIVERED])
def test_returning_and_then_to_the_buyer_after_all(kind: ScanKind) -> None:
    told = story().given(*BEGIN, scanned(K.RETURNING, 20), scanned(kind, 22))
    assert not seen_says(told.events)["ShipmentReturned", "A"].standing


def test_transit_on_the_way_back_does_not_contradict_the_return() -> None:
    told = story().given(*BEGIN, scanned(K.RETURNING, 20), scanned(K.IN_TRANSIT, 22), scanned(K.RETURNED, 25))
    assert [(each.version, each.standing) for each in only(ShipmentReturned, told.events)] == [(1, True), (2, True)]
    assert seen_says(told.events)["ShipmentReturned", "A"].standing


def test_damaged_stays_damaged_when_it_arrives() -> None:
    told = story().given(*BEGIN, scanned(K.DAMAGED, 20), scanned(K.DELIVERED, 22))
    assert seen_says(told.events)["ShipmentDamaged", "A"].standing


def test_an_earlier_delivery_that_is_learned_late_is_the_delivery() -> None:
    told = story().given(*BEGIN, scanned(K.DELIVERED, 20))
    earlier = the(ShipmentDelivered, told.when(scanned(K.DELIVERED, 19), known_at=day(21)))
    assert (earlier.version, earlier.when) == (2, Interval.at(day(19)))


def test_which_of_two_deliveries_at_one_time_was_learned_first_does_not_matter() -> None:
    one, other = (
        scanned(K.DELIVERED, 20, handed_to=HandedTo.NEIGHBOUR),
        scanned(K.DELIVERED, 20, handed_to=HandedTo.DOOR),
    )
    for told in (story().given(*BEGIN, one, other), story().given(*BEGIN, other, one)):
        assert isinstance(delivered := seen_says(told.events)["ShipmentDelivered", "A"], ShipmentDelivered)
        assert delivered.handed_to is DeliveredBy.DOOR


def test_a_delivery_told_once_more_does_not_make_the_one_before_it_late() -> None:
    told = story().given(order_placed(promised=10), policy_issued(LATE), booked(1))
    told.given(scanned(K.DELIVERED, 8), scanned(K.IN_TRANSIT, 9), scanned(K.DELIVERED, 14), scanned(K.DELIVERED, 20))
    told.until(day(60))
    assert seen_says(told.events)["ShipmentDelivered", "A"].when == Interval.at(day(14))
    assert only(WatchFellDue, told.events) == []


def test_the_same_scan_again_publishes_nothing() -> None:
    told = story().given(*BEGIN, scanned(K.LOST, 20))
    assert told.when(scanned(K.LOST, 20), known_at=day(23)) == ()


WAYS = [HandedTo.DOOR, HandedTo.NEIGHBOUR, HandedTo.LOCKER, HandedTo.PICKUP_POINT, HandedTo.UNKNOWN]


@pytest.mark.parametrize("counted", WAYS)
@pytest.mark.parametrize("handed_to", [*WAYS, None])
def test_only_the_hands_that_the_wording_names_count_as_delivery(counted: HandedTo, handed_to: HandedTo | None) -> None:
    wording = clause("order", "P20D", extra=f'delivered_by = ["{counted}"]')
    told = story().given(order_placed(), policy_issued(wording), booked(1))
    told.given(scanned(K.DELIVERED, 10, handed_to=handed_to))
    told.until(day(199))
    late = {key: each.breached for key, each in watch_says(told.events).items()}
    assert late == ({} if (handed_to or HandedTo.UNKNOWN) is counted else {("C:0:0", "A"): True})


@pytest.mark.parametrize(("counts", "late"), [('"ready_for_pickup"', False), ('"pickup_point"', True)])
def test_ready_for_pickup_counts_where_the_wording_says_so(counts: str, late: bool) -> None:
    wording = clause("order", "P20D", extra=f"delivered_by = [{counts}]")
    told = story().given(order_placed(), policy_issued(wording), booked(1), scanned(K.READY_FOR_PICKUP, 10))
    told.until(day(199))
    assert bool(watch_says(told.events)) is late


def test_ready_for_pickup_is_told_at_once_and_a_delivery_in_its_place() -> None:
    told = story().given(*BEGIN)
    ready = the(ShipmentDelivered, told.when(scanned(K.READY_FOR_PICKUP, 10)))
    assert (ready.version, ready.handed_to, ready.when) == (1, DeliveredBy.READY_FOR_PICKUP, Interval.at(day(10)))
    (package,) = ready.journey.packages
    assert (package.arrived, package.handed_to) == (Interval.at(day(10)), None)
    fetched = the(ShipmentDelivered, told.when(scanned(K.DELIVERED, 12, handed_to=HandedTo.PICKUP_POINT)))
    assert (fetched.version, fetched.handed_to, fetched.when) == (2, DeliveredBy.PICKUP_POINT, Interval.at(day(12)))
    (package,) = fetched.journey.packages
    assert (package.arrived, package.handed_to) == (Interval.at(day(12)), HandedTo.PICKUP_POINT)


def test_that_it_was_ready_for_pickup_stands_though_it_goes_back() -> None:
    told = story().given(*BEGIN, scanned(K.READY_FOR_PICKUP, 10), scanned(K.RETURNING, 20))
    assert seen_says(told.events)["ShipmentDelivered", "A"].standing
    assert seen_says(told.events)["ShipmentReturned", "A"].standing


def test_a_delivery_that_was_none_leaves_that_it_was_ready_for_pickup() -> None:
    told = story().given(*BEGIN, scanned(K.READY_FOR_PICKUP, 10), scanned(K.DELIVERED, 12), scanned(K.IN_TRANSIT, 13))
    assert isinstance(delivered := seen_says(told.events)["ShipmentDelivered", "A"], ShipmentDelivered)
    assert (delivered.version, delivered.handed_to) == (3, DeliveredBy.READY_FOR_PICKUP)


def test_the_first_delivery_into_a_hand_that_counts_is_the_arrival() -> None:
    wording = clause("order", "P20D", extra='delivered_by = ["door"]')
    told = story().given(order_placed(), policy_issued(wording), booked(1))
    told.given(
        scanned(K.DELIVERED, 10, handed_to=HandedTo.NEIGHBOUR), scanned(K.DELIVERED, 22, handed_to=HandedTo.DOOR)
    )
    assert watch_says(told.events)["C:0:0", "A"].arrived == Interval.at(day(22))
    assert seen_says(told.events)["ShipmentDelivered", "A"].when == Interval.at(day(10))


def test_a_scan_dated_far_ahead_happened_by_the_time_it_was_known() -> None:
    told = story().given(*BEGIN)
    told.when(scanned(K.DELIVERED, 20_000), known_at=day(20))
    assert the(ShipmentDelivered, told.events).when == Interval.at(day(20))
    told.until(day(199))
    assert watch_says(told.events) == {}


def test_a_scan_that_may_have_happened_until_far_ahead_happened_by_two_days_after_it_was_known() -> None:
    told = story().given(*BEGIN)
    told.when(scanned(K.LOST, 20, until=20_000), known_at=day(21))
    assert the(ShipmentLost, told.events).when == Interval(earliest=day(20), latest=day(23))


def test_a_clock_that_runs_ahead_by_a_zone_is_taken_as_it_is() -> None:
    told = story().given(*BEGIN)
    told.when(scanned(K.DELIVERED, 20.5), known_at=day(20))
    assert the(ShipmentDelivered, told.events).when == Interval.at(day(20.5))
