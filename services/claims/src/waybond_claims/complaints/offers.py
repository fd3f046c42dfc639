"""Offers to the buyer: one at a time, never more than the wording gives, and paid exactly as they were accepted.

What an offer is worth follows from the whole case, since other clauses, limits and refunds elsewhere bear on it: it is
how much more would be owed if it were accepted. When that changes, the offer is withdrawn and made anew, under the same
date. Scenario: half of 100 is offered, and 10 fall due for a delay before the buyer answers: 50 in all, so 40 more.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from waybond_claims.adjudication.complaints import is_about
from waybond_claims.adjudication.course import PERSON, Wanted, in_part, question_about, remedy_of
from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.view import view
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.offer import (
    ACCEPTED,
    DECLINED,
    EMPTY,
    EXPIRED,
    MAX_REFUSED,
    WITHDRAWN_OFFER,
    Offer,
    Refused,
    has_room,
    open_offer,
    with_offer,
)
from waybond_claims.case.question import Referral
from waybond_claims.case.state import Case, put
from waybond_claims.complaints.followed import Followed
from waybond_claims.complaints.waits import APPROVED
from waybond_claims.draft import Draft, named
from waybond_claims.entitlement import Entitlement, entitlement
from waybond_claims.events import money
from waybond_contracts import claims
from waybond_contracts.claimed import RemedyKind
from waybond_contracts.commands import AcceptOffer, ClaimCommand, DeclineOffer
from waybond_contracts.money import rounded

OPEN_FOR = timedelta(days=14)
"""How long an offer of a seller or a person can be accepted where the clause does not say it."""
GIVES_UP = "rest_of_claim"


# what is offered


def offer(draft: Draft, owes: Entitlement, waiting: Sequence[Followed]) -> bool:
    """Make the offer that is wanted, withdraw one that is not wanted any more; return whether one came to nothing."""
    if not draft.case.offers and all(each.course.wanted is None for each in waiting):
        return False
    wanted = [(each, each.course.wanted) for each in waiting if each.course.wanted is not None]
    current = open_offer(draft.case.offers)
    if current is not None:
        mine = next((each for each in wanted if _is_for(current, *each)), None)
        if mine is not None and _worth(draft, owes, *mine) == (current.total, current.minor):
            return False
        _close(draft, current, WITHDRAWN_OFFER)
        tell_closed(draft)
    empty = False
    for way, want in wanted:
        if not has_room(draft.case.offers) and not want.origin.startswith(PERSON):
            return True  # A person's offer is always kept: there are no more of them than questions.
        total, minor = _worth(draft, owes, way, want)
        made = _made(draft, way, want, total, minor)
        if minor > 0 or want.remedy == RemedyKind.RESHIP:
            _publish(draft, way, made)
            return empty
        empty = True
        nothing = replace(made, closed=EMPTY, closed_at=draft.now, told=True)
        draft.change(offers=with_offer(draft.case.offers, nothing))
    return empty


def _is_for(current: Offer, way: Followed, want: Wanted) -> bool:
    kept = current.dispute_id, current.clause_id, current.origin, current.remedy
    return kept == (way.complaint.dispute_id, way.clause.id, want.origin, want.remedy)


def _made(draft: Draft, way: Followed, want: Wanted, total: int, minor: int) -> Offer:
    case, worded = draft.case, way.clause.offer
    about = f"{way.clause.id}/{want.origin}/{way.complaint.dispute_id}"
    before = next((each for each in case.offers if _is_for(each, way, want) and each.expires_at > draft.now), None)
    until = draft.sent_at + (worded.open_for if worded is not None else OPEN_FOR)
    return Offer(
        offer_id=named(case.claim_id, f"offer/{case.version + 1}/{about}"),
        dispute_id=way.complaint.dispute_id,
        clause_id=way.clause.id,
        origin=want.origin,
        made_at=draft.now,
        expires_at=before.expires_at if before is not None else until,
        total=total,
        minor=minor,
        remedy=want.remedy,
    )


def _publish(draft: Draft, way: Followed, made: Offer) -> None:
    fields = {
        "offer_id": made.offer_id,
        "amount": money(draft.case, made.minor),
        "expires_at": made.expires_at,
        "dispute_id": made.dispute_id,
        "clause_id": made.clause_id,
        "remedy": made.remedy,
        "offered_by": made.origin.partition(":")[0],
        "gives_up": GIVES_UP,
    }
    draft.say(claims.OfferMade, fields, offers=with_offer(draft.case.offers, made))


# what it is worth


def _worth(draft: Draft, owes: Entitlement, way: Followed, want: Wanted) -> tuple[int, int]:
    """What the complaint is worth in all once it is accepted, and how much more the buyer gets by it."""
    case = draft.case
    gives = _gives(case, way.rule, way.complaint, draft.now)
    much = rounded(gives * Decimal(want.share)) if want.share else want.minor or 0
    total = min(much, _most(gives, way.rule, want.remedy))
    after = entitlement(_if_accepted(case, way.rule, way.complaint, total), draft.now)
    return total, max(0, after.owed - owes.owed) if after is not None else 0


def _most(gives: int, rule: Rule, kind: str) -> int:
    """The largest part of what the clause gives that the remedy may be."""
    remedy = remedy_of(rule.clause, kind)
    if remedy is None or remedy.remedy is RemedyKind.RESHIP:
        return 0
    return gives if remedy.most is None else int(gives * Decimal(remedy.most))


def _gives(case: Case, rule: Rule, complaint: Dispute, now: datetime) -> int:
    """What the clause gives for the complaint, with all that bounds it."""
    full = entitlement(_if_accepted(case, rule, complaint, None), now)
    if full is None:
        return 0
    mine = [each for each in full.findings if each.applies and each.rule.clause.id == rule.clause.id]
    mine = [each for each in mine if is_about(full.view, complaint, rule.clause, each.package_id)]
    return min(sum([full.bounds.net(each) for each in mine]), full.entitled)


def _if_accepted(case: Case, rule: Rule, complaint: Dispute, total: int | None) -> Case:
    kept = tuple([each for each in case.offers if not each.is_open])
    what_if = Offer("", complaint.dispute_id, rule.clause.id, "", case.since, case.since, total, closed=ACCEPTED)
    return replace(case, offers=(*kept, what_if))


def may_be_offered(case: Case, referral: Referral, minor: int, now: datetime) -> bool:
    """Whether a person who was asked about a complaint may offer so much."""
    seen = view(case, now) if has_room(case.offers) else None
    for rule in seen.terms.rules if seen is not None else ():
        remedy = in_part(rule.clause)
        for complaint in case.disputes if remedy is not None else ():
            if question_about(rule, complaint, case) == referral.key and remedy is not None:
                return minor <= _most(_gives(case, rule, complaint, now), rule, remedy.remedy.value)
    return False


# what becomes of it


def answered(case: Case, event: AcceptOffer | DeclineOffer, now: datetime) -> Case:
    """The file with the buyer's answer. One to an offer that is unknown, closed or over, or that was made on an older
    version of the case, is refused; the same command twice is one."""
    known = next((each for each in case.offers if each.offer_id == event.offer_id and each.closed != EMPTY), None)
    if not case.claim_id or (known is not None and known.command_id == event.command_id):
        return case
    if known is None or event.claim_id != case.claim_id:
        return refused(case, event, "unknown_offer")
    if not known.is_open:
        return refused(case, event, "closed")
    if now > known.expires_at:
        return refused(case, event, "too_late")
    if event.case_version != case.version:
        return refused(case, event, "stale")
    how = ACCEPTED if isinstance(event, AcceptOffer) else DECLINED
    done = replace(known, closed=how, closed_at=now, command_id=event.command_id)
    case = replace(case, offers=put(case.offers, done, "offer_id"))
    complaint = next((each for each in case.disputes if each.dispute_id == known.dispute_id), None)
    if how == DECLINED or complaint is None:
        return case
    # What was accepted is the answer to the complaint.
    settled = replace(complaint, answer=APPROVED, eligible_at=None)
    return replace(case, disputes=put(case.disputes, settled, "dispute_id"))


def refused(case: Case, command: ClaimCommand, reason: str) -> Case:
    """The file with a command that changes nothing, until that is published; nobody who commands anything about a claim
    of which nothing was published yet has seen it."""
    if not case.version:
        return case
    said = Refused(command.command_id, type(command).__name__, reason)
    return replace(case, refused=(*case.refused, said)[-MAX_REFUSED:])


def expired(case: Case, now: datetime) -> Case:
    """The file in which the open offer has run out, if it has."""
    current = open_offer(case.offers)
    if current is None or now < current.expires_at:
        return case
    return replace(case, offers=put(case.offers, replace(current, closed=EXPIRED, closed_at=now), "offer_id"))


def open_until(case: Case) -> Iterator[datetime]:
    """Until when the open offer can be accepted."""
    return (each.expires_at for each in case.offers if each.is_open)


def _close(draft: Draft, current: Offer, how: str) -> None:
    done = replace(current, closed=how, closed_at=draft.now)
    draft.change(offers=put(draft.case.offers, done, "offer_id"))


def tell_closed(draft: Draft) -> None:
    """Say of each offer once how it ended."""
    for each in draft.case.offers:
        if each.closed and not each.told:
            fields = {
                "offer_id": each.offer_id,
                "how": each.closed,
                "dispute_id": each.dispute_id,
                "amount": money(draft.case, each.minor),
            }
            offers = put(draft.case.offers, replace(each, told=True), "offer_id")
            draft.say(claims.OfferClosed, fields, offers=offers)
