"""What bounds a benefit: the policy's limit for a unit, the goods' insured value, and what the buyer paid."""

from decimal import Decimal

from waybond_claims.adjudication.terms import Rule, terms
from waybond_claims.entitlement.keys import ORDER, Key
from waybond_claims.state import Case, Cover
from waybond_contracts.money import rounded
from waybond_contracts.wording import PARAMETRIC


def package_limit(cover: Cover, key: Key) -> int | None:
    """The policy's limit for a unit; the order as a whole has none."""
    return cover.package_limit if key != ORDER else None


def indemnifies(rule: Rule) -> bool:
    """Whether the clause makes good what the goods were worth: then what came back for them elsewhere counts."""
    return rule.clause.peril not in PARAMETRIC


def may_be_kept(case: Case) -> int:
    """What the buyer may have of all in the end: what was paid for the order, plus the worded uplift of it (invoice
    and 10 %)."""
    uplift = terms(case.wording, *case.lane).wording.cover.uplift if case.wording else None
    return case.total if uplift is None else case.total + rounded(case.total * Decimal(uplift))
