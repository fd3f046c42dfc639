"""Answers complaints: already paid, not covered and why, or too early and from when; decided again as facts come.

The answer follows from the case each time and is published when it differs from the last one. A complaint that is
answered with "too early" needs nobody to ask again: on that day tracking's word changes the answer by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from waybond_claims.adjudication.complaints import is_about
from waybond_claims.adjudication.course import OPEN, Standing
from waybond_claims.adjudication.found import Found, rank
from waybond_claims.adjudication.windows import followed, is_refused
from waybond_claims.case.complaint import NO_EVIDENCE, NOT_RETURNED, Dispute
from waybond_claims.case.elsewhere import elsewhere
from waybond_claims.case.state import Case, put
from waybond_claims.complaints.deadlines import is_unread
from waybond_claims.complaints.waits import APPROVED, heard_by, unheard_key
from waybond_claims.draft import Draft
from waybond_claims.entitlement import Entitlement, due, net_paid, told
from waybond_claims.events import explanation, money
from waybond_contracts import claims
from waybond_contracts.claims import DenialReason
from waybond_contracts.explanation import FindingReason
from waybond_kit.aggregate import Woken


@dataclass(frozen=True, slots=True)
class Answer:
    """What a dispute is told."""

    reason: DenialReason
    eligible_at: datetime | None = None
    clauses: tuple[str, ...] = ()
    detail: str = ""
    """A nearer word for the reason."""
    exclusions: tuple[str, ...] = ()
    """What took it away, where it is excluded."""
    again_at: datetime | None = None
    """Of one that was paid something: when more may fall due by itself, as far as a day is known."""
    reopen_until: datetime | None = None
    """Of one that is closed: until when what was missing opens it again, where that is worded."""


def answer(draft: Draft, owes: Entitlement | None, *, paid_now: bool) -> tuple[tuple[Dispute, Answer], ...]:
    """Answer every open dispute whose answer changed; return those that were told something, and what."""
    answered: list[tuple[Dispute, Answer]] = []
    for dispute in draft.case.disputes:
        if dispute.over or (dispute.opened_at is None and draft.case.policy is not None) or is_unread(dispute):
            continue  # It ended, or nobody knows what is complained of: a person is asked.
        found = _answer(draft.case, owes, dispute, draft.now, woken=draft.cause == Woken.__name__)
        if found is None or dispute.answer == APPROVED:
            continue
        by_us = paid_now or (dispute.answer == DenialReason.TOO_EARLY and net_paid(draft.case) > 0)
        if found.reason is DenialReason.ALREADY_PAID and by_us:
            # ClaimApproved is the answer.
            after = replace(dispute, answer=APPROVED, eligible_at=None)
        else:
            after = replace(dispute, answer=found.detail or found.reason.value, eligible_at=found.eligible_at)
        if after == dispute:
            continue
        draft.change(disputes=put(draft.case.disputes, after, "dispute_id"))
        if after.answer != APPROVED:
            _deny(draft, owes, after, found)
            answered.append((after, found))
    return tuple(answered)


def _deny(draft: Draft, owes: Entitlement | None, dispute: Dispute, found: Answer) -> None:
    case = draft.case
    why = None
    if owes is not None:
        # Whatever is still owed is not commanded by this answer.
        why = explanation(
            case, owes, due(case, owes, waits=True), draft.now, told(case, owes, _decided_by(owes, dispute))
        )
    fields = {
        "reason": found.reason,
        "dispute_id": dispute.dispute_id,
        "eligible_at": found.eligible_at,
        "paid": money(case, net_paid(case)) if case.order is not None else None,
        "explanation": why,
        "clauses": found.clauses,
        "detail": found.detail,
        "exclusions": found.exclusions,
    }
    draft.say(claims.ClaimDenied, fields)


def _answer(case: Case, owes: Entitlement | None, dispute: Dispute, now: datetime, *, woken: bool) -> Answer | None:
    """None where a person is asked first, or where what is owed waits to be commanded."""
    if case.policy is None or case.void:
        answered = case.void or case.declined or _no_policy_decided(case, dispute)
        return Answer(DenialReason.NO_POLICY) if answered else None
    if owes is None or (now < heard_by(dispute) and _names_unknown(dispute, owes)):
        return None
    relevant = _relevant(owes, dispute)
    clauses = _ids(relevant)
    reasons = {_reason(owes, dispute, each) for each in relevant}
    paid, room = net_paid(case), min(owes.available, owes.view.cover.limit)
    if paid + elsewhere(case) > 0 and paid >= room:
        return Answer(DenialReason.ALREADY_PAID, clauses=clauses)
    if room == paid == 0:  # The order cost nothing: no clause and no person can make anything due.
        return Answer(DenialReason.NOT_COVERED, clauses=clauses)
    if owes.owed == 0:
        # What applies gives nothing (S: the deductible takes all of it). No payment will come as the answer.
        reasons.discard(FindingReason.APPLIES)
    if any(each.question and each.applies for each in relevant):
        return None  # Another claim was paid, and a person looks at this one, which asks for more.
    if FindingReason.APPLIES in reasons:
        if not 0 < paid >= owes.owed:
            return None
        paying = [each for each in relevant if each.reason is FindingReason.APPLIES]
        return Answer(DenialReason.ALREADY_PAID, clauses=_ids(paying), again_at=_next_day(relevant, now))
    if not reasons.isdisjoint({FindingReason.NEEDS_CARRIER_ANSWER, FindingReason.NEEDS_PERSON}):
        return None
    if FindingReason.NOT_YET in reasons:
        dated = [each for each in relevant if each.eligible_at is not None]
        if dispute.answer == DenialReason.TOO_EARLY and _about_to_be_told(dispute, dated, now, woken=woken):
            return None
        early = [each for each in relevant if each.reason is FindingReason.NOT_YET]
        return Answer(DenialReason.TOO_EARLY, _next_day(dated, now), _ids(early))
    if FindingReason.NEEDS_CLAIM in reasons:
        return None
    if FindingReason.EXCLUDED in reasons:
        out = [each for each in relevant if each.reason is FindingReason.EXCLUDED]
        exclusions = tuple(dict.fromkeys(each.exclusion_id for each in out if each.exclusion_id))
        return Answer(DenialReason.EXCLUDED, clauses=_ids(out), exclusions=exclusions)
    closed = {word: each for each in relevant if (word := _closed(owes, dispute, each))}
    if not closed:
        refused = [each for each in relevant if is_refused(owes.view, each, dispute)]
        return Answer(DenialReason.NOT_COVERED, clauses=_ids(refused) or clauses)
    appeals = [each.rule.clause.appeal for each in closed.values()]
    again = [now + appeal.within for appeal in appeals if appeal is not None]
    until = max(again, default=None)
    return Answer(DenialReason.NOT_COVERED, None, _ids(closed.values()), next(iter(closed)), reopen_until=until)


def _ids(found: Iterable[Found]) -> tuple[str, ...]:
    """The clauses that decide, each once."""
    return tuple(dict.fromkeys(each.rule.clause.id for each in found))


def _next_day(found: Iterable[Found], now: datetime) -> datetime | None:
    """The earliest day on which one of them can fall due."""
    dates = [each.eligible_at for each in found if each.eligible_at is not None and each.eligible_at > now]
    return min(dates, default=None)


def _reason(owes: Entitlement, dispute: Dispute, found: Found) -> FindingReason:
    """What was found, as far as this complaint goes. Scenario: nothing came for the first complaint, which is closed;
    the second one about the same goods waits for a document. The first one is answered."""
    if not found.rule.guided or found.reason is not FindingReason.NEEDS_CLAIM:
        return found.reason
    mine = [way.standing for each, way in followed(owes.view, found) if each.dispute_id == dispute.dispute_id]
    return found.reason if OPEN.intersection(mine) or not mine else FindingReason.NOT_MET


def _closed(owes: Entitlement, dispute: Dispute, found: Found) -> str:
    """What did not come, if the complaint is closed under the clause for want of it."""
    ways = followed(owes.view, found) if found.rule.guided else []
    closed = [way for each, way in ways if each.dispute_id == dispute.dispute_id and way.standing is Standing.CLOSED]
    return (NOT_RETURNED if closed[0].return_step else NO_EVIDENCE) if closed else ""


def _relevant(owes: Entitlement, dispute: Dispute) -> list[Found]:
    return [each for each in owes.findings if is_about(owes.view, dispute, each.rule.clause, each.package_id)]


def _decided_by(owes: Entitlement, dispute: Dispute) -> list[Found]:
    """Of each clause that the complaint is about the finding that says most: the answer follows from these."""
    return list({each.rule.clause.id: each for each in sorted(_relevant(owes, dispute), key=_weight)}.values())


def _weight(found: Found) -> tuple[int, float]:
    return rank(found), -found.eligible_at.timestamp() if found.eligible_at is not None else float("-inf")


def _about_to_be_told(dispute: Dispute, dated: list[Found], now: datetime, *, woken: bool) -> bool:
    """Whether the day has come that was named, and tracking is about to say what became of it. A wake comes behind what
    tracking said by its due, so there that day is over; not where tracking first asks the carrier."""
    if dispute.eligible_at is not None and dispute.eligible_at <= now and not woken:
        return True
    return any(each.rule.clause.ask_carrier for each in dated if each.eligible_at and each.eligible_at <= now)


def _names_unknown(dispute: Dispute, owes: Entitlement) -> bool:
    """Whether it is about a package of which nothing was heard yet (S: the buyer complains on the day of the booking,
    and is told that nothing covers it)."""
    known = owes.view.packages
    return dispute.package_id is not None and bool(known) and dispute.package_id not in known


def _no_policy_decided(case: Case, dispute: Dispute) -> bool:
    key = unheard_key(dispute)
    return any(each.key == key and each.choice == "answer_no_policy" for each in case.referrals)
