"""Business days, counted by hand from the calendars that come with Waybond."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from tests.support.calendars import calendar
from tests.support.wordings import clause, wording
from waybond_contracts.business_days import Calendar
from waybond_contracts.errors import ContractError
from waybond_contracts.wording import parse

NAMES = ("br", "cn", "us", "plain")
TEXTS = {name: calendar(name) for name in NAMES}
CALENDARS = {name: Calendar.model_validate(tomllib.loads(text)["calendar"][0]) for name, text in TEXTS.items()}
WINDOW = (
    'trigger = "claim"\ntiers = [{ share = "1.00" }]\nclaim_window = { clock = "order", closes = "P9D", '
    'closes_business = { days = 5, calendar = "us" } }'
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "days", "start", "end"),
    [
        # Thursday evening, which is Friday in UTC. Good Friday, a weekend; Monday, the 6th, ends at 03:00 UTC.
        ("br", 1, "2026-04-03T02:30", "2026-04-07T03:00"),
        # From three hours later on it is Good Friday itself: the same Monday.
        ("br", 1, "2026-04-03T03:00", "2026-04-07T03:00"),
        # Carnival (16 and 17 February) is no national holiday: Monday and Tuesday count.
        ("br", 2, "2026-02-13T12:00", "2026-02-18T03:00"),
        # Friday; Saturday the 14th is worked, then the Spring Festival to the 23rd: the 14th and Tuesday the 24th.
        ("cn", 2, "2026-02-13T04:00", "2026-02-24T16:00"),
        # 30 September; National Day to the 7th: the 8th, the 9th, and Saturday the 10th, which is worked.
        ("cn", 3, "2026-09-30T04:00", "2026-10-10T16:00"),
        # Independence Day of 2026 is a Saturday, kept on Friday: Monday, the 6th. New York is 4 hours behind in summer.
        ("us", 1, "2026-07-02T12:00", "2026-07-07T04:00"),
        # From Friday over the change to winter time: Monday ends at midnight, 5 hours behind UTC.
        ("us", 1, "2026-10-30T12:00", "2026-11-03T05:00"),
        # 15 of them from Friday, 20 November: Thanksgiving (26th) is none; the 15th is Monday, 14 December.
        ("us", 15, "2026-11-20T12:00", "2026-12-15T05:00"),
        ("plain", 5, "2026-12-24T23:59", "2027-01-01T00:00"),
    ],
)
def test_the_last_business_day_ends_at_midnight_of_its_zone(name: str, days: int, start: str, end: str) -> None:
    assert CALENDARS[name].end_of(days, utc(start)) == utc(end)


@pytest.mark.parametrize("name", NAMES)
def test_each_day_begins_when_it_begins_in_the_zone_that_is_named(name: str) -> None:
    known = CALENDARS[name]
    zone = ZoneInfo(known.zone)
    day = known.first
    while day <= known.last:
        begins = known.begins(day)
        assert begins == datetime(day.year, day.month, day.day, tzinfo=zone)
        assert (known.day_of(begins), known.day_of(begins - timedelta(seconds=1))) == (day, day - timedelta(1))
        day += timedelta(days=1)


def test_beyond_the_years_of_the_calendar_nothing_is_computed() -> None:
    chinese = CALENDARS["cn"]
    # The last business day of 2026 is Thursday, 31 December.
    assert chinese.end_of(1, utc("2026-12-30T04:00")) == utc("2026-12-31T16:00")
    assert chinese.end_of(2, utc("2026-12-30T04:00")) is None
    assert chinese.end_of(1, utc("2024-12-31T04:00")) is None
    with pytest.raises(ContractError, match="cn: expected a day from 2025-01-01 to 2026-12-31, got 2027-01-01"):
        chinese.is_business_day(date(2027, 1, 1))


def test_the_longest_five_business_days_in_china_go_over_two_holidays() -> None:
    # From Wednesday, 23 September 2026: the 24th, Mid-Autumn from the 25th to the 27th, the 28th, 29th and 30th,
    # National Day to the 7th of October, and the 8th: 15 days, and a day at each end.
    assert CALENDARS["cn"].longest(5) == timedelta(days=17)


def test_a_wording_carries_its_calendar_and_a_misspelt_one_is_refused() -> None:
    read = parse(wording(clause(WINDOW), TEXTS["us"]))
    assert read.calendar == (CALENDARS["us"],)
    with pytest.raises(ContractError, match="calendar: expected a calendar by which clause LATE counts, got us"):
        parse(wording(clause(WINDOW), TEXTS["br"]))
    with pytest.raises(ContractError, match="each id of a calendar once, got us"):
        parse(wording(clause(WINDOW), TEXTS["us"], TEXTS["us"]))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"last": "2024-12-31"}, "a day from 2025-01-01 on"),
        ({"last": "2040-12-31"}, "at most 10 years later"),
        ({"holidays": ["2031-01-01"]}, "dates from 2025-01-01 to 2030-12-31, got 2031-01-01"),
        ({"holidays": ["2026-01-01", "2026-01-01"]}, "each date once, got 2026-01-01"),
        ({"worked": ["2026-01-05"]}, "dates of the weekend that are no holidays, got 2026-01-05"),
        ({"offset": "3"}, "offset"),
    ],
)
def test_what_a_calendar_cannot_say_is_refused_by_name(change: dict[str, object], named: str) -> None:
    with pytest.raises((ContractError, ValidationError), match=named):
        Calendar.model_validate(CALENDARS["plain"].model_dump(mode="json") | change)


def test_business_days_need_the_plain_duration_beside_them() -> None:
    alone = WINDOW.replace('closes = "P9D", ', "")
    with pytest.raises(ContractError, match="closes_business: expected closes beside it"):
        parse(wording(clause(alone), TEXTS["us"]))
