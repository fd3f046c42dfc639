"""Appeals: another look at a decision about a complaint, by somebody else, if there is something that was not known.

An appeal is a question to a lead. The decision stands until it is answered: it is upheld, or another one takes its
place, which pays the difference or asks back what is too much. One that comes too late, or has nothing new, is answered
at once. Scenario: nothing was paid since the photo did not come. The appeal brings it: nobody is asked, the complaint
goes on as if the photo had come in time.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zlib import crc32

from msgspec.structs import replace

from waybond_claims.adjudication.course import Standing, appeal_about
from waybond_claims.adjudication.needs import most_of_complaint
from waybond_claims.adjudication.terms import terms
from waybond_claims.case.appeal import CLOSED, MAX_APPEALS, PAID, Appealed, Decided
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.offer import accepted_offer
from waybond_claims.case.question import WITHDRAWN, Referral
from waybond_claims.case.state import Case, put
from waybond_claims.complaints.followed import Followed
from waybond_claims.complaints.offers import refused
from waybond_claims.desk.kinds import Question, parsed
from waybond_claims.draft import Draft
from waybond_claims.entitlement import Entitlement, net_paid
from waybond_claims.events import money
from waybond_claims.facts.handed_in import documents, kept, stated
from waybond_contracts import claims
from waybond_contracts.claims import DenialReason
from waybond_contracts.commands import Appeal
from waybond_contracts.explanation import FindingReason
from waybond_contracts.wording import Clause

TOO_LATE, NOTHING_NEW = "appeal_too_late", "nothing_new"
_DECIDED = frozenset({Standing.PAYS, Standing.REFUSED, Standing.CLOSED})


# what buyers say


def appealed(case: Case, event: Appeal, now: datetime) -> Case:
    """The file with an appeal and what was handed in with it; one that cannot be is refused."""
    if not case.claim_id or any(each.command_id == event.command_id for each in case.appeals):
        return case
    if event.claim_id != case.claim_id:
        return refused(case, event, "unknown_complaint")
    decided = _decision(case, event.dispute_id)
    dispute_id = decided.dispute_id if decided is not None else event.dispute_id
    complaint = next((each for each in case.disputes if each.dispute_id == dispute_id), None)
    if complaint is None:
        return refused(case, event, "not_decided" if dispute_id is None else "unknown_complaint")
    handed = documents(complaint.dispute_id, "buyer", event.documents, now)
    case = kept(case, [*stated(complaint.dispute_id, "buyer", event.statement, now), *handed])
    if accepted_offer(case.offers, complaint.dispute_id) is not None:
        return refused(case, event, "settled")
    clause = _clause(case, decided.clause_id) if decided is not None else None
    if decided is None or decided.reopened or clause is None:
        return refused(case, event, "not_decided")
    if clause.appeal is None:
        return refused(case, event, "no_appeal")
    if len(case.appeals) >= MAX_APPEALS:
        return refused(case, event, "too_many")
    made = Appealed(
        event.command_id, complaint.dispute_id, clause.id, now, outcome=decided.outcome, decided_at=decided.at
    )
    if now > decided.at + clause.appeal.within:
        made = replace(made, answer=TOO_LATE)
    elif set(_known(case, complaint.dispute_id)) <= set(decided.known):
        made = replace(made, answer=NOTHING_NEW)
    elif any(_is_pending(case, each) for each in case.appeals if each.dispute_id == complaint.dispute_id):
        return case  # What it brings is beside the one that is looked at already.
    else:
        before = [each.ordinal for each in case.appeals if each.dispute_id == complaint.dispute_id]
        made = replace(made, ordinal=max(before, default=0) + 1)
    return replace(case, appeals=(*case.appeals, made))


def _decision(case: Case, dispute_id: str | None) -> Decided | None:
    """The last decision about the complaint, or about any."""
    found = [each for each in case.decided if dispute_id in (None, each.dispute_id)]
    return max(found, key=_made, default=None)


def _made(decided: Decided) -> tuple[datetime, str]:
    return decided.at, decided.dispute_id


def _clause(case: Case, clause_id: str) -> Clause | None:
    wording = terms(case.wording, *case.lane).wording if case.wording else None
    return next((each for each in wording.clause if each.id == clause_id), None) if wording is not None else None


def _known(case: Case, dispute_id: str) -> tuple[str, ...]:
    """What is on file about the complaint, each thing by a hash; and one of what happened to the parcels."""
    said = [each.ref for each in case.papers if each.dispute_id == dispute_id]
    said += [f"response {each.response_id}" for each in case.responses if each.dispute_id == dispute_id]
    said += [f"receipt {each.receipt_id}" for each in case.receipts if each.dispute_id == dispute_id]
    happened = [(each.event, each.package_id, each.version) for each in case.seen]
    happened += [(each.watch_id, each.package_id, each.version) for each in case.watches]
    happened += [("return", each.package_id, each.version) for each in case.returns if each.dispute_id == dispute_id]
    said.append(f"parcels {sorted(happened, key=repr)}")
    return tuple(sorted({f"{crc32(each.encode()):08x}" for each in said}))


# what is asked


def questions(case: Case, owes: Entitlement) -> Iterator[Question]:
    """The appeals that nobody has answered yet."""
    for each in case.appeals:
        complaint = next((one for one in case.disputes if one.dispute_id == each.dispute_id), None)
        rule = next((one for one in owes.view.terms.rules if one.clause.id == each.clause_id), None)
        if complaint is None or complaint.withdrawn or rule is None or not _is_pending(case, each):
            continue
        kind, about = parsed(_key(each, complaint))
        text = (
            f"The buyer appeals against the decision about complaint {each.dispute_id} under clause {each.clause_id}. "
            "Does it stand? Whoever made it cannot decide this."
        )
        yield Question(kind, about, text, most=most_of_complaint(owes.view, rule, complaint))


def _key(each: Appealed, complaint: Dispute) -> str:
    return appeal_about(each.clause_id, complaint, each.ordinal)


def _is_pending(case: Case, each: Appealed) -> bool:
    """Whether it waits for an answer: nobody gave one, and the decision that it is about is the last one."""
    complaint = next((one for one in case.disputes if one.dispute_id == each.dispute_id), None)
    if not each.ordinal or complaint is None:
        return False
    key = _key(each, complaint)
    if any(one.key == key and one.choice not in ("", WITHDRAWN) for one in case.referrals):
        return False
    decided = next((one for one in case.decided if _subject(one) == _subject(each)), None)
    if decided is None or decided.reopened:
        return False
    return (decided.outcome, decided.at) == (each.outcome, each.decided_at)


def deciders(case: Case, referral: Referral) -> frozenset[str]:
    """Who decided about the complaint before the appeal that the question is about; nobody for other questions."""
    for each in case.appeals:
        complaint = next((one for one in case.disputes if one.dispute_id == each.dispute_id), None)
        if complaint is not None and each.ordinal and _key(each, complaint) == referral.key:
            about = f":{each.clause_id}:{complaint.package_id or ''}:"
            return frozenset(
                [one.decided_by for one in case.referrals if _named(one.key, about) == complaint.dispute_id]
            )
    return frozenset()


def _named(key: str, about: str) -> str:
    """The complaint that a question about a clause and package names, behind the question's ordinal."""
    for kind in ("claim", "return", "appeal"):
        if key.startswith(kind + about):
            return key.removeprefix(kind + about).partition("/")[2]
    return ""


