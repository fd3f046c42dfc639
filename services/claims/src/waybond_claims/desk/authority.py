"""How much somebody decides alone: the product's file says it of a role, whoever let a person in says it of the person.

Scenario: adjusters decide up to 50. A clause may pay 100: the question is put to a lead. An adjuster who answers it all
the same may say 50, or that it is not paid; 100 is proposed, and another person decides it.
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


def is_asked(referral: Referral, answer: DecideReferral) -> bool:
    """Whether such a question is put to the role that answers: that of its kind (also without a word), or a lead."""
    return answer.role in ("", kind_of(referral.key).role, Role.LEAD)


def committed(referral: Referral, answer: DecideReferral) -> int | None:
    """What the answer makes due, gives up or says that it moved, in minor units: the amount that it names, or all that
    is at stake. 0 for an answer that commits to nothing; None where nobody knows how much."""
    if answer.choice not in COMMITS:
        return 0
    if answer.amount is not None:
        return answer.amount.minor
    return referral.amount if referral.amount is not None else referral.most


def has_authority(case: Case, referral: Referral, answer: DecideReferral, now: datetime) -> bool:
    """Whether the role that answers, and the person, may decide so alone."""
    minor = committed(referral, answer)
    if minor == 0:
        return True
    own = answer.authority
    if own is not None:
        currency = case.order.currency if case.order is not None else None
        if minor is None or own.currency != currency or minor > own.minor:
            return False
    return answer.role == Role.LEAD or _within(case, kind_of(referral.key).role, minor, now)


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
