"""What a wording does not cover although a clause says so."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from waybond_claims.adjudication.benefits import minor_of
from waybond_claims.adjudication.terms import Bar, Rule
from waybond_claims.adjudication.view import View
from waybond_claims.case.elsewhere import beside
from waybond_claims.case.given_back import given_back
from waybond_claims.case.money import Elsewhere
from waybond_claims.case.order import Line
from waybond_contracts.wording import Exclusion


@dataclass(frozen=True, slots=True)
class Excluded:
    """What the exclusions leave of a clause for a package.

    `by` takes all of it away, `asks` needs a person to say whether it does; else the clause looks at `part` of the
    goods, where `part_by` takes the rest out.
    """

    by: Exclusion | None = None
    asks: Exclusion | None = None
    part_by: Exclusion | None = None
    part: Fraction = Fraction(1)
    out: frozenset[str] = frozenset()
    """The lines that are taken out."""


NOTHING = Excluded()


def excluded(view: View, rule: Rule, unit: str | None, due: datetime | None = None) -> Excluded:
    """What is not covered of this clause for this unit, whose benefit fell due then. Raises NoRateError."""
    key = rule.of_order, unit
    holding = view.barred.get(key)
    if holding is None:
        holding = view.barred[key] = tuple(bar for bar in view.terms.bars if _holds(view, rule, bar, unit))
    if not holding:
        return NOTHING
    asks = part_by = None
    out: set[str] = set()
    for bar in holding:
        exclusion = bar.exclusion
        if bar.perils and rule.clause.peril not in bar.perils:
            continue
        before = None if exclusion.applies == "always" else due
        if bar.scans and before is not None and _after(view, rule, bar, unit, before):
            continue
        if exclusion.refunded_by_platform and not _given_back(view, rule, unit, before):
            continue
        if exclusion.value_above is not None and not bar.categories and not _above(view, exclusion, due):
            continue
        if exclusion.circumstance:
            ruling = view.ruling(rule, circumstance(exclusion), unit)
            if ruling is None:
                asks = asks or exclusion
                continue
            if ruling.choice != "excluded":
                continue
        if not bar.categories:
            return Excluded(by=exclusion)
        out.update(line.line_id for line, _ in _goods(view, rule, bar, unit))
        part_by = part_by or exclusion
    if part_by is None:
        return Excluded(asks=asks)
    worth = {line.line_id: Fraction(line.minor * quantity, line.quantity) for line, quantity in view.goods(rule, unit)}
    covered = sum(minor for line_id, minor in worth.items() if line_id not in out)
    if not covered:
        return Excluded(by=part_by)
    part = covered / sum(worth.values())
    return Excluded(asks=asks, part_by=part_by, part=part, out=frozenset(out))


def circumstance(exclusion: Exclusion) -> str:
    """What the question is about that only a person can answer."""
    return f"circumstance:{exclusion.id}"


def _holds(view: View, rule: Rule, bar: Bar, unit: str | None) -> bool:
    """Whether all holds that the exclusion gives, other than perils, circumstances, and what has its time."""
    exclusion = bar.exclusion
    if exclusion.chargeback_open:
        return False  # It freezes payments while it is open and takes nothing away: what fell due stays due.
    if bar.scans and not _scanned(view, rule, bar, unit):
        return False
    if bar.categories:
        return any(True for _ in _goods(view, rule, bar, unit))
    return True


def _above(view: View, exclusion: Exclusion, due: datetime | None) -> bool:
    """Whether the order cost more when the benefit fell due. Scenario: lost on day 10, and amended to 500 on day 12."""
    dated = due is not None and exclusion.applies != "always"
    total = view.case.total_at(due) if dated and due is not None else view.case.total
    return exclusion.value_above is not None and total > minor_of(view, exclusion.value_above)


def _given_back(view: View, rule: Rule, unit: str | None, before: datetime | None) -> bool:
    """Whether the platform has given back all that the unit's goods cost (of the order: all of it), by then."""
    if rule.of_order:
        return 0 < sum(each.minor for each in _refunds(view, before)) >= view.case.total
    found = view.refunded.get(before)
    if found is None:
        found = view.refunded[before] = _units_given_back(view, before)
    return unit in found


def _units_given_back(view: View, before: datetime | None) -> frozenset[str | None]:
    """What names no goods is for all units by their value."""
    refunds = _refunds(view, before)
    if not refunds:
        return frozenset()
    goods = sum(line.minor for line in view.lines)
    values = view.units.values(min(goods, view.case.total) if goods else view.case.total)
    own = [each for each in values if each is not None and each not in view.units.valueless]
    holds = {each: view.units.held.get(each, view.packages[each].lines) for each in own}
    left = {None: tuple((line.line_id, count) for line, count in view.units.left)}
    given = given_back(refunds, values, holds | left, view.lines, {})
    return frozenset(each for each, value in values.items() if 0 < given[each] >= value)


def _refunds(view: View, before: datetime | None) -> list[Elsewhere]:
    """What the platform gave back by then; its word of our own refund is none of its own."""
    refunds = [each for each in beside(view.case) if each.by == "platform"]
    return [each for each in refunds if before is None or each.at is None or each.at <= before]


def _after(view: View, rule: Rule, bar: Bar, unit: str | None, due: datetime) -> bool:
    """Whether all scans that the exclusion names were made after the benefit fell due, as far as their time is known.

    Scenario: lost on day 30, refused at the door on day 40.
    """
    for package in view.packages_of(rule, unit):
        noted = dict(package.noted)
        for kind in bar.scans.intersection(package.kinds):
            said = [fact.told_by((kind,)) for fact in view.seen.values() if fact.package_id == package.package_id]
            times = [when.earliest for when in (*said, noted.get(kind)) if when is not None]
            if not times or min(times) <= due:
                return False
    return True


def _scanned(view: View, rule: Rule, bar: Bar, unit: str | None) -> bool:
    return any(not bar.scans.isdisjoint(package.kinds) for package in view.packages_of(rule, unit))


def _goods(view: View, rule: Rule, bar: Bar, unit: str | None) -> Iterator[tuple[Line, int]]:
    """Lines in the package of the exclusion's categories, and above its value for one piece."""
    above = bar.exclusion.value_above
    bound = minor_of(view, above) if above is not None else None
    for line, quantity in view.goods(rule, unit):
        if line.category in bar.categories and (bound is None or line.minor > bound * line.quantity):
            yield line, quantity
