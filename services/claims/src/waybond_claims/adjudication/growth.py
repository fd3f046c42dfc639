"""Benefits by period grow as time passes: when the next period begins, without anybody saying anything.

Only a wake lets them grow: it comes behind all that was known by then. Scenario: a parcel that arrived yesterday is not
paid for today since the scan still waits in a backlog.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from waybond_claims.adjudication.terms import Growth, terms
from waybond_claims.case.covered import covered_until, in_force
from waybond_claims.case.journey import WatchFact
from waybond_claims.case.state import Case

JUST_AFTER = timedelta(microseconds=1)
"""A period counts once it has begun."""


def grown(case: Case, now: datetime) -> Case:
    """The file in which periods are counted up to now; call it on a wake alone."""
    open_ones = any(_grows(case, fact, growth) for fact, growth in _growing(case))
    return replace(case, grown=now) if open_ones else case


def next_period(case: Case, now: datetime) -> datetime | None:
    """When the next period begins for which something more is due."""
    dates: list[datetime] = []
    for fact, growth in _growing(case):
        until = covered_until(case, fact.due)
        if until is None or not _grows(case, fact, growth):
            continue
        number = max(1, (now - fact.due) // growth.per)
        if fact.due + number * growth.per + JUST_AFTER <= now:
            number += 1
        at = fact.due + number * growth.per + JUST_AFTER
        if at <= until and (growth.last is None or number < growth.last):
            dates.append(at)
    return min(dates, default=None)


def _growing(case: Case) -> list[tuple[WatchFact, Growth]]:
    """The watches of clauses that pay by the period, on the lane that the order went on when they fell due."""
    if case.policy is None or not case.watches:
        return []
    if not case.covers and not terms(case.wording, *case.lane).growing:
        return []
    lanes = dict.fromkeys(case.lane_of(each) for each in (*case.covers, case.cover))
    growing = {lane: terms(case.wording, *lane).growing for lane in lanes}
    if not any(growing.values()):
        return []
    found: list[tuple[WatchFact, Growth]] = []
    for fact in case.watches:
        cover = in_force(case, fact.due)
        growth = growing[case.lane_of(cover or case.cover)].get(fact.watch_id)
        if growth is not None:
            found.append((fact, growth))
    return found


def _grows(case: Case, fact: WatchFact, growth: Growth) -> bool:
    """Whether the clock ran out and nothing says that it ended."""
    if not fact.breached or fact.event != "ShipmentDelayed" or fact.arrived is not None:
        return False
    return not any(
        seen.event == "ShipmentDelivered"
        and seen.package_id == fact.package_id
        and seen.standing
        and seen.handed_to in growth.delivered_by
        for seen in case.seen
    )
