"""Tells the buyer the steps of a complaint, each from the event that the step has published.

So whatever publishes a step need not know that somebody is told of it, and nothing is told that was not published.
Complaints of card schemes and wallets are answered there, and the buyer is told nothing of their steps.
"""

from datetime import datetime

from waybond_claims.adjudication.course import OURS_TO_ANSWER
from waybond_claims.case.evidence import ANSWER
from waybond_claims.case.question import Referral
from waybond_claims.case.state import Case
from waybond_claims.desk.kinds import Question, kind_of
from waybond_claims.draft import Draft
from waybond_claims.entitlement import entitlement
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
        steps = [each for each in draft.events[since:] if isinstance(each, _STEPS)]
        offered = {each.dispute_id for each in steps if isinstance(each, OfferMade)}
        for event in steps:
            if not _is_ours(draft.case, event.dispute_id):
                continue
            if isinstance(event, OfferClosed):
                _closed(draft, event, offered_anew=event.dispute_id in offered)
            else:
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
    """A person has decided about an appeal: the decision stays, or more is due by another one, or less. Where the same
    is due, it stays, whatever the person chose."""
    asked = _referral(before, fact.referral_id)
    done = _referral(draft.case, fact.referral_id)
    if asked is None or done is None or not asked.is_open or done.is_open or kind_of(done.key).name != APPEAL:
        return
    owes = entitlement(draft.case, draft.now)
    owed = owes.owed if owes is not None else before.owed
    if done.choice == "uphold" or owed == before.owed:
        complaints.appeal_rejected(draft)
    elif owed > before.owed:
        complaints.appeal_upheld(draft)
    else:
        complaints.appeal_lowered(draft)


def received(draft: Draft, fact: Event, since: int) -> None:
    """Documents that the buyer was asked for have come, and nothing came of it behind the first `since` events: the
    buyer learns that they are there."""
    if not isinstance(fact, EvidenceSubmitted) or fact.by != BUYER or len(draft.events) > since:
        return
    asked = [each for each in draft.case.asks if each.dispute_id == fact.dispute_id and each.of == BUYER]
    if asked and _is_ours(draft.case, fact.dispute_id) and _is_undecided(draft.case, fact.dispute_id):
        complaints.evidence_received(
            draft, list(dict.fromkeys(each.kind.value for each in fact.details)) or [fact.kind]
        )


def _step(draft: Draft, event: EvidenceRequested | OfferMade | ClaimDenied | ReturnAwaited) -> None:
    match event:
        case EvidenceRequested(of="buyer"):
            kinds = ["|".join(each.any_of) for each in event.needed] or list(event.kinds)
            closes = any(each.absent == "close" for each in event.needed)
            if not _is_told(draft.case, "evidence_requested", event.answer_by, ",".join(kinds), at=draft.now):
                complaints.evidence_requested(
                    draft, kinds, event.answer_by, otherwise="closed" if closes else "decided"
                )
        case EvidenceRequested(of="seller") if ANSWER in event.kinds:
            # Of the seller's own deadlines the one for the answer: how long there is for documents is the seller's.
            until = next((each.answer_by for each in event.needed if ANSWER in each.any_of), event.answer_by)
            if not _is_told(draft.case, "seller_asked", until):
                complaints.seller_asked(draft, until)
        case OfferMade():
            complaints.offer_made(draft, event.amount.minor, event.expires_at, gives_up=bool(event.gives_up))
        case ReturnAwaited(step="handed_in"):
            complaints.return_requested(draft, hand_in_by=event.until, label=_label(draft.case, event.dispute_id))
        case ReturnAwaited(step="acknowledged"):
            complaints.return_received(draft)
        case ClaimDenied(detail="appeal_too_late" | "nothing_new"):
            complaints.appeal_rejected(draft, event.detail)
        case _:
            pass


def _is_told(case: Case, about: str, until: datetime, kinds: str = "", *, at: datetime | None = None) -> bool:
    """Whether the same was told before (`at`: in this moment). Scenario: the seller hands in a document, and is asked
    for the answer alone; two clauses want the same photo."""
    return any(
        each.about == about
        and each.instants.get("until") == until
        and each.words.get("kinds", "") == kinds
        and at in (None, each.at)
        for each in case.told
    )


def _closed(draft: Draft, event: OfferClosed, *, offered_anew: bool) -> None:
    minor = event.amount.minor if event.amount is not None else 0
    match event.how:
        case "accepted":
            complaints.offer_accepted(draft, minor)
        case "declined":
            complaints.offer_declined(draft, minor)
        case "expired":
            offer = next((each for each in draft.case.offers if each.offer_id == event.offer_id), None)
            complaints.offer_expired(draft, minor, offer.expires_at if offer is not None else draft.now)
        case "withdrawn" if not offered_anew:
            complaints.offer_withdrawn(draft, minor)
        case _:
            pass


def _is_undecided(case: Case, dispute_id: str) -> bool:
    """Whether somebody still waits for something about the complaint: an answer comes."""
    if any(each.missing and each.lapsed_at is None for each in case.asks if each.dispute_id == dispute_id):
        return True
    if any(each.is_open for each in case.offers if each.dispute_id == dispute_id):
        return True
    if any(each.step for each in case.returning if each.dispute_id == dispute_id):
        return True
    return any(each.is_open and each.key.endswith(f"/{dispute_id}") for each in case.referrals)


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
