"""What was paid for each unit as the units are now.

What was paid for the remainder before its goods were booked counts for the packages that took the goods over, in
proportion to the value that moved. Scenario: 4 are paid for the remainder, which is worth 40; a package is booked with
half of it. Then 2 stand for the package, 2 for the remainder.
"""

from msgspec import Struct

from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.units import spread
from waybond_claims.adjudication.view import View
from waybond_claims.case.money import Row
from waybond_claims.case.state import Case
from waybond_claims.entitlement.keys import Key
from waybond_claims.entitlement.standing import standing


class Paid(Struct, frozen=True, gc=False):
    """What a row stands for of a unit."""

    key: Key
    late_arrival: str
    minor: int
    stays: int
    """What its clause lets the buyer keep: it and all that was paid for the unit before it, since what was paid first
    counts towards what is paid later; but no more than was owed then. Scenario: a refund fails, is paid again, and
    was paid after all. What came twice is not kept."""
    rule: Rule | None
    """The clause; None where the wording has no such clause."""


def net_paid(case: Case) -> int:
    """What was commanded and did not come back."""
    flight = case.in_flight
    return case.settled + (flight.minor if flight is not None else 0) - case.recovered


def paid(case: Case, seen: View) -> tuple[Paid, ...]:
    """What was paid and did not come back, or is on its way, by the units as they are now, the first first."""
    if not case.commands:
        return ()
    rules = {rule.clause.id: rule for rule in seen.terms.rules}
    so_far: dict[Key, int] = {}
    found: list[Paid] = []
    for each in standing(case):
        row = each.row
        rule = rules.get(row.clause_id)
        most = stands_for(row, row.raised_to, seen)
        for key, minor in stands_for(row, each.minor, seen).items():
            if minor:
                so_far[key] = so_far.get(key, 0) + minor
                stays = min(so_far[key], most.get(key, 0))
                found.append(Paid(key, row.late_arrival, minor, stays, rule))
    return tuple(found)


def stands_for(row: Row, minor: int, seen: View) -> dict[Key, int]:
    """What so much of a row stands for: of a row for the remainder what is left of that, and the packages that took
    over."""
    if row.unit is not None:
        return {row.unit: minor}
    values = seen.values(seen.cover)
    left = values.get(None, 0)
    new = [unit for unit in values if unit is not None and unit not in row.among]
    takers = new or [unit for unit in values if unit is not None]
    moved = max(0, (row.worth or sum(values.values())) - left)
    if not moved or not takers:
        return {None: minor}
    stays, goes = spread(minor, [left, moved])
    worth = [values[unit] for unit in takers]
    parts = spread(goes, worth if any(worth) else [1] * len(takers))
    return {None: stays} | dict(zip(takers, parts, strict=True))
