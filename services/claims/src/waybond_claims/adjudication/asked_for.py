"""What a claim asks for is the most that is paid on it, for all units and clauses together."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace as changed

from waybond_claims.adjudication.benefits import Amounts
from waybond_claims.adjudication.found import Found
from waybond_claims.adjudication.units import spread
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.state import Case

Unit = tuple[bool, str | None]
"""Whether it is the order, and the package."""


def asked_for(case: Case, complaint: Dispute) -> int | None:
    """What the claim asks for, in minor units of the order's currency; None: what the wording gives. An amount in
    another currency bounds nothing: a person sees it, and says how much."""
    same = case.order is not None and complaint.asked_currency == case.order.currency
    return complaint.asked if same else None


def within_asked(found: Sequence[Found]) -> tuple[Found, ...]:
    """The findings, with no more on one claim than it asks for: what is above is taken off in proportion.

    Scenario: A (60) and B (40) are both damaged, 50 are asked for: 30 for A and 20 for B. Had a person refused B, 50
    would be due for A.
    """
    claims = {each.claim: each.asked for each in found if each.asked is not None and each.applies}
    after = list(found)
    for claim, asked in claims.items():
        mine = [index for index, each in enumerate(after) if each.claim == claim and each.applies]
        best: dict[Unit, int] = {}
        for index in mine:
            unit = _unit(after[index])
            best[unit] = max(best.get(unit, 0), after[index].benefit)
        if asked is None or sum(best.values()) <= asked:
            continue
        parts = dict(zip(best, spread(asked, list(best.values())), strict=True))
        for index in mine:
            after[index] = _at_most(after[index], parts[_unit(after[index])])
    return tuple(after)


def _unit(found: Found) -> Unit:
    return found.rule.of_order, found.package_id


def _at_most(found: Found, minor: int) -> Found:
    value = found.amounts
    if value is None or value.benefit <= minor:
        return found
    converted = tuple(each for each in value.converted if each.what == "limit")
    part = Amounts(value.basis, minor, value.pays, fixed=Decimal(minor), limit=value.limit, converted=converted)
    return changed(found, amounts=part)
