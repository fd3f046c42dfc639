"""When the window of a clause opens and closes for a unit, as far as the clocks are known that it is counted from."""

from datetime import datetime, timedelta

from msgspec import Struct

from waybond_claims.adjudication.found import Found
from waybond_claims.adjudication.view import View
from waybond_claims.adjudication.ways import started
from waybond_contracts.business_days import BusinessDays, calendar_of
from waybond_contracts.wording import ClaimWindow, Clock

# Looked up once: see found.py.
_DELIVERED = Clock.DELIVERED


class Opening(Struct, frozen=True, gc=False):
    """When claims can be filed; None: nothing is known of it, or there is no such bound."""

    start: datetime | None = None
    """When the window's clock started."""
    opens_at: datetime | None = None
    closes_at: datetime | None = None


_NO_WINDOW = Opening()


def opening(view: View, met: Found) -> Opening:
    """The window of the clause for the unit."""
    rule, window = met.rule, met.rule.clause.claim_window
    if window is None:
        return _NO_WINDOW
    start = _started(view, met, window.clock)
    if start is None and window.otherwise is not None:
        start = _started(view, met, window.otherwise.clock)
        opens_at, closes_at = _plus(start, window.otherwise.opens), _plus(start, window.otherwise.closes)
    else:
        ends_from = start if window.closes_clock is None else _started(view, met, window.closes_clock)
        opens_at = _end(view, window.opens_business, start) or _plus(start, rule.opens)
        closes_at = _end(view, window.closes_business, ends_from) or _plus(ends_from, rule.closes)
    return Opening(start, opens_at, _within(view, met, window, closes_at))


def _within(view: View, met: Found, window: ClaimWindow, closes_at: datetime | None) -> datetime | None:
    """The earlier one of both ends."""
    if window.outer is None:
        return closes_at
    last = _plus(_started(view, met, window.outer.clock), window.outer.after)
    return min([each for each in (closes_at, last) if each is not None], default=None)


def _plus(start: datetime | None, after: timedelta | None) -> datetime | None:
    return start + after if start is not None and after is not None else None


def _end(view: View, business: BusinessDays | None, start: datetime | None) -> datetime | None:
    """None as well beyond the calendar's years: then the wording's plain duration counts."""
    if business is None or start is None:
        return None
    return calendar_of(view.terms.wording.calendar, business).end_of(business.days, start)


def _started(view: View, met: Found, clock: Clock) -> datetime | None:
    """When a clock of the window started."""
    if met.watch is not None and met.watch.clock == clock:
        return met.watch.start
    if clock is _DELIVERED:
        arrived = view.arrival(met.rule, met.package_id)
        return arrived.latest if arrived is not None else None
    return started(view, clock, met.package_id)
