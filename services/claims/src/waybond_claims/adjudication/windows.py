"""Clauses that pay what somebody claims: complaints, their windows, and what a person ruled on them."""

from msgspec.structs import replace as changed

from waybond_claims.adjudication.asked_for import asked_for
from waybond_claims.adjudication.asks import most
from waybond_claims.adjudication.complaints import claimed_in_cover, made_at, standing
from waybond_claims.adjudication.course import OPEN, Course, Standing, course, question_about, remedy_of
from waybond_claims.adjudication.found import Found
from waybond_claims.adjudication.needs import most_of_complaint, part_of, units_of
from waybond_claims.adjudication.openings import Opening, opening
from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.view import Ruling, View, question_key
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.offer import accepted_offer
from waybond_contracts.explanation import FindingReason

# Looked up once: see found.py.
_NOT_MET, _NEEDS_CLAIM = FindingReason.NOT_MET, FindingReason.NEEDS_CLAIM

_LOST = frozenset({Standing.REFUSED, Standing.CLOSED})
"""Where a complaint stands that says nothing for what was paid."""
Paid = tuple[int | None, Ruling, Dispute]
"""What a ruling pays at most (None: what the wording gives), the ruling, and the complaint that it is of."""


def claimable(view: View, met: Found) -> Found:
    """It pays what somebody claims within the clause's window: a person looks at the complaint.

    What the person decides is of that complaint: it ends when the complaint is withdrawn, and another one is looked at
    anew if the ones before were refused.
    """
    rule, unit = met.rule, met.package_id
    window = opening(view, met)
    complaints = standing(view, rule.clause, unit) if view.case.disputes else []
    if rule.by_claim_alone:
        outside, cover = claimed_in_cover(view, rule, unit, window, complaints)
        if outside is not None:
            return changed(met, reason=outside)
        if cover is not met.cover:
            met = changed(met, cover=cover)
    if not complaints:
        return _unclaimed(view, met, window)
    complaints = _in_time(complaints, window)
    if rule.guided:
        return _guided(view, met, complaints, window)
    rulings = [_of_complaint(view, rule, unit, each) for each in complaints]
    waiting = [each for each, ruled in zip(complaints, rulings, strict=True) if ruled is None and not each.over]
    paid = [
        (_least(ruled.minor, asked_for(view.case, each)), ruled, each)
        for each, ruled in zip(complaints, rulings, strict=True)
        if ruled is not None and ruled.choice == "pay"
    ]
    if paid:
        return _paid(view, met, paid, waiting)
    if any(rulings) and not waiting:
        return changed(met, reason=FindingReason.NOT_MET)
    if not waiting or _closed_yet(view, met, window):
        return _unclaimed(view, met, window)
    question = question_key(_about(rule), unit, waiting[0].dispute_id)
    up_to = _least(most(view, met), asked_for(view.case, waiting[0]))
    return changed(met, reason=FindingReason.NEEDS_CLAIM, question=question, most=up_to)


def _paid(view: View, met: Found, paid: list[Paid], waiting: list[Dispute]) -> Found:
    """A person said that it is paid, on these complaints: the one that gives most counts. A claim may ask for less than
    the next one does, which is looked at then."""
    minor, ruled, on = max(paid, key=_generous)
    asked = asked_for(view.case, on)
    found = changed(met, reason=FindingReason.APPLIES, by_hand=ruled.minor, claim=on.dispute_id, asked=asked)
    for each in waiting:
        more = asked_for(view.case, each)
        if asked is not None and minor == asked and (more is None or more > asked):
            question = question_key(_about(met.rule), met.package_id, each.dispute_id)
            return changed(found, question=question, most=_least(most(view, met), more))
    return found


def courses(view: View, met: Found, complaints: list[Dispute], window: Opening) -> list[tuple[Dispute, Course]]:
    """Where each complaint stands that is about the unit, under a clause that says more of claims."""
    rule, early = met.rule, _closed_yet(view, met, window)
    mine = [each for each in complaints if met.package_id in units_of(view, rule, each)]
    return [(each, course(view, rule, each, early=early)) for each in mine]


def followed(view: View, met: Found) -> list[tuple[Dispute, Course]]:
    """The same, of a finding that was made before."""
    window = opening(view, met)
    return courses(view, met, _in_time(standing(view, met.rule.clause, met.package_id), window), window)


