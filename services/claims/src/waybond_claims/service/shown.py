"""One case as people and platforms see it: what is owed and why, what was paid, what waits for whom."""

from datetime import datetime

from pydantic import ConfigDict

from waybond_claims.case.complaint import Dispute
from waybond_claims.case.elsewhere import elsewhere
from waybond_claims.case.evidence import Ask
from waybond_claims.case.money import Command, Recovery
from waybond_claims.case.offer import EMPTY, Offer
from waybond_claims.case.question import Referral
from waybond_claims.case.state import Case
from waybond_claims.complaints.deadlines import provider_deadline
from waybond_claims.desk.decisions import needs_amount
from waybond_claims.desk.kinds import kind_of
from waybond_claims.entitlement import Told, due, entitlement
from waybond_claims.events import explanation, money, paid_rows
from waybond_claims.payments.holds import waits
from waybond_contracts.explanation import Explanation
from waybond_contracts.fields import Model
from waybond_contracts.money import Money
from waybond_contracts.rows import PaidRow


class Shown(Model):
    """Base: what is shown is ours already."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class ShownRefund(Shown):
    """A money command and what became of it."""

    refund_id: str
    step: int
    attempt: int
    amount: Money
    pays: str
    status: str
    """requested, accepted, pending, succeeded, failed, reversed, cancelled, or outside: settled by hand."""
    requested_at: datetime
    answered_at: datetime | None
    failure: str
    rows: tuple[PaidRow, ...]
    """What it pays for; together they are `amount`."""


class ShownDispute(Shown):
    """A complaint or chargeback and its last answer."""

    dispute_id: str
    reason: str
    provider: str
    """Who reports it."""
    raw_code: str
    """The provider's own reason."""
    raw_status: str
    """The provider's own state."""
    answer_by: datetime | None
    """By when the provider takes an answer at this stage, as it says or as the table of its scheme does."""
    stage: str
    opened_at: datetime | None
    ended: str
    answer: str
    eligible_at: datetime | None


class ShownReferral(Shown):
    """A question to a person; DecideReferral answers it with the case's present version."""

    referral_id: str
    reason: str
    question: str
    choices: tuple[str, ...]
    opened_at: datetime
    amount: Money | None
    refund_id: str | None
    needs_amount: bool
    """Whether `pay` has to say how much."""
    role: str
    """Who is asked: adjuster, payments, lead."""
    answer_by: datetime | None
    """By when an answer is expected."""
    choice: str
    decided_by: str
    decided_at: datetime | None


class ShownRequest(Shown):
    """Something that was asked for, and did not come yet."""

    dispute_id: str
    clause_id: str
    of: str
    """buyer or seller."""
    any_of: tuple[str, ...]
    """Kinds of document any of which will do; `answer`: the seller's word."""
    answer_by: datetime
    is_over: bool
    """Whether the time for it is over."""


class ShownOffer(Shown):
    """An offer to the buyer, and what became of it."""

    offer_id: str
    dispute_id: str
    clause_id: str
    offered_by: str
    """wording, seller, person."""
    remedy: str
    amount: Money
    expires_at: datetime
    closed: str
    """accepted, declined, expired, withdrawn; empty: it is open."""


class ShownRecovery(Shown):
    """Money that is asked back."""

    reason: str
    amount: Money
    outstanding: Money


class ShownCase(Shown):
    """The case as it stood at `known_at`; amounts are in the currency that the buyer paid."""

    order: str
    status: str
    version: int
    known_at: datetime
    claim_id: str
    policy_id: str
    product: str
    product_version: str
    lane: str
    attached_at: datetime | None
    ends_at: datetime | None
    declined: str
    paid: Money | None
    """What the buyer paid."""
    refunded_elsewhere: Money | None
    entitled: Money | None
    owed: Money | None
    settled: Money | None
    in_flight: Money | None
    explanation: Explanation | None
    """Why this is owed, clause by clause; none as long as the order or the policy is not known."""
    refunds: tuple[ShownRefund, ...]
    disputes: tuple[ShownDispute, ...]
    requests: tuple[ShownRequest, ...]
    offers: tuple[ShownOffer, ...]
    referrals: tuple[ShownReferral, ...]
    recoveries: tuple[ShownRecovery, ...]


