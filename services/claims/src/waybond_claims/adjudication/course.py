"""The course of a complaint under a clause that says more of claims than that a person decides them.

It follows each time from what is on file: what was handed in and when it was asked for, what the seller said, what was
offered and answered, what people decided. First what was decided counts: an accepted offer, the latest appeal, a
person's decision, a payment that was made by itself. Else the clause says what is missing, and what follows without it.

Scenario: a photo is needed within 7 days, and the seller has 5. The seller contests it on day 2, the photo comes on day
3: on day 3 a person is asked. Without the photo nothing is paid on day 7, whatever the seller said.
"""

from enum import Enum, auto

from msgspec import Struct
from msgspec.structs import replace as changed

from waybond_claims.adjudication.heeded import CLEAR, WAITS, Heard, heard_of
from waybond_claims.adjudication.needs import (
    Need,
    answer_of_seller,
    is_there,
    needs,
    proof_of_return,
    request_of,
    units_of,
)
from waybond_claims.adjudication.on_file import decided_before, statements, was_closed
from waybond_claims.adjudication.points import Scored
from waybond_claims.adjudication.returning import CLOSES, PAYS, REFERS, Step, return_terms, returned
from waybond_claims.adjudication.score import scored
from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.view import View, question_key
from waybond_claims.case.appeal import PAID, Appealed, Decided
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.evidence import MAX_ASKS, Response, last_response
from waybond_claims.case.offer import ANSWERED, Offer, accepted_offer, has_room, open_offer
from waybond_claims.case.question import Referral
from waybond_claims.case.returning import MAX_RETURNING, returning_of
from waybond_claims.case.state import Case
from waybond_contracts.claimed import IN_FULL, FirstOffer, Remedy, RemedyKind
from waybond_contracts.return_terms import ReturnTerms
from waybond_contracts.wording import Clause

OURS_TO_ANSWER = frozenset({"buyer", "platform"})
"""Sources of complaints that go the clause's way; card schemes and wallets have rules of their own."""
WORDING, SELLER, PERSON = "wording", "seller:", "person:"
"""What offers come from; behind the colon the id of the response or of the referral."""


BY_SCORE, CLAUSE = "score", "clause"
"""What a complaint with a score was decided by, where it was neither a person nor an offer."""


class Standing(Enum):
    """How far a complaint has come under a clause."""

    PAYS = auto()
    REFUSED = auto()
    """A person said that it is not paid, or an accepted offer settled it under another clause."""
    CLOSED = auto()
    """What was asked for did not come."""
    REFERS = auto()
    OFFERS = auto()
    """An offer is to be open."""
    WAITS = auto()
    """Something was asked for, or it is too early."""
    ENDED = auto()
    """It ended elsewhere before it was decided here."""


OPEN = frozenset({Standing.REFERS, Standing.OFFERS, Standing.WAITS})


class Wanted(Struct, frozen=True, gc=False):
    """An offer that is to be open: of so much at most, or of a share of what the clause gives."""

    origin: str
    remedy: str
    minor: int | None = None
    share: str = ""


class Course(Struct, frozen=True, gc=False):
    """Where a complaint stands under a clause."""

    standing: Standing
    total: int | None = None
    """Of what is paid: how much in all; None: what the clause gives."""
    remedy: str = ""
    decided: str = ""
    """What decided it: PAID (by itself), `offer`, or a referral's id; empty: it follows from what is there now."""
    missing: tuple[Need, ...] = ()
    wanted: Wanted | None = None
    why: str = ""
    """What speaks for which answer of a person."""
    step: Step | None = None
    """What is waited for on the way of goods that have to come back."""
    return_step: str = ""
    """How far they have come: the open step, or how it ended."""
    question: str = ""
    """What the question to a person is kept under, where it is about how goods came back."""
    score: Scored | None = None
    """The points of what is known of the delivery; none once it was paid by itself, whatever becomes known later."""
    ground: str = ""
    """With a score or signals: what the complaint was decided by (see Finding.ground)."""
    signals: Heard | None = None
    """What signals say of other orders, where the clause heeds them; none once it was paid or closed by itself."""
    by_signals: bool = False
    """Whether a person is asked because of what signals say, or since they do not answer."""


def course(view: View, rule: Rule, complaint: Dispute, *, early: bool = False) -> Course:
    """Where the complaint stands; `early`: the window to file it is not open yet, so nothing is asked for."""
    points = scored(view, rule, complaint)
    found = _course(view, rule, complaint, points, early=early)
    heard = _heard(view, rule, complaint, found)
    if (points is None and heard is None) or found.decided == PAID or found.standing is Standing.ENDED:
        return found
    ground = "" if found.standing in OPEN else found.ground or found.decided or CLAUSE
    return changed(found, score=points, signals=heard, ground=ground)


