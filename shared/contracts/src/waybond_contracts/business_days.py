"""Business days: calendars that a wording carries, and the instants at which so many business days have passed.

A business day is a date in the calendar's own zone that is neither of its weekend nor a holiday, or that is a day of
the weekend on which people work all the same. The day on which a clock starts never counts. What takes five business
days ends with the fifth one after that day: at the midnight, in the calendar's zone, that follows it.

Scenario: a parcel arrives in Sao Paulo on Thursday, 2 April 2026, at 23:30, which is Friday, 02:30, in UTC. In the
calendar's zone it is Thursday. Friday is Good Friday, so the first business day is Monday, the 6th.

A calendar has first and last years. Beyond them nobody knows the holidays yet: nothing is computed there.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

from pydantic import Field, StringConstraints, WithJsonSchema, model_validator

from waybond_contracts.errors import ContractError
from waybond_contracts.fields import Line, Text
from waybond_contracts.worded import Strict

MAX_CALENDARS = 8
MAX_CALENDAR_YEARS = 10
MAX_HOLIDAYS = 512
MAX_BUSINESS_DAYS = 366
MAX_SHIFTS = 32
LONGEST_KEPT = 64

CalendarId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Offset = Annotated[str, StringConstraints(max_length=6, pattern=r"^[+-](0[0-9]|1[0-4]):[0-5][0-9]$")]
"""Hours and minutes that a zone's clocks are ahead of UTC ("+08:00"), or behind it ("-03:00")."""
Day = Annotated[date, WithJsonSchema({"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"})]
"""A date, written as one in TOML (2026-04-03)."""
Dates = Annotated[tuple[Day, ...], Field(max_length=MAX_HOLIDAYS)]
_DAY = timedelta(days=1)


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_WEEK = tuple(Weekday)


class BusinessDays(Strict):
    """So many business days of one of the wording's calendars."""

    days: Annotated[int, Field(ge=1, le=MAX_BUSINESS_DAYS, strict=True)]
    """How many, after the day on which the clock starts; the time is over when the last of them ends."""
    calendar: CalendarId
    """The calendar's `id`."""


class Shift(Strict):
    """From when on the clocks of a zone stand otherwise (summer time)."""

    since: Day
    """The first date that begins under it."""
    offset: Offset
    """How far the clocks are from UTC then."""


class Calendar(Strict):
    """The business days of a place for some years, as the wording carries them."""

    id: CalendarId
    """Unique within the wording; business days name it."""
    version: Annotated[str, Field(pattern=r"^[0-9]{4}\.[0-9]{1,4}$")]
    """Year and number of the list."""
    source: Text
    """Who proclaimed the holidays, and where."""
    zone: Line
    """The zone in which days begin and end, by the name under which people know it; `offset` is what counts."""
    offset: Offset
    """How far the zone's clocks are from UTC."""
    shifts: Annotated[tuple[Shift, ...], Field(max_length=MAX_SHIFTS)] = ()
    """Other offsets, each until the next one."""
    first: Day
    """The first day of which the calendar says whether it is a business day."""
    last: Day
    """The last one."""
    weekend: Annotated[tuple[Weekday, ...], Field(max_length=6)] = (Weekday.SATURDAY, Weekday.SUNDAY)
    """The days of the week that are none."""
    holidays: Dates = ()
    """Dates that are none; those on a weekend need not be named."""
    worked: Dates = ()
    """Dates of a weekend that are business days all the same."""

    @model_validator(mode="after")
    def _consistent(self) -> "Calendar":
        if not self.first <= self.last < self.first + MAX_CALENDAR_YEARS * 366 * _DAY:
            expected = f"a day from {self.first} on, at most {MAX_CALENDAR_YEARS} years later"
            raise ContractError("last", expected, str(self.last))
        for name, dates in (("holidays", self.holidays), ("worked", self.worked)):
            for each in dates:
                if not self.first <= each <= self.last:
                    raise ContractError(name, f"dates from {self.first} to {self.last}", str(each))
                if dates.count(each) > 1:
                    raise ContractError(name, "each date once", str(each))
        for each in self.worked:
            if not self._of_weekend(each) or each in self.holidays:
                raise ContractError("worked", "dates of the weekend that are no holidays", str(each))
        return self

    def is_business_day(self, day: date) -> bool:
        """Whether the date is one. Raises ContractError for one that is not within the calendar's years."""
        if not self.first <= day <= self.last:
            raise ContractError(self.id, f"a day from {self.first} to {self.last}", str(day))
        return day in self.worked or not (self._of_weekend(day) or day in self.holidays)

    def end_of(self, days: int, start: datetime) -> datetime | None:
        """When the last of so many business days after the day of `start` ends, in UTC.

        None where the calendar's years end before that, or begin after `start`.
        """
        day = self.day_of(start)
        if not self.first <= day <= self.last:
            return None
        left = days
        while left:
            day += _DAY
            if day > self.last:
                return None
            left -= self.is_business_day(day)
        return self.begins(day + _DAY)

    def longest(self, days: int) -> timedelta:
        """The longest time that so many business days take anywhere in the calendar's years."""
        return _longest(self.first, self.last, self.weekend, self.holidays, self.worked, days)

    def begins(self, day: date) -> datetime:
        """The midnight with which the date begins in the calendar's zone, in UTC."""
        known = max(((each.since, each.offset) for each in self.shifts if each.since <= day), default=None)
        offset = self.offset if known is None else known[1]
        ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:]))
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return midnight - ahead if offset[0] == "+" else midnight + ahead

    def day_of(self, instant: datetime) -> date:
        """The date of an instant in the calendar's zone."""
        day = instant.astimezone(UTC).date() + _DAY
        while self.begins(day) > instant:
            day -= _DAY
        return day

    def _of_weekend(self, day: date) -> bool:
        return _WEEK[day.weekday()] in self.weekend


@lru_cache(LONGEST_KEPT)
def _longest(  # noqa: PLR0917 (the key of the cache is what decides, not the whole calendar)
    first: date, last: date, weekend: tuple[Weekday, ...], holidays: Dates, worked: Dates, days: int
) -> timedelta:
    off = frozenset(holidays)
    every = (first + n * _DAY for n in range((last - first).days + 1))
    dates = [day for day in every if day in worked or not (day in off or _WEEK[day.weekday()] in weekend)]
    spans = [end - start for start, end in zip(dates, dates[days:], strict=False)]
    return max(spans, default=last - first) + 2 * _DAY


def check_calendars(calendars: Sequence[Calendar], wanted: Iterable[tuple[str, BusinessDays]]) -> None:
    """Raise ContractError where two calendars have one id, or a clause (given by its id) counts by none of them."""
    known = [each.id for each in calendars]
    for each in known:
        if known.count(each) > 1:
            raise ContractError("calendar", "each id of a calendar once", each)
    for clause_id, business in wanted:
        if business.calendar not in known:
            raise ContractError("calendar", f"a calendar by which clause {clause_id} counts", business.calendar)


def calendar_of(calendars: Iterable[Calendar], business: BusinessDays) -> Calendar:
    """The calendar by which it is counted, of those that were checked before."""
    return next(each for each in calendars if each.id == business.calendar)
