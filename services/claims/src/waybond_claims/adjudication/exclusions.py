"""What a wording does not cover although a clause says so."""

from collections.abc import Iterator
from dataclasses import dataclass

from waybond_claims.adjudication.benefits import minor_of
from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.view import View
from waybond_claims.state import Line
from waybond_contracts.wording import Exclusion


@dataclass(frozen=True, slots=True)
class Excluded:
    """What the exclusions leave of a clause for a package.

    `by` takes all of it away, `asks` needs a person to say whether it does; else the clause looks at `covered` of
    `of` minor units of goods, where `part_by` takes the rest out.
    """

    by: Exclusion | None = None
    asks: Exclusion | None = None
    part_by: Exclusion | None = None
    covered: int = 1
    of: int = 1


NOTHING = Excluded()


def excluded(view: View, rule: Rule, unit: str | None) -> Excluded:
    """What is not covered of this clause for this package (None: the order). Raises NoRateError."""
    asks = part_by = None
    out: set[str] = set()
    for exclusion in view.terms.exclusions:
        if exclusion.perils and rule.clause.peril not in exclusion.perils:
            continue
        if not _holds(view, exclusion, unit):
            continue
        goods = [line.line_id for line, _ in _goods(view, exclusion, unit)]
        if exclusion.circumstance:
            ruling = view.rulings.get(circumstance_key(exclusion, unit))
            if ruling is None:
                asks = asks or exclusion
                continue
            if ruling.choice != "excluded":
                continue
        if not exclusion.categories:
            return Excluded(by=exclusion)
        out.update(goods)
        part_by = part_by or exclusion
    if asks is None and part_by is None:
        return NOTHING
    lines = view.lines_in(unit)
    covered = sum(line.minor * quantity // line.quantity for line, quantity in lines if line.line_id not in out)
    of = sum(line.minor * quantity // line.quantity for line, quantity in lines)
    if part_by is not None and covered == 0:
        return Excluded(by=part_by)
    return Excluded(asks=asks, part_by=part_by, covered=covered or 1, of=of or 1)


def circumstance_key(exclusion: Exclusion, unit: str | None) -> str:
    """What the question is kept under that only a person can answer."""
    return f"circumstance:{exclusion.id}:{unit or ''}"


def _holds(view: View, exclusion: Exclusion, unit: str | None) -> bool:
    """Whether all holds that the exclusion gives, circumstances aside."""
    if exclusion.chargeback_open and not view.case.frozen_by_dispute:
        return False
    if exclusion.refunded_by_platform and not any(each.by == "platform" for each in view.case.elsewhere):
        return False
    if exclusion.scans and not _scanned(view, exclusion, unit):
        return False
    if exclusion.categories:
        return any(True for _ in _goods(view, exclusion, unit))
    if exclusion.value_above is not None:
        return view.order.minor > minor_of(view, exclusion.value_above)
    return True


def _scanned(view: View, exclusion: Exclusion, unit: str | None) -> bool:
    packages = [view.packages[unit]] if unit in view.packages else view.packages.values()
    wanted = {kind.value for kind in exclusion.scans}
    return any(not wanted.isdisjoint(package.kinds) for package in packages)


def _goods(view: View, exclusion: Exclusion, unit: str | None) -> Iterator[tuple[Line, int]]:
    """Lines in the package of the exclusion's categories, and above its value for one piece."""
    bound = minor_of(view, exclusion.value_above) if exclusion.value_above is not None else None
    for line, quantity in view.lines_in(unit):
        if line.category in exclusion.categories and (bound is None or line.minor > bound * line.quantity):
            yield line, quantity
