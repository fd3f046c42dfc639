"""Wordings from the field, decided by the services: each clause on the day before, on the day, and on the day after.

An order of 100.00 USD, placed on day 0 at 00:00 and booked at that instant. The numbers are those of the wordings, as
20 and 30 days of InsureShip, and 29 of Wish for Brazil. What happens on a day happens at 00:00, and so at the instant
that a duration ends; a parcel that arrives at that instant is in time."""

import json
from typing import Any

import pytest

from tests.support.wordings import FIELD, body
from waybond_contracts.claims import ClaimDenied, ClaimReferred, DenialReason, EvidenceRequested
from waybond_local.wordings.drive import Drive, drive
from waybond_local.wordings.story import parse_story
from waybond_local.wordings.timeline import rows

TEXTS = {path.stem: body(path) for path in FIELD}
DOMESTIC, INTERNATIONAL = "US-US", "CN-BR"
BOOKED = {"day": 0, "booked": "A"}
NOT_RECEIVED, DAMAGED = "NOT_RECEIVED", "DAMAGED"


def told(name: str, *steps: dict[str, Any], lane: str = INTERNATIONAL, until: int = 180, **order: Any) -> Drive:
    origin, destination = lane.split("-")
    placed = {"total": "100.00", "currency": "USD", "origin": origin, "destination": destination} | order
    return drive(TEXTS[name], parse_story(json.dumps({"order": placed, "steps": steps, "until": until}).encode()))


def paid(driven: Drive) -> list[tuple[int, str]]:
    """The days on which something was paid, and all that was paid until then."""
    found: list[tuple[int, str]] = []
    for row in rows(driven):
        if row.paid.minor != 0 and (not found or found[-1][1] != str(row.paid)):
            found.append((row.day, str(row.paid)))
    return found


def scan(day: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"day": day, "scan": kind, "package": "A"} | fields


def delivered(day: int) -> dict[str, Any]:
    return scan(day, "DELIVERED", handed_to="door")


def claimed(name: str, on: int, reason: str, *steps: dict[str, Any], lane: str = INTERNATIONAL, **order: Any) -> str:
    """What a complaint of that day leads to on that day; "closed": it was too late, and no person is asked later either
    (a clause that waits for a delivery may still call it too early)."""
    steps = (*steps, {"day": on, "dispute": reason})
    events = [each.event for each in told(name, *steps, lane=lane, until=on, **order).said]
    if any(isinstance(each, ClaimReferred) for each in events):
        return "a person"
    if any(isinstance(each, EvidenceRequested) for each in events):
        return "evidence"
    denied = next(each for each in reversed(events) if isinstance(each, ClaimDenied))
    if denied.reason is not DenialReason.TOO_EARLY:
        return "closed"
    later = [each for each in told(name, *steps, lane=lane, **order).said if isinstance(each.event, ClaimReferred)]
    return f"from day {(later[0].at - denied.occurred_at).days + on}" if later else "closed"


# clauses that pay by themselves


@pytest.mark.parametrize(
    ("destination", "day"),
    [
        *(("BR", 29), ("AR", 33), ("CL", 20), ("MX", 22), ("US", 15), ("GB", 12)),
        *(("DE", 16), ("FR", 16), ("RU", 23), ("IN", 26), ("ZA", 37)),
    ],
)
def test_under_wish_all_of_it_is_due_on_the_countrys_day(destination: str, day: int) -> None:
    lane = f"CN-{destination}"
    for arrives, due in ((day - 1, []), (day, []), (day + 1, [(day, "100.00 USD")])):
        assert paid(told("wish", BOOKED, delivered(arrives), lane=lane, until=90)) == due


@pytest.mark.parametrize(("destination", "day"), [("FR", 60), ("RU", 90), ("BR", 120)])
def test_under_aliexpress_all_of_it_is_due_on_the_countrys_day(destination: str, day: int) -> None:
    lane = f"CN-{destination}"
    for arrives, due in ((day - 1, []), (day, []), (day + 1, [(day, "100.00 USD")])):
        assert paid(told("aliexpress", BOOKED, delivered(arrives), lane=lane)) == due


@pytest.mark.parametrize(
    ("lane", "arrives", "due"),
    [
        # 10 days within a country, 30 between two: 5.00 in the order's currency; 30 and 60 days: all of it, of which
        # the 5.00 are a part.
        (DOMESTIC, 9, []),
        (DOMESTIC, 10, []),
        (DOMESTIC, 11, [(10, "5.00 USD")]),
        (DOMESTIC, 30, [(10, "5.00 USD")]),
        (DOMESTIC, 31, [(10, "5.00 USD"), (30, "100.00 USD")]),
        (INTERNATIONAL, 29, []),
        (INTERNATIONAL, 30, []),
        (INTERNATIONAL, 31, [(30, "5.00 USD")]),
        (INTERNATIONAL, 60, [(30, "5.00 USD")]),
        (INTERNATIONAL, 61, [(30, "5.00 USD"), (60, "100.00 USD")]),
    ],
)
def test_under_seel_a_delay_and_a_loss(lane: str, arrives: int, due: list[tuple[int, str]]) -> None:
    assert paid(told("seel", BOOKED, delivered(arrives), lane=lane)) == due


