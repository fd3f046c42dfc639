"""Histories as events: what is said, when it became known, and that each event can travel."""

import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.sources import ROOT
from waybond_contracts.orders import OrderCancelled, OrderPlaced
from waybond_contracts.registry import decode
from waybond_contracts.shipments import ScanKind, ShipmentBooked, ShipmentScanned
from waybond_local.history import olist as olist_history
from waybond_local.history import scms as scms_history
from waybond_local.replay import olist, scms
from waybond_local.replay.timed import Timed, merged, windows

REAL = Path(os.environ.get(olist_history.DIRECTORY_VARIABLE) or ROOT.parent / "shared" / "data" / "olist")


@pytest.fixture(scope="module")
def history() -> scms_history.History:
    return scms_history.read()


def test_an_order_of_scms_is_placed_booked_and_delivered(history: scms_history.History) -> None:
    order = next(order for order in history.orders if len(order.packages) == 2)
    placed, *rest = [fact.event for fact in scms.events(order, "demo")]
    assert isinstance(placed, OrderPlaced)
    assert placed.total.minor == order.value_usd_cents == sum(line.total.minor for line in placed.lines)
    assert [type(event) for event in rest] == [ShipmentBooked, ShipmentBooked, ShipmentScanned, ShipmentScanned]
    booked = [event for event in rest if isinstance(event, ShipmentBooked)]
    assert {line.line_id for event in booked for line in event.lines} == {line.line_id for line in placed.lines}


def test_an_arrival_is_known_at_the_end_of_its_day(history: scms_history.History) -> None:
    order = history.orders[0]
    arrived = list(scms.events(order, "demo"))[-1]
    day = order.packages[-1].arrived_on
    assert isinstance(arrived.event, ShipmentScanned)
    assert arrived.event.kind is ScanKind.DELIVERED
    assert arrived.event.when.earliest == datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert arrived.event.when.latest == arrived.known_at == arrived.event.when.earliest + timedelta(days=1, seconds=-1)


def test_an_arrival_on_the_promised_day_is_in_time(history: scms_history.History) -> None:
    order = next(o for o in history.orders for p in o.packages if p.arrived_on == p.promised_on == o.promised_on)
    placed, *_, arrived = [fact.event for fact in scms.events(order, "demo")]
    assert isinstance(placed, OrderPlaced)
    assert isinstance(arrived, ShipmentScanned)
    assert placed.promise is not None
    assert arrived.when.latest <= placed.promise.latest


def test_an_order_that_no_event_can_carry_is_left_out_and_counted(history: scms_history.History) -> None:
    """S: one order number of a history holds a slash, and the whole replay ends with a traceback."""
    first, second = history.orders[:2]
    odd = replace(history, orders=(replace(first, po="A/1"), second))
    told = scms.told(odd, "demo")
    assert {fact.event.order_id for fact in told.facts} == {second.po}
    (count,) = (number for said, number in told.assumptions.items() if "left out" in said and "order_id" in said)
    assert count == 1


def test_every_event_of_scms_travels(history: scms_history.History) -> None:
    told = scms.told(history, "demo", scms.placed_in(2014))
    assert Counter(type(fact.event).__name__ for fact in told.facts) == {
        "OrderPlaced": 808,
        "ShipmentBooked": 945,
        "ShipmentScanned": 945,
    }
    for fact in told.facts[::50]:
        event = fact.event
        assert decode(event.event_type, event.model_dump_json().encode(), strict=True).event == event
    assert told.facts == merged(told.facts)


def test_contradictions_are_counted_and_their_orders_are_told(history: scms_history.History) -> None:
    told = scms.told(history, "demo")
    assert told.contradictions["ordered_after_arrival"] == (5, 5)
    backwards = next(o for o in history.orders for p in o.packages if p.arrived_on < o.ordered_on)
    events = [fact.event for fact in told.facts if fact.event.order_id == backwards.po]
    assert isinstance(events[0], ShipmentScanned)
    assert sum(isinstance(event, OrderPlaced) for event in events) == 1


