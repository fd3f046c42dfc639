"""A product that counts business days is not sold where its calendar does not reach."""

from datetime import UTC, datetime

import pytest

from tests.support.calendars import calendar
from tests.support.pricing import PARCEL, catalogue, changed, placed, settings
from tests.unit.pricing.test_binding import bound, declined
from waybond_contracts.policies import DeclineReason

# Placed on 1 November 2026, covered for 240 days: to 29 June 2027.
WITH_DAYS = (
    'any_of = [{ scan = "DAMAGED" }]\n',
    'trigger = "claim"\n'
    'claim_window = { clock = "delivered", closes = "P9D", closes_business = { days = 5, calendar = "NAME" } }\n',
)


def product(name: str) -> str:
    return changed(PARCEL, (WITH_DAYS[0], WITH_DAYS[1].replace("NAME", name))) + "\n" + calendar(name)


@pytest.mark.parametrize("name", ["br", "us", "plain"])
def test_an_order_is_covered_whose_days_the_calendar_knows(name: str) -> None:
    key = "order-protection@2026.11.99"
    known = catalogue(settings(key, default=key), extra=(product(name),))
    assert bound(placed(), known).product_version == "2026.11.99"


def test_an_order_whose_days_the_calendar_does_not_know_is_declined_by_name() -> None:
    key = "order-protection@2026.11.99"
    known = catalogue(settings(key, default=key), extra=(product("cn"),))
    refused = declined(placed(), known)
    assert refused.reason is DeclineReason.NOT_OFFERED
    # 240 days are to 29 June; five business days take up to 17 days: 16 July, and a day for the zone.
    assert refused.detail == (
        "calendar cn 2026.1 of order-protection@2026.11.99 knows the business days from 2025-01-01 to 2026-12-31: "
        "an order of 2026-11-01 may need those until 2027-07-17"
    )


def test_a_calendar_that_begins_after_the_order_is_refused_as_well() -> None:
    key = "order-protection@2026.11.99"
    late = product("plain").replace("first = 2025-01-01", "first = 2026-11-01")
    known = catalogue(settings(key, default=key), extra=(late,))
    assert declined(placed(), known).reason is DeclineReason.NOT_OFFERED
    day = datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert bound(placed(occurred_at=day), known).product_version == "2026.11.99"