@pytest.mark.parametrize("lane", [DOMESTIC, INTERNATIONAL])
def test_under_seel_a_scan_that_says_lost_is_paid_at_once(lane: str) -> None:
    assert paid(told("seel", BOOKED, scan(5, "LOST"), lane=lane)) == [(5, "100.00 USD")]


@pytest.mark.parametrize(
    ("category", "worth", "due"),
    [
        # Jewellery above 1,500 a piece and art above 10,000 are out; other goods are not.
        ("jewellery", "1500.00", ["1,500.00 USD"]),
        ("jewellery", "1500.01", []),
        ("art", "10000.00", ["10,000.00 USD"]),
        ("art", "10000.01", []),
        ("toys", "1500.01", ["1,500.01 USD"]),
    ],
)
def test_under_seel_precious_goods_are_out_above_their_value(category: str, worth: str, due: list[str]) -> None:
    goods = [{"id": "1", "total": worth, "category": category}]
    driven = told("seel", BOOKED, scan(5, "LOST"), total=worth, lines=goods)
    assert [amount for _, amount in paid(driven)] == due


@pytest.mark.parametrize(
    ("arrival", "due"),
    [
        (delivered(19), []),
        (delivered(20), []),
        (delivered(21), [(20, "5.00 USD")]),
        # What waits at a pickup point was delivered.
        (scan(20, "READY_FOR_PICKUP"), []),
    ],
)
def test_under_temu_a_credit_when_the_latest_date_is_missed(
    arrival: dict[str, Any], due: list[tuple[int, str]]
) -> None:
    assert paid(told("temu", BOOKED, arrival, promised_latest=20)) == due


@pytest.mark.parametrize("kind", ["ADDRESS_PROBLEM", "REFUSED", "UNCLAIMED"])
def test_under_temu_no_credit_for_what_is_the_buyers(kind: str) -> None:
    assert paid(told("temu", BOOKED, scan(15, kind), promised_latest=20)) == []


# clauses that somebody has to claim under

HEARD = (BOOKED, scan(1, "PICKED_UP"), scan(3, "IN_TRANSIT"))
"""Heard of last on day 3."""
ARRIVED = (*HEARD, delivered(20))
EXPECTED = (BOOKED, scan(1, "PICKED_UP", carrier_eta=10))
"""The carrier expects to deliver it on day 10."""


@pytest.mark.parametrize(
    ("lane", "on", "answer"),
    [
        # 7 days after the last scan within a country, 20 between two; no later than 30 days after it.
        (DOMESTIC, 9, "from day 10"),
        (DOMESTIC, 10, "a person"),
        (DOMESTIC, 11, "a person"),
        (INTERNATIONAL, 22, "from day 23"),
        (INTERNATIONAL, 23, "a person"),
        (INTERNATIONAL, 24, "a person"),
        (INTERNATIONAL, 33, "a person"),
        (INTERNATIONAL, 34, "closed"),
        (DOMESTIC, 34, "closed"),
    ],
)
def test_under_route_what_is_silent_can_be_claimed(lane: str, on: int, answer: str) -> None:
    assert claimed("route", on, NOT_RECEIVED, *HEARD, lane=lane) == answer


@pytest.mark.parametrize(
    ("name", "reason", "on", "answer"),
    [
        # Delivered on day 20. Route: not received from day 25 to 50, damaged to day 50.
        ("route", NOT_RECEIVED, 24, "from day 25"),
        ("route", NOT_RECEIVED, 25, "a person"),
        ("route", NOT_RECEIVED, 50, "a person"),
        ("route", NOT_RECEIVED, 51, "closed"),
        ("route", DAMAGED, 50, "a person"),
        ("route", DAMAGED, 51, "closed"),
        # Seel: seven days for both.
        ("seel", NOT_RECEIVED, 27, "a person"),
        ("seel", NOT_RECEIVED, 28, "closed"),
        ("seel", DAMAGED, 27, "a person"),
        ("seel", DAMAGED, 28, "closed"),
        # XCover: ten days, and fourteen.
        ("xcover", NOT_RECEIVED, 30, "a person"),
        ("xcover", DAMAGED, 34, "a person"),
        ("xcover", DAMAGED, 35, "closed"),
        # Extend: 60 days, with a photo.
        ("extend", DAMAGED, 80, "evidence"),
        ("extend", DAMAGED, 81, "closed"),
        # InsureShip: at once, and to 90 days after the shipment; who did not receive it states so.
        ("insureship", DAMAGED, 20, "a person"),
        ("insureship", DAMAGED, 90, "a person"),
        ("insureship", DAMAGED, 91, "closed"),
        ("insureship", NOT_RECEIVED, 90, "evidence"),
        ("insureship", NOT_RECEIVED, 91, "closed"),
    ],
)
def test_what_was_delivered_can_be_claimed_in_time(name: str, reason: str, on: int, answer: str) -> None:
    order = {"currency": "EUR"} if name == "xcover" else {}
    assert claimed(name, on, reason, *ARRIVED, **order) == answer