def shown(case: Case, status: str, known_at: datetime) -> ShownCase:
    """The case with its explanation, derived again from the facts that are on file."""
    owes = entitlement(case, known_at)
    flight = case.in_flight
    policy = case.policy
    why = None
    if owes is not None:
        difference = due(case, owes, waits=waits(case, known_at))
        why = explanation(case, owes, difference, known_at, Told(tuple(owes.of()), None))
    return ShownCase(
        order=case.order_key,
        status=status,
        version=case.version,
        known_at=known_at,
        claim_id=case.claim_id,
        policy_id=policy.policy_id if policy else "",
        product=policy.product if policy else "",
        product_version=policy.product_version if policy else "",
        lane="-".join(case.lane) if policy else "",
        attached_at=policy.attached_at if policy else None,
        ends_at=case.ends_at,
        declined=case.declined,
        paid=_amount(case, case.total),
        refunded_elsewhere=_amount(case, elsewhere(case)),
        entitled=_amount(case, owes.entitled if owes is not None else 0),
        owed=_amount(case, owes.owed if owes is not None else 0),
        settled=_amount(case, case.settled),
        in_flight=_amount(case, flight.minor if flight is not None else 0),
        explanation=why,
        refunds=tuple(_refund(case, each) for each in case.commands),
        disputes=tuple(_dispute(each) for each in case.disputes),
        requests=tuple(_request(each) for each in case.asks if each.missing),
        offers=tuple(_offer(case, each) for each in case.offers if each.closed != EMPTY),
        referrals=tuple(_referral(case, each) for each in case.referrals),
        recoveries=tuple(_recovery(case, each) for each in case.recoveries),
    )


def _amount(case: Case, minor: int) -> Money | None:
    return money(case, minor) if case.order is not None else None


def _refund(case: Case, command: Command) -> ShownRefund:
    return ShownRefund(
        refund_id=command.refund_id,
        step=command.step,
        attempt=command.attempt,
        amount=money(case, command.minor),
        pays=command.pays,
        status="outside" if command.outside and command.status != "succeeded" else command.status,
        requested_at=command.requested_at,
        answered_at=command.answered_at,
        failure=command.failure,
        rows=paid_rows(case, command),
    )


def _dispute(dispute: Dispute) -> ShownDispute:
    return ShownDispute(
        dispute_id=dispute.dispute_id,
        reason=dispute.reason,
        provider=dispute.provider,
        raw_code=dispute.raw_code,
        raw_status=dispute.raw_status,
        answer_by=provider_deadline(dispute) if not dispute.over else None,
        stage=dispute.stage,
        opened_at=dispute.opened_at,
        ended=dispute.ended if dispute.over else "",
        answer=dispute.answer,
        eligible_at=dispute.eligible_at,
    )


def _request(ask: Ask) -> ShownRequest:
    return ShownRequest(
        dispute_id=ask.dispute_id,
        clause_id=ask.clause_id,
        of=ask.of,
        any_of=tuple(ask.what.split("|")),
        answer_by=ask.answer_by,
        is_over=ask.lapsed_at is not None,
    )


def _offer(case: Case, offer: Offer) -> ShownOffer:
    return ShownOffer(
        offer_id=offer.offer_id,
        dispute_id=offer.dispute_id,
        clause_id=offer.clause_id,
        offered_by=offer.origin.partition(":")[0],
        remedy=offer.remedy,
        amount=money(case, offer.minor),
        expires_at=offer.expires_at,
        closed=offer.closed,
    )


def _referral(case: Case, referral: Referral) -> ShownReferral:
    return ShownReferral(
        referral_id=referral.referral_id,
        reason=referral.reason,
        question=referral.question,
        choices=referral.choices,
        opened_at=referral.opened_at,
        amount=_amount(case, referral.amount) if referral.amount is not None else None,
        refund_id=referral.refund_id,
        needs_amount=needs_amount(referral),
        role=referral.role or kind_of(referral.key).role.value,
        answer_by=referral.answer_by,
        choice=referral.choice,
        decided_by=referral.decided_by,
        decided_at=referral.decided_at,
    )


def _recovery(case: Case, recovery: Recovery) -> ShownRecovery:
    return ShownRecovery(
        reason=recovery.reason,
        amount=money(case, recovery.minor),
        outstanding=money(case, recovery.outstanding),
    )