def test_contradictions_of_the_chosen_orders_stand_beside_those_of_the_file(history: scms_history.History) -> None:
    by_year = [scms.told(history, "demo", scms.placed_in(year)).contradictions for year in range(2006, 2016)]
    assert sum(each["goods_without_value"][0] for each in by_year) == 17
    assert {each["goods_without_value"][1] for each in by_year} == {17}


def test_what_was_assumed_is_counted(history: scms_history.History) -> None:
    told = scms.told(history, "demo", scms.placed_in(2014))
    assert set(told.assumptions.values()) == {395}
    assert sum(scms.told(history, "demo").assumptions.values()) == sum(
        order.ordered_on_derived + (order.origin_hint is None) for order in history.orders
    )


LOCAL = olist_history.LocalTime(
    "2017-10-02 10:56:33",
    datetime(2017, 10, 2, 12, 56, 33, tzinfo=UTC),
    datetime(2017, 10, 2, 15, 56, 33, tzinfo=UTC),
)


def marketplace_order(status: str = "delivered", *, parcels: int = 2) -> olist_history.Order:
    """An order of two sellers, or of none."""
    items = [olist_history.Item(n + 1, f"p{n}", "toys", 100, 1_000, 250) for n in range(parcels)]
    return olist_history.Order(
        order_id="o-1",
        status=status,
        buyer_ref="b",
        buyer_state="SP",
        buyer_postal_prefix="01310",
        placed=LOCAL,
        approved=None,
        promised_on=date(2017, 10, 20),
        parcels=tuple(
            olist_history.Parcel(f"s{n}", "SP", "01310", (item,), LOCAL, LOCAL if status == "delivered" else None)
            for n, item in enumerate(items)
        ),
        payments=(olist_history.Payment("1", "boleto", 2_500),),
    )


def test_a_local_time_without_a_zone_is_an_interval_known_at_its_end() -> None:
    facts = list(olist.events(marketplace_order(), "demo"))
    scans = [fact for fact in facts if isinstance(fact.event, ShipmentScanned)]
    assert len(scans) == 4
    for fact in scans:
        assert isinstance(fact.event, ShipmentScanned)
        assert (fact.event.when.earliest, fact.event.when.latest) == (LOCAL.earliest, LOCAL.latest)
        assert fact.known_at == LOCAL.latest


def test_one_package_for_each_seller() -> None:
    booked = [
        fact.event for fact in olist.events(marketplace_order(), "demo") if isinstance(fact.event, ShipmentBooked)
    ]
    assert [(event.package_id, event.packages_in_order) for event in booked] == [("o-1-s0", 2), ("o-1-s1", 2)]
    assert [[line.line_id for line in event.lines] for event in booked] == [["1"], ["2"]]


def test_the_promise_holds_until_the_day_ends_where_it_ends_last() -> None:
    placed = next(olist.events(marketplace_order(), "demo")).event
    assert isinstance(placed, OrderPlaced)
    assert placed.promise is not None
    assert placed.promise.latest == datetime(2017, 10, 21, 4, 59, 59, tzinfo=UTC)


def test_a_cancelled_order_is_placed_and_cancelled() -> None:
    events = [fact.event for fact in olist.events(marketplace_order("canceled", parcels=0), "demo")]
    assert [type(event) for event in events] == [OrderPlaced, OrderCancelled]
    assert isinstance(events[0], OrderPlaced)
    assert events[0].total.minor == 2_500


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no Olist data in {REAL}: set {olist_history.DIRECTORY_VARIABLE}")
def test_every_order_of_olist_is_told() -> None:
    told = olist.told(olist_history.read(REAL), "demo")
    assert sum(isinstance(fact.event, OrderPlaced) for fact in told.facts) == 10_000 - told.rejected


def test_windows_hold_what_was_known_within_the_grain() -> None:
    event = next(olist.events(marketplace_order(), "demo")).event
    start = datetime(2014, 1, 1, tzinfo=UTC)
    facts = [Timed(start + timedelta(hours=hours), event) for hours in (0, 5, 11, 12, 30)]
    assert list(windows(facts, timedelta(hours=12))) == [facts[:3], facts[3:4], facts[4:]]