@pytest.mark.parametrize(("on", "answer"), [(14, "from day 15"), (15, "a person"), (16, "a person")])
def test_under_extend_from_five_days_after_the_carriers_date_on(on: int, answer: str) -> None:
    assert claimed("extend", on, NOT_RECEIVED, *EXPECTED) == answer


def test_under_extend_a_label_alone_is_not_covered() -> None:
    assert claimed("extend", 40, NOT_RECEIVED, BOOKED, scan(1, "LABEL_CREATED", carrier_eta=10)) == "closed"


@pytest.mark.parametrize(
    ("name", "lane", "on", "answer"),
    [
        # XCover: within 30 and 60 days of the shipment. InsureShip: after 20 and 30 days, within 90.
        ("xcover", DOMESTIC, 29, "a person"),
        ("xcover", DOMESTIC, 30, "a person"),
        ("xcover", DOMESTIC, 31, "closed"),
        ("xcover", INTERNATIONAL, 60, "a person"),
        ("xcover", INTERNATIONAL, 61, "closed"),
        ("insureship", DOMESTIC, 19, "evidence"),
        ("insureship", DOMESTIC, 20, "a person"),
        ("insureship", INTERNATIONAL, 29, "evidence"),
        ("insureship", INTERNATIONAL, 30, "a person"),
        ("insureship", INTERNATIONAL, 90, "a person"),
        ("insureship", INTERNATIONAL, 91, "closed"),
    ],
)
def test_what_never_came_can_be_claimed_in_time(name: str, lane: str, on: int, answer: str) -> None:
    order = {"currency": "EUR"} if name == "xcover" else {}
    assert claimed(name, on, NOT_RECEIVED, *HEARD, lane=lane, **order) == answer


@pytest.mark.parametrize("destination", ["BO", "PY", "VE", "NG"])
def test_under_insureship_some_countries_are_out(destination: str) -> None:
    assert claimed("insureship", 40, NOT_RECEIVED, *HEARD, lane=f"US-{destination}") == "closed"


@pytest.mark.parametrize("kind", ["ADDRESS_PROBLEM", "RETURNING", "RETURNED"])
def test_under_route_a_wrong_address_and_a_return_are_out(kind: str) -> None:
    assert claimed("route", 30, NOT_RECEIVED, *HEARD, scan(5, kind)) == "closed"


@pytest.mark.parametrize(
    ("name", "worth", "most"),
    [
        # Extend pays at most 15,000; InsureShip 5,000 for a package.
        ("extend", "15000.00", "15,000.00 USD"),
        ("extend", "15000.01", "15,000.00 USD"),
        ("insureship", "5000.00", "5,000.00 USD"),
        ("insureship", "5000.01", "5,000.00 USD"),
    ],
)
def test_no_more_is_paid_than_the_limit(name: str, worth: str, most: str) -> None:
    steps = (*EXPECTED, {"day": 40, "dispute": NOT_RECEIVED}, {"day": 41, "decide": "pay"})
    assert paid(told(name, *steps, total=worth, until=60)) == [(41, most)]


@pytest.mark.parametrize(("on", "answer"), [(34, "a person"), (35, "a person"), (36, "closed")])
def test_under_xcover_what_was_not_received_is_claimed_within_ten_days_of_the_delivery(on: int, answer: str) -> None:
    # Delivered on day 25, within a country: from day 31 on it cannot be claimed as lost any more.
    assert claimed("xcover", on, NOT_RECEIVED, *HEARD, delivered(25), lane=DOMESTIC, currency="EUR") == answer


def test_under_insureship_two_packages_get_no_more_than_the_shipments_limit() -> None:
    # 6,000 in each: 5,000 for a package, 7,500 for both.
    goods = [{"id": "a", "total": "6000.00"}, {"id": "b", "total": "6000.00"}]
    packages = [{"day": 0, "booked": "A", "lines": {"a": 1}}, {"day": 0, "booked": "B", "lines": {"b": 1}}]
    complaints = [{"day": 40, "dispute": NOT_RECEIVED, "id": each, "package": each} for each in "AB"]
    answers = [{"day": day, "decide": "pay"} for day in (41, 42)]
    driven = told("insureship", *packages, *complaints, *answers, total="12000.00", lines=goods, until=60)
    assert paid(driven) == [(41, "5,000.00 USD"), (42, "7,500.00 USD")]