def _course(view: View, rule: Rule, complaint: Dispute, points: Scored | None, *, early: bool) -> Course:
    case, clause = view.case, rule.clause
    settled = accepted_offer(case.offers, complaint.dispute_id)
    if settled is not None:
        if settled.clause_id != clause.id:
            return Course(Standing.REFUSED, decided="offer")
        return Course(Standing.PAYS, settled.total, settled.remedy, decided="offer")
    found = _by_person(view, rule, complaint)
    if found is None and any(_is_of(each, complaint, clause) and each.outcome == PAID for each in case.decided):
        found = Course(Standing.PAYS, decided=PAID)
    if found is not None:
        return found if found.standing is not Standing.PAYS else _in_full(view, rule, complaint, found)
    if complaint.over:
        return Course(Standing.ENDED)
    if complaint.source not in OURS_TO_ANSWER or complaint.freezes:
        return Course(Standing.REFERS)
    found = _undecided(view, rule, complaint, points, early=early)
    return _heeding(view, rule, complaint, found, _in_full(view, rule, complaint, found))


def _heard(view: View, rule: Rule, complaint: Dispute, found: Course) -> Heard | None:
    """What signals say, where it counts: what was closed for want of evidence is not opened by them."""
    heard = heard_of(view.case.signalled, rule.clause, complaint)
    closed = heard is not None and found.standing is Standing.CLOSED
    return None if closed and was_closed(view.case, complaint, rule.clause) else heard


def _heeding(view: View, rule: Rule, complaint: Dispute, before: Course, found: Course) -> Course:
    """What was found (`before`: before its goods had to come back), as far as signals let it be: where they ask a
    person, it is neither paid nor offered nor closed by itself. What the clause asks for is asked for all the same."""
    case, heard = view.case, _heard(view, rule, complaint, found)
    if heard is None or heard.outcome == CLEAR:
        return found
    if found.standing is Standing.REFERS:
        return changed(found, why=f"{found.why} {heard.told}".strip(), by_signals=bool(heard.held))
    if heard.outcome == WAITS:
        current = open_offer(case.offers)
        is_open = current is not None and _is_of(current, complaint, rule.clause)
        goes_back = returning_of(case.returning, complaint.dispute_id, rule.clause.id) is not None
        if found.wanted is not None if is_open else found.step is not None and goes_back:
            return found  # What is open already stays open.
    elif before.standing is not Standing.WAITS and not before.missing:
        why = f"{before.why} {heard.told} {statements(case, complaint)}".strip()
        return Course(Standing.REFERS, why=why, return_step=found.return_step, by_signals=True)
    return Course(Standing.WAITS, missing=before.missing or found.missing, return_step=found.return_step)


def question_about(rule: Rule, complaint: Dispute, case: Case) -> str:
    """What the question to a person is kept under whether it is paid: another one after each offer that a person made
    and the buyer did not take."""
    tried = [each for each in case.offers if each.closed in ANSWERED and _is_of(each, complaint, rule.clause)]
    ordinal = sum(1 for each in tried if each.origin.startswith(PERSON)) + 1
    return question_key(f"claim:{rule.clause.id}", complaint.package_id, f"{ordinal}/{complaint.dispute_id}")


def return_about(rule: Rule, complaint: Dispute) -> str:
    """What the question to a person is kept under what follows from how goods came back, or did not."""
    return question_key(f"return:{rule.clause.id}", complaint.package_id, f"1/{complaint.dispute_id}")


def appeal_about(clause_id: str, complaint: Dispute, ordinal: int) -> str:
    """What the question to a person about an appeal is kept under."""
    return question_key(f"appeal:{clause_id}", complaint.package_id, f"{ordinal}/{complaint.dispute_id}")


def remedy_of(clause: Clause, kind: str) -> Remedy | None:
    """The clause's remedy of this kind."""
    return next((each for each in clause.remedies if each.remedy == kind), None)


def in_part(clause: Clause) -> Remedy | None:
    """The remedy by which a part is paid that settles a claim."""
    kinds = (RemedyKind.PART_REFUND, RemedyKind.KEEP)
    return next((found for kind in kinds if (found := remedy_of(clause, kind)) is not None), None)


# what a person decided


def is_overturned(view: View, rule: Rule, unit: str | None) -> bool:
    """Whether another decision took the place of one under the clause about the unit: then nothing is kept that was
    paid by the first one."""
    complaints = {each.dispute_id: each for each in view.case.disputes}
    for each in view.case.appeals:
        complaint = complaints.get(each.dispute_id)
        if complaint is None or each.clause_id != rule.clause.id or unit not in units_of(view, rule, complaint):
            continue
        ruling = view.rulings.get(appeal_about(rule.clause.id, complaint, each.ordinal))
        if ruling is not None and ruling.choice != "uphold":
            return True
    return False


