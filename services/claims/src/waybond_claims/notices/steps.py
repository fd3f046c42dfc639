"""Tells the buyer the steps of a complaint, each from the event that the step has published.

So whatever publishes a step need not know that somebody is told of it, and nothing is told that was not published.
Complaints of card schemes and wallets are answered there, and the buyer is told nothing of their steps.
"""

from waybond_claims.adjudication.course import OURS_TO_ANSWER
from waybond_claims.case.evidence import ANSWER
from waybond_claims.case.offer import ACCEPTED, DECLINED, EXPIRED
from waybond_claims.case.question import Referral
from waybond_claims.case.state import Case
from waybond_claims.desk.kinds import Question, kind_of
from waybond_claims.draft import Draft
from waybond_claims.entitlement import net_paid
from waybond_claims.notices import complaints
from waybond_contracts.claims import ClaimDenied, EvidenceRequested, OfferClosed, OfferMade, ReturnAwaited
from waybond_contracts.commands import DecideReferral
from waybond_contracts.disputes import EvidenceSubmitted
from waybond_contracts.event import Event

BUYER = "buyer"
APPEAL = "appeal"
_ABOUT_COMPLAINTS = ("claim", "return", APPEAL)
"""The kinds of question that are about a complaint."""
_STEPS = (EvidenceRequested, OfferMade, OfferClosed, ClaimDenied, ReturnAwaited)


def steps(draft: Draft, since: int) -> int:
    """Tell what was published behind the first `since` events of the draft; return how many there are now."""
    if len(draft.events) > since:
        for event in draft.events[since:]:
            if isinstance(event, _STEPS) and _is_ours(draft.case, event.dispute_id):
                _step(draft, event)
    return len(draft.events)


def asked_a_person(draft: Draft, questions: tuple[Question, ...]) -> None:
    """A person was asked these; those about complaints are told, of one kind once."""
    asked = {each.kind.name: each for each in questions if each.kind.name in _ABOUT_COMPLAINTS}
    for name, question in asked.items():
        referral = next(each for each in draft.case.referrals if each.key == question.key and each.is_open)
        if _is_about_ours(draft.case, question):
            tell = complaints.appeal_received if name == APPEAL else complaints.referred
            tell(draft, answer_by=referral.answer_by)


def appeal_decided(draft: Draft, fact: DecideReferral, before: Case) -> None:
    """A person has decided about an appeal: the decision stays, or becomes a better one. What is asked back is not told
    as an answer to the appeal."""
    asked = _referral(before, fact.referral_id)
    done = _referral(draft.case, fact.referral_id)
    if asked is None or done is None or not asked.is_open or done.is_open or kind_of(done.key).name != APPEAL:
        return
    paid = net_paid(draft.case)
    if done.choice == "uphold" or (done.choice == "do_not_pay" and not paid):
        complaints.appeal_rejected(draft)
    elif done.choice == "pay" and (done.decided_minor is None or done.decided_minor > paid):
        complaints.appeal_upheld(draft)


def received(draft: Draft, fact: Event, since: int) -> None:
    """Documents that the buyer was asked for have come, and nothing came of it behind the first `since` events: the
    buyer learns that they are there."""
    if not isinstance(fact, EvidenceSubmitted) or fact.by != BUYER or len(draft.events) > since:
        return
    asked = [each for each in draft.case.asks if each.dispute_id == fact.dispute_id and each.of == BUYER]
    if asked and _is_ours(draft.case, fact.dispute_id):
        complaints.evidence_received(
            draft, list(dict.fromkeys(each.kind.value for each in fact.details)) or [fact.kind]
        )


def _step(draft: Draft, event: EvidenceRequested | OfferMade | OfferClosed | ClaimDenied | ReturnAwaited) -> None:
    match event:
        case EvidenceRequested(of="buyer"):
            kinds = ["|".join(each.any_of) for each in event.needed] or list(event.kinds)
            closes = any(each.absent == "close" for each in event.needed)
            complaints.evidence_requested(draft, kinds, event.answer_by, otherwise="closed" if closes else "decided")
        case EvidenceRequested(of="seller") if ANSWER in event.kinds:
            complaints.seller_asked(draft, event.answer_by)
        case OfferMade():
            complaints.offer_made(draft, event.amount.minor, event.expires_at, gives_up=bool(event.gives_up))
        case OfferClosed() if event.amount is not None and event.amount.minor:
            if event.how == ACCEPTED:
                complaints.offer_accepted(draft, event.amount.minor)
            elif event.how == DECLINED:
                complaints.offer_declined(draft, event.amount.minor)
            elif event.how == EXPIRED:
                complaints.offer_expired(draft, event.amount.minor, draft.now)
        case ReturnAwaited(step="handed_in"):
            complaints.return_requested(draft, hand_in_by=event.until, label=_label(draft.case, event.dispute_id))
        case ReturnAwaited(step="acknowledged"):
            complaints.return_received(draft)
        case ClaimDenied(detail="appeal_too_late" | "nothing_new"):
            complaints.appeal_rejected(draft, event.detail)
        case _:
            pass


def _label(case: Case, dispute_id: str) -> str:
    """What the buyer knows the label by: the number of the parcel that goes back, where one is known."""
    numbers = [each.tracking_number for each in case.returns if each.standing and each.dispute_id == dispute_id]
    return numbers[-1] if numbers else ""


def _is_about_ours(case: Case, question: Question) -> bool:
    """Whether it is about a complaint that is answered here. A clause that says nothing more of claims has one question
    for all complaints about its goods."""
    named = question.about.partition("/")[2]
    if named:
        return _is_ours(case, named)
    return any(each.source in OURS_TO_ANSWER and not each.over for each in case.disputes)


def _is_ours(case: Case, dispute_id: str | None) -> bool:
    return any(each.dispute_id == dispute_id and each.source in OURS_TO_ANSWER for each in case.disputes)


def _referral(case: Case, referral_id: str) -> Referral | None:
    return next((each for each in case.referrals if each.referral_id == referral_id), None)
