"""What bounds a benefit: the policy's limit for a unit, the goods' insured value, and what the buyer paid."""

from decimal import Decimal

from waybond_claims.adjudication.benefits import NoRateError, minor_of
from waybond_claims.adjudication.terms import Rule, terms
from waybond_claims.adjudication.view import View
from waybond_claims.case.cover import Cover
from waybond_claims.case.state import Case
from waybond_claims.entitlement.keys import ORDER, Key
from waybond_contracts.money import rounded


def unit_limit(case: Case, cover: Cover, key: Key) -> int | None:
    """The most that is paid for a unit under a version of the policy: its limit for a package, and where there were
    several versions no more than that one pays in all."""
    limits = [cover.limit] if case.covers else []
    if cover.package_limit is not None and key != ORDER:
        limits.append(cover.package_limit)
    return min(limits, default=None)


def most_of(seen: View, rule: Rule) -> int | None:
    """The most that the clause pays in all; None where it has no limit, or no exchange rate tells it."""
    limit = rule.clause.limit
    try:
        return None if limit is None else minor_of(seen, limit)
    except NoRateError:
        return None


def may_be_kept(case: Case) -> int:
    """What the buyer may have of all in the end: what was paid for the order, plus the worded uplift of it (invoice
    and 10 %)."""
    uplift = terms(case.wording, *case.lane).wording.cover.uplift if case.wording else None
    return case.total if uplift is None else case.total + rounded(case.total * Decimal(uplift))
