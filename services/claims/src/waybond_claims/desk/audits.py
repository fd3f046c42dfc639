"""Which decisions that no person made are put to an adjuster afterwards, and a row for each of these questions.

An answer moves no money: it says how often payments and denials are wrong. Payments above an amount are all asked
about; of the others, and of denials, a share is drawn by lot. The lot is a hash of what the file holds, so that every
replay draws the same. Nobody can work it out before the decision is made: of a payment it needs the payment system's
own reference of the refund, of a denial the instant at which the complaint was appended to its topic.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from msgspec import Struct

from waybond_claims.adjudication.benefits import NoRateError, minor_of
from waybond_claims.adjudication.terms import terms
from waybond_claims.adjudication.view import View, view
from waybond_claims.case.money import Command
from waybond_claims.case.question import WITHDRAWN, Referral
from waybond_claims.case.state import Case
from waybond_claims.desk.kinds import KINDS, RIGHT, UNPAID, Question, parsed
from waybond_contracts.claims import DenialReason
from waybond_contracts.sale import Audit

SHARE, ABOVE, DENIAL = "share", "above", "denial"
"""Of which sample a question is: payments by lot, payments above the amount, denials by lot."""
FINAL = frozenset({DenialReason.NOT_COVERED.value, DenialReason.EXCLUDED.value})
"""Denials that say no: not those that say not yet, already paid, or no policy."""
_KIND = KINDS["audit"]
_LOTS = 2**64


class AuditRow(Struct, frozen=True, gc=False):
    """One question of an audit as it stands; a later row about the same referral replaces it."""

    order_key: str
    referral_id: str
    product: str
    product_version: str
    sample: str
    minor: int | None
    """What was paid; None of a denial."""
    currency: str
    asked_at: datetime
    choice: str = ""
    """Empty as long as nobody answered; withdrawn where the payment or the denial fell away before."""
    wrong_minor: int | None = None
    """How much was wrong, where the answer says it."""
    decided_by: str = ""
    decided_at: datetime | None = None


def questions(case: Case, seen: View) -> Iterator[Question]:
    """The questions of audits that are open, or answered, as the case stands."""
    audit = seen.terms.wording.audit
    if audit is None:
        return
    asked = {each.key for each in case.referrals if each.choice != WITHDRAWN}
    for command in case.commands:
        if command.settled and not command.outside and _by_nobody(case, command.requested_at):
            sample = _sample_of(seen, audit, command)
            if sample or f"audit:{SHARE}:{command.refund_id}" in asked:
                yield _of_payment(sample or SHARE, command)
    if audit.denials is None:
        return
    for dispute in case.disputes:
        about = f"{DENIAL}:{dispute.dispute_id}"
        if dispute.answer in FINAL and _by_nobody(case, None):
            known = f"{dispute.known_at:%Y-%m-%dT%H:%M:%S.%f}"
            if f"audit:{about}" in asked or _drawn(audit.denials, case, dispute.dispute_id, known):
                text = f"Audit: complaint {dispute.dispute_id} was denied ({dispute.answer}). Was that right?"
                yield Question(_KIND, about, text, choices=(RIGHT, UNPAID))


def due(case: Case, now: datetime) -> bool:
    """Whether something is to be asked about that was not asked about yet."""
    if case.policy is None or terms(case.wording, *case.lane).wording.audit is None:
        return False
    seen = view(case, now)
    if seen is None:
        return False
    asked = {each.key for each in case.referrals if each.choice != WITHDRAWN}
    return any(question.key not in asked for question in questions(case, seen))


def rows(before: Case, after: Case) -> tuple[AuditRow, ...]:
    """What changed about questions of audits."""
    if before.referrals is after.referrals:
        return ()
    known = {id(each) for each in before.referrals}
    return tuple([_row(after, each) for each in after.referrals if each.is_audit and id(each) not in known])


def _row(case: Case, referral: Referral) -> AuditRow:
    policy, order = case.policy, case.order
    return AuditRow(
        order_key=case.order_key,
        referral_id=referral.referral_id,
        product=policy.product if policy is not None else "",
        product_version=policy.product_version if policy is not None else "",
        sample=parsed(referral.key)[1].partition(":")[0],
        minor=referral.amount,
        currency=order.currency if order is not None else "",
        asked_at=referral.opened_at,
        choice=referral.choice,
        wrong_minor=referral.decided_minor,
        decided_by=referral.decided_by,
        decided_at=referral.decided_at,
    )


def _of_payment(sample: str, command: Command) -> Question:
    clauses = ", ".join(dict.fromkeys(row.clause_id for row in command.rows))
    text = f"Audit: refund {command.refund_id} was paid under {clauses}. Was that right?"
    return Question(_KIND, f"{sample}:{command.refund_id}", text, command.settled)


def _sample_of(seen: View, audit: Audit, command: Command) -> str:
    """ABOVE, SHARE, or nothing. An amount that cannot be compared for want of an exchange rate counts as above."""
    try:
        if audit.all_above is not None and command.minor > minor_of(seen, audit.all_above):
            return ABOVE
    except NoRateError:
        return ABOVE
    drawn = audit.share is not None and _drawn(audit.share, seen.case, command.refund_id, command.provider_ref)
    return SHARE if drawn else ""


def _drawn(share: str, case: Case, *of: str) -> bool:
    """Whether the lot falls on what these texts name, under this version of the product."""
    policy = case.policy
    product = f"{policy.product}@{policy.product_version}" if policy is not None else ""
    lot = int.from_bytes(sha256("\0".join((case.claim_id, product, *of)).encode()).digest()[:8], "big")
    return lot < int(Decimal(share) * _LOTS)


def _by_nobody(case: Case, until: datetime | None) -> bool:
    """Whether no person decided anything about the case (up to then): what people decided is not audited here."""
    decided = [each.decided_at for each in case.referrals if not each.is_audit and each.choice not in ("", WITHDRAWN)]
    return not any(until is None or at is None or at <= until for at in decided)