# what is remembered and told


def remember(draft: Draft, ways: Sequence[Followed]) -> None:
    """Note each decision that is new, and what was known when it was made."""
    for way in ways:
        standing, course = way.course.standing, way.course
        before = next((each for each in draft.case.decided if _subject(each) == _about(way)), None)
        if standing not in _DECIDED:
            if before is not None and not before.reopened:
                draft.change(decided=put(draft.case.decided, replace(before, reopened=True), "dispute_id", "clause_id"))
            continue
        paid = standing is Standing.PAYS
        if course.decided == "offer" or (paid and way.found.reason is not FindingReason.APPLIES):
            continue
        outcome = course.decided or (PAID if paid else CLOSED)
        if before is None or before.outcome != outcome or before.reopened:
            made = Decided(way.complaint.dispute_id, way.clause.id, outcome, draft.now)
        elif (upheld := _upheld(draft.case, before, way.complaint)) > before.upheld:
            made = replace(before, upheld=upheld)
        else:
            continue
        made = replace(made, known=_known(draft.case, way.complaint.dispute_id))
        draft.change(decided=put(draft.case.decided, made, "dispute_id", "clause_id"))


def _upheld(case: Case, decided: Decided, complaint: Dispute) -> int:
    """The latest appeal against the decision that a person answered by upholding it, by its ordinal; 0: none."""
    about = [each for each in case.appeals if _subject(each) == _subject(decided) and each.decided_at == decided.at]
    keys = {_key(each, complaint): each.ordinal for each in about if each.ordinal}
    return max((keys.get(one.key, 0) for one in case.referrals if one.choice == "uphold"), default=0)


def tell_answered(draft: Draft) -> None:
    """Answer the appeals that nobody looks at, each once."""
    for each in draft.case.appeals:
        if each.answer and not each.told:
            paid = net_paid(draft.case)
            fields = {
                "reason": DenialReason.ALREADY_PAID if paid > 0 else DenialReason.NOT_COVERED,
                "dispute_id": each.dispute_id,
                "paid": money(draft.case, paid),
                "clauses": (each.clause_id,),
                "detail": each.answer,
            }
            appeals = put(draft.case.appeals, replace(each, told=True), "command_id")
            draft.say(claims.ClaimDenied, fields, appeals=appeals)


def _subject(each: Decided | Appealed) -> tuple[str, str]:
    return each.dispute_id, each.clause_id


def _about(way: Followed) -> tuple[str, str]:
    return way.complaint.dispute_id, way.clause.id
