"""How much a role decides alone: the product's file says it, and a lead decides what is above.

Scenario: adjusters decide up to 50. A clause may pay 100: the question is put to a lead. An adjuster who answers it all
the same may say 50, or that it is not paid; 100 is refused, and the question comes again.
"""

from datetime import datetime

from waybond_claims.adjudication.benefits import NoRateError, minor_of
from waybond_claims.adjudication.view import view
from waybond_claims.case.question import Referral
from waybond_claims.case.state import Case
from waybond_claims.desk.kinds import COMMITS, Role, kind_of
from waybond_contracts.commands import DecideReferral


def asked_role(case: Case, role: Role, stake: int | None, now: datetime) -> Role:
    """Whom a question is put to that is of this role and about `stake` (minor units of the order's currency)."""
    return role if _within(case, role, stake, now) else Role.LEAD


def has_authority(case: Case, referral: Referral, answer: DecideReferral, now: datetime) -> bool:
    """Whether the role that answers (none: that of the question's kind) may answer so."""
    role = kind_of(referral.key).role
    if answer.role == Role.LEAD:
        return True
    if answer.role not in ("", role):
        return False
    stake = referral.amount if referral.amount is not None else referral.most
    much = answer.amount.minor if answer.amount is not None else stake
    return answer.choice not in COMMITS or _within(case, role, much, now)


def _within(case: Case, role: Role, minor: int | None, now: datetime) -> bool:
    """Whether the role decides so much alone; without an exchange rate to tell by, it does not."""
    seen = view(case, now)
    authority = seen.terms.wording.authority if seen is not None else None
    if seen is None or authority is None or minor is None:
        return True
    most = {Role.ADJUSTER: authority.adjuster, Role.PAYMENTS: authority.payments}.get(role)
    try:
        return most is None or minor <= minor_of(seen, most)
    except NoRateError:
        return False
