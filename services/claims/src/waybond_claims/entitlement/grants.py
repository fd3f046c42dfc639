"""What was paid for each unit, and what it stands for now.

A grant says what a command raised a unit's benefit to. What was paid for the remainder before its goods were booked
counts for the packages that took the goods over, in proportion to the value that moved. Scenario: 4 are paid for the
remainder, which is worth 40; a package is booked with half of it. Then 2 stand for the package, 2 for the remainder.
"""

from collections.abc import Mapping

from msgspec import Struct

from waybond_claims.adjudication.found import Found
from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.units import spread
from waybond_claims.adjudication.view import View
from waybond_claims.case.money import Command, Grant
from waybond_claims.case.state import Case
from waybond_claims.entitlement.keys import ORDER, Key, key_of


class Standing(Struct, frozen=True, gc=False):
    """What was paid for a unit under clauses that treat a late arrival alike."""

    key: Key
    late_arrival: str
    minor: int
    rule: Rule | None
    """The clause; None where the wording has no such clause."""


def net_paid(case: Case) -> int:
    """What was commanded and did not come back."""
    flight = case.in_flight
    return case.settled + (flight.minor if flight is not None else 0) - case.recovered


def standing(case: Case, seen: View) -> tuple[Standing, ...]:
    """What the grants that count stand for, by the units as they are now."""
    grants = case.standing_grants
    if not grants:
        return ()
    rules = {rule.clause.id: rule for rule in seen.terms.rules}
    found: list[Standing] = []
    for each in grants:
        rule = rules.get(each.clause_id)
        if each.package_id is not None:
            found.append(Standing(each.package_id, each.late_arrival, each.minor, rule))
        elif rule is not None and rule.of_order:
            found.append(Standing(ORDER, each.late_arrival, each.minor, rule))
        else:
            parts = _taken_over(each, seen)
            found += [Standing(key, each.late_arrival, minor, rule) for key, minor in parts.items() if minor]
    return tuple(found)


def _taken_over(grant: Grant, seen: View) -> dict[Key, int]:
    """What a grant for the remainder stands for: what is left of the remainder, and the packages that took over."""
    values = seen.values(seen.cover)
    left = values.get(None, 0)
    new = [unit for unit in values if unit is not None and unit not in grant.among]
    takers = new or [unit for unit in values if unit is not None]
    moved = max(0, (grant.worth or sum(values.values())) - left)
    if not moved or not takers:
        return {None: grant.minor}
    stays, goes = spread(grant.minor, [left, moved])
    worth = [values[unit] for unit in takers]
    parts = spread(goes, worth if any(worth) else [1] * len(takers))
    return {None: stays} | dict(zip(takers, parts, strict=True))


def granted(
    case: Case,
    seen: View,
    best: tuple[Found, ...],
    benefits: Mapping[Key, int],
    command: Command,
) -> tuple[Grant, ...]:
    """The grants with those that this command raises, by unit and by what an arrival does to the benefit: what is to
    be given back does not stand in for what may be kept, nor does what a limit or a refund elsewhere held back."""
    paid = net_paid(case) + command.minor
    before: dict[tuple[Key, str], int] = {}
    for each in standing(case, seen):
        name = each.key, each.late_arrival
        before[name] = max(before.get(name, 0), each.minor)
    raised: list[Grant] = []
    for found in best:
        clause, key = found.rule.clause, key_of(found)
        minor = min(benefits[key], paid)
        if minor > before.get((key, clause.late_arrival), 0):
            grant = Grant(found.package_id, clause.id, clause.late_arrival, minor, command.refund_id)
            raised.append(_of_remainder(grant, seen) if found.of_remainder else grant)
    return (*case.grants, *raised)


def _of_remainder(grant: Grant, seen: View) -> Grant:
    packages = tuple(unit for unit in seen.ids if unit is not None)
    worth = seen.values(seen.cover)[None]
    return Grant(grant.package_id, grant.clause_id, grant.late_arrival, grant.minor, grant.refund_id, worth, packages)