def _guided(view: View, met: Found, complaints: list[Dispute], window: Opening) -> Found:
    """What the courses of its complaints give, of several the one that gives most."""
    rule, unit = met.rule, met.package_id
    found = courses(view, met, complaints, window)
    paying = [each for each in found if each[1].standing is Standing.PAYS]
    if paying:
        complaint, best = max(paying, key=_most)
        remedy = remedy_of(rule.clause, best.remedy)
        return changed(
            met,
            reason=FindingReason.APPLIES,
            by_hand=None if best.total is None else part_of(view, rule, complaint, unit, best.total),
            claim=complaint.dispute_id,
            asked=asked_for(view.case, complaint),
            remedy=best.remedy,
            borne_by=remedy.borne_by if remedy is not None else "",
            return_step=best.return_step,
            score=best.score,
            ground=best.ground,
            signals=best.signals,
        )
    waiting = [(complaint, each) for complaint, each in found if each.standing in OPEN]
    if not waiting and any(each.standing is not Standing.ENDED for _, each in found):
        met = changed(met, reason=_NOT_MET, return_step=_come(found))
        denied = next((each for _, each in found if each.score is not None or each.signals is not None), None)
        if denied is None:
            return met
        return changed(met, score=denied.score, ground=denied.ground, signals=denied.signals)
    if _closed_yet(view, met, window):
        # What the seller accepted needs no window: the goods can come back, or a person is asked.
        waiting = [each for each in waiting if each[1].return_step or each[1].by_signals]
    if not waiting:
        return _unclaimed(view, met, window)
    for complaint, each in waiting:
        if each.standing is Standing.REFERS:
            question = each.question or question_about(rule, complaint, view.case)
            bound = most_of_complaint(view, rule, complaint)
            met = changed(met, reason=_NEEDS_CLAIM, question=question, most=bound, suggested=each.why)
            met = changed(met, signals=each.signals, by_signals=each.by_signals)
            return changed(met, return_step=each.return_step, score=each.score)
    return changed(met, reason=_NEEDS_CLAIM, return_step=_come(waiting), signals=waiting[0][1].signals)


def _come(courses: list[tuple[Dispute, Course]]) -> str:
    """How far goods have come that have to come back first: of the first complaint for which they have to."""
    return next((each.return_step for _, each in courses if each.return_step), "")


def _most(paying: tuple[Dispute, Course]) -> tuple[bool, int]:
    return paying[1].total is None, paying[1].total or 0


def is_claimed(view: View, rule: Rule, unit: str | None) -> bool:
    """Whether a complaint about it stands that was made within the window and not refused.

    Scenario: a first complaint was refused, 50 were paid on a second one. The buyer withdraws the second: the first one
    says nothing for the 50."""
    met = Found(rule, unit, _NOT_MET)
    if rule.guided:
        return any(each.standing not in _LOST for _, each in followed(view, met))
    window = opening(view, met)
    complaints = _in_time(standing(view, rule.clause, unit), window)
    rulings = [_of_complaint(view, rule, unit, each) for each in complaints]
    return any(each is None or each.choice == "pay" for each in rulings)


def is_refused(view: View, found: Found, complaint: Dispute) -> bool:
    """Whether a person said of the complaint that it is not paid under the clause, or an offer settled it elsewhere."""
    rule, unit = found.rule, found.package_id
    if rule.guided:
        mine = [way.standing for each, way in followed(view, found) if each.dispute_id == complaint.dispute_id]
        return Standing.REFUSED in mine
    if not rule.claimed:
        return False
    ruled = _of_complaint(view, rule, unit, complaint)
    return ruled is not None and ruled.choice != "pay"


def _in_time(complaints: list[Dispute], window: Opening) -> list[Dispute]:
    """Those that were made before the window closed."""
    closes_at = window.closes_at
    return complaints if closes_at is None else [each for each in complaints if made_at(each) <= closes_at]


def _about(rule: Rule) -> str:
    return f"claim:{rule.clause.id}"


def _unclaimed(view: View, met: Found, window: Opening) -> Found:
    """Nobody claimed it within the window: whether it is open, will be, or was."""
    if _closed_yet(view, met, window):
        return changed(met, reason=FindingReason.NOT_YET, eligible_at=window.opens_at)
    if window.closes_at is not None and view.now > window.closes_at:
        return met if met.reason is _NOT_MET else changed(met, reason=_NOT_MET)
    return changed(met, reason=_NEEDS_CLAIM)


def _closed_yet(view: View, met: Found, window: Opening) -> bool:
    """Whether the window is not open yet."""
    if window.start is None:
        return met.rule.clause.claim_window is not None
    return window.opens_at is not None and view.now < window.opens_at


def _of_complaint(view: View, rule: Rule, unit: str | None, complaint: Dispute) -> Ruling | None:
    """What a person decided about the complaint. Earlier files have rulings that name none: such a one is of all that
    were known when it was asked. One that an offer under another clause settled is refused under this one."""
    if accepted_offer(view.case.offers, complaint.dispute_id) is not None:
        return Ruling("do_not_pay", None)
    about = _about(rule)
    ruling = view.ruling(rule, about, unit, complaint.dispute_id)
    if ruling is not None:
        return ruling
    asked = view.rulings.get(question_key(about, unit)) or view.rulings.get(question_key(about, None))
    return view.ruling(rule, about, unit) if asked is not None and complaint.known_at <= asked.opened_at else None


def _least(one: int | None, other: int | None) -> int | None:
    """Of two bounds the lower one; None bounds nothing."""
    return min([each for each in (one, other) if each is not None], default=None)


def _generous(paid: Paid) -> tuple[bool, int]:
    most_paid = paid[0]
    return most_paid is None, most_paid or 0