def _by_person(view: View, rule: Rule, complaint: Dispute) -> Course | None:
    for each in reversed(view.case.appeals):
        if each.ordinal and _is_of(each, complaint, rule.clause):
            ruling = view.rulings.get(appeal_about(rule.clause.id, complaint, each.ordinal))
            if ruling is not None and ruling.choice != "uphold":
                return _ruled(ruling)
    ruling = view.rulings.get(question_about(rule, complaint, view.case))
    back = view.rulings.get(return_about(rule, complaint)) if return_terms(rule.clause) is not None else None
    if back is not None:
        # Of the refund that was to follow: where no amount is said, the one that was decided before.
        before = ruling.decided_minor if ruling is not None and ruling.choice == "pay" else None
        ruled = _ruled(back)
        return ruled if ruled.total is not None else changed(ruled, total=before)
    if ruling is None:
        return None
    if ruling.choice != "offer":
        return _ruled(ruling)
    remedy = in_part(rule.clause)
    if complaint.over or remedy is None:
        return Course(Standing.ENDED if complaint.over else Standing.REFERS)
    wanted = Wanted(PERSON + ruling.referral_id, remedy.remedy.value, ruling.decided_minor)
    return Course(Standing.OFFERS, wanted=wanted)


def _ruled(ruling: Referral) -> Course:
    if ruling.choice != "pay":
        return Course(Standing.REFUSED, decided=ruling.referral_id)
    return Course(Standing.PAYS, ruling.decided_minor, decided=ruling.referral_id)


# what follows from what is there


def _undecided(view: View, rule: Rule, complaint: Dispute, points: Scored | None, *, early: bool) -> Course:
    case, clause = view.case, rule.clause
    said = last_response(case.responses, complaint.dispute_id) if clause.seller is not None else None
    wanted = _offered_by_seller(clause, said, view.order.currency) if said is not None else None
    full = said is not None and said.response == "offer" and said.remedy == "refund" and said.minor is None
    if said is not None and (said.response == "accept" or full):
        return Course(Standing.PAYS, why="The seller accepts it.")
    if early:
        return Course(Standing.WAITS)
    missing, why, pays, refers = _missing(
        view, rule, complaint, said, scored_as=points.outcome if points is not None else ""
    )
    if missing is None:
        return Course(Standing.CLOSED)
    if wanted is not None and not _answered(case, complaint, clause, wanted.origin):
        return Course(Standing.OFFERS, missing=missing, wanted=wanted)
    if missing:
        return Course(Standing.WAITS, missing=missing)
    before = decided_before(view, rule, complaint)
    if before:
        refers, why = True, [*why, f"Complaint {before} about the same goods was decided before."]
    if said is not None and said.response == "contest":
        refers, why = True, [*why, "The seller contests it."]
    elif said is not None and wanted is None:
        refers, why = True, [*why, "The seller offers what the clause does not have."]
    elif wanted is not None and (clause.offer is None or clause.offer.declined == "refer"):
        refers, why = True, [*why, "The buyer did not take what the seller offers."]
    if not refers and clause.offer is not None:
        if not _answered(case, complaint, clause, WORDING):
            return Course(Standing.OFFERS, wanted=_first(clause.offer))
        refers = clause.offer.declined == "refer"
        why = [*why, "The buyer did not take what was offered."]
    if not refers and (pays or clause.proven == "pay"):
        return Course(Standing.PAYS)
    if not refers and points is not None and points.outcome == "pay":
        return Course(Standing.PAYS, ground=BY_SCORE)
    if points is not None:
        why = [*why, points.told]
    if clause.evidence and not why:
        why = ["All that the clause wants was handed in."]
    return Course(Standing.REFERS, why=" ".join([*why, statements(case, complaint)]))


def _missing(
    view: View, rule: Rule, complaint: Dispute, said: Response | None, *, scored_as: str
) -> tuple[tuple[Need, ...] | None, list[str], bool, bool]:
    """What is missing and has time yet (None: something is missing that closes it), what is to be said of the rest, and
    whether that makes it due, or asks for a person. Where points pay it, the buyer has to show nothing; where they ask
    a person, nothing that is missing closes it."""
    case, clause = view.case, rule.clause
    missing: list[Need] = []
    why: list[str] = []
    pays = refers = False
    wanted = [each for each in needs(view, rule, complaint) if each.of != "buyer" or scored_as != "pay"]
    answer = answer_of_seller(view, clause)
    if answer is not None and said is None:
        wanted.append(answer)
    for need in wanted:
        ask = request_of(case, complaint, clause, need)
        if need is not answer and is_there(case, complaint, clause, need, ask):
            continue
        if ask is None and len(case.asks) >= MAX_ASKS:
            refers = True
        elif ask is None or ask.lapsed_at is None:
            missing.append(need)
        elif need.absent == "close" and scored_as in ("", "below"):
            return None, why, pays, refers
        elif need.absent != "nothing":
            pays, refers = pays or need.absent == "pay", refers or need.absent in ("refer", "close")
            why.append(f"The {need.of} was asked for {' or '.join(need.any_of)}, and it did not come.")
    return tuple(missing), why, pays, refers


def _in_full(view: View, rule: Rule, complaint: Dispute, found: Course) -> Course:
    """With the remedy by which the clause pays in full; where that is the return of the goods, once they were sent, or
    once they are back."""
    if found.standing is not Standing.PAYS:
        return found
    case, clause = view.case, rule.clause
    kind = next((each.remedy.value for each in clause.remedies if each.remedy in IN_FULL), "")
    terms = return_terms(clause)
    if terms is not None:
        return _once_back(view, rule, complaint, changed(found, remedy=found.remedy or kind), terms)
    need = proof_of_return(clause)
    if need is not None and found.decided != PAID:
        ask = request_of(case, complaint, clause, need)
        if not is_there(case, complaint, clause, need, ask):
            if ask is not None and ask.lapsed_at is not None:
                return Course(Standing.CLOSED)
            return Course(Standing.WAITS, missing=(need,))
    return changed(found, remedy=found.remedy or kind)


def _once_back(view: View, rule: Rule, complaint: Dispute, found: Course, terms: ReturnTerms) -> Course:
    """Paid as it was found, once the goods came back as the clause words it. What was paid stays paid, whatever becomes
    known of the parcel afterwards; a later appeal, or a person who was asked about the return, decides without it."""
    case, clause = view.case, rule.clause
    come = returned(case, complaint, clause, terms)
    found = changed(found, return_step=come.what)
    ruling = view.rulings.get(return_about(rule, complaint))
    if ruling is not None and found.decided != ruling.referral_id:
        by = next((each for each in case.referrals if each.referral_id == found.decided), None)
        before = by is not None and by.decided_at is not None and by.decided_at < (ruling.decided_at or view.now)
        return changed(_ruled(ruling), remedy=found.remedy, return_step=come.what) if before else found
    mine = [each for each in case.decided if _is_of(each, complaint, clause) and not each.reopened]
    if ruling is not None or any(each.outcome == found.decided for each in mine) or come.follows == PAYS:
        return found
    if come.follows == CLOSES:
        return Course(Standing.CLOSED, return_step=come.what)
    kept = returning_of(case.returning, complaint.dispute_id, clause.id)
    if come.follows == REFERS or (kept is None and len(case.returning) >= MAX_RETURNING):
        why = f"{come.why} {statements(case, complaint)}".strip()
        about = return_about(rule, complaint)
        return Course(Standing.REFERS, why=why, return_step=come.what, question=about)
    return Course(Standing.WAITS, step=come.step, return_step=come.what)


def _first(offer: FirstOffer) -> Wanted:
    return Wanted(WORDING, offer.remedy.value, share=offer.share)


def _offered_by_seller(clause: Clause, said: Response, currency: str) -> Wanted | None:
    """The offer that the seller's answer makes, as far as the clause has its remedy."""
    if said.response != "offer" or (said.minor is not None and said.currency != currency):
        return None
    kind = said.remedy or "part_refund"
    remedy = in_part(clause) if kind in ("part_refund", "refund") else remedy_of(clause, kind)
    if remedy is None or remedy.remedy is RemedyKind.RETURN:
        return None
    if remedy.remedy is RemedyKind.RESHIP:
        return Wanted(SELLER + said.response_id, remedy.remedy.value, 0)
    return Wanted(SELLER + said.response_id, remedy.remedy.value, said.minor) if said.minor is not None else None


def _answered(case: Case, complaint: Dispute, clause: Clause, origin: str) -> bool:
    """Whether the buyer did not take it, or no more offers are kept."""
    if not has_room(case.offers) and open_offer(case.offers) is None:
        return True
    return any(
        each.origin == origin and each.closed in ANSWERED and _is_of(each, complaint, clause) for each in case.offers
    )


def _is_of(kept: Offer | Decided | Appealed, complaint: Dispute, clause: Clause) -> bool:
    return kept.dispute_id == complaint.dispute_id and kept.clause_id == clause.id
