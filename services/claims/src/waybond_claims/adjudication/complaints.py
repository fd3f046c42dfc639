"""Says which complaints are about what a clause covers, and still stand."""

from datetime import datetime

from waybond_claims.adjudication.openings import Opening
from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.view import View
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.cover import Cover
from waybond_claims.case.covered import in_force
from waybond_claims.case.offer import accepted_offer
from waybond_contracts.disputes import DisputeReason
from waybond_contracts.explanation import FindingReason
from waybond_contracts.wording import Clause, Clock, Peril, Scope

_ORDER = Scope.ORDER  # looked up once: see found.py
_ALL = frozenset(Peril) - {Peril.CHARGEBACK}
PERILS: dict[DisputeReason, frozenset[Peril]] = {
    DisputeReason.NOT_RECEIVED: frozenset({Peril.LATE, Peril.LOST, Peril.STALLED, Peril.RETURNED, Peril.NOT_RECEIVED}),
    DisputeReason.LATE: frozenset({Peril.LATE, Peril.STALLED, Peril.LOST}),
    # The general word is used of broken goods as well; the nearer ones are not.
    DisputeReason.NOT_AS_DESCRIBED: frozenset({Peril.NOT_AS_DESCRIBED, Peril.DAMAGED}),
    DisputeReason.DAMAGED: frozenset({Peril.DAMAGED}),
    DisputeReason.DIFFERENT: frozenset({Peril.NOT_AS_DESCRIBED}),
    DisputeReason.MISSING_PARTS: frozenset({Peril.MISSING}),
    DisputeReason.COUNTERFEIT: frozenset({Peril.COUNTERFEIT}),
    DisputeReason.MISREPRESENTED: frozenset({Peril.NOT_AS_DESCRIBED}),
    # The buyer was promised money: whatever it was for.
    DisputeReason.CREDIT_NOT_PROCESSED: _ALL,
}
"""What a clause has to cover to answer a complaint; other reasons are not insured."""


def perils(dispute: Dispute) -> frozenset[Peril]:
    """The perils that the complaint may be about."""
    return PERILS.get(DisputeReason(dispute.reason), frozenset()) if dispute.reason else frozenset()


def is_about(view: View, dispute: Dispute, clause: Clause, unit: str | None) -> bool:
    """Whether the clause covers what the dispute complains of, for the package or the goods that it names, if it names
    any."""
    if clause.peril not in perils(dispute):
        return False
    if dispute.package_id is not None and unit not in (None, dispute.package_id):
        return False
    return not dispute.lines or clause.scope is _ORDER or _holds_any(view, dispute, unit)


def _holds_any(view: View, dispute: Dispute, unit: str | None) -> bool:
    """Whether the unit holds, or may hold, one of the lines that the dispute names. Lines that the order does not have
    say nothing: where it names none but those, it is about all goods, and a person sees it."""
    named = {line_id for line_id, _, _ in dispute.lines} & {line.line_id for line in view.lines}
    if not named:
        return True
    held = view.units.held.get(unit or "")
    if held is not None:
        return any(line_id in named for line_id, _ in held)
    return unit not in view.units.valueless and any(line.line_id in named for line, _ in view.units.left)


def standing(view: View, clause: Clause, unit: str | None) -> list[Dispute]:
    """The complaints about it that were made and not withdrawn, the first one first. One that was settled by an offer
    may be withdrawn: that is what a buyer does who has accepted it."""
    found = [
        each
        for each in view.case.disputes
        if each.opened_at is not None
        and (not each.withdrawn or accepted_offer(view.case.offers, each.dispute_id) is not None)
        and is_about(view, each, clause, unit)
    ]
    return sorted(found, key=_made)


def _made(dispute: Dispute) -> tuple[datetime, str]:
    return made_at(dispute), dispute.dispute_id


def made_at(complaint: Dispute) -> datetime:
    """When the buyer made it."""
    return complaint.opened_at or complaint.known_at


def claimed_in_cover(
    view: View, rule: Rule, unit: str | None, opening: Opening, complaints: list[Dispute]
) -> tuple[FindingReason | None, Cover | None]:
    """Why cover does not reach what is claimed, where only complaints say that anything happened, or the version of the
    policy that does: a complaint has to be made while it lasts, or within a window that began while it lasted."""
    case, attached_at = view.case, view.attached_at(rule, unit)
    if case.void or attached_at is None:
        return FindingReason.AFTER_COVER if case.void else FindingReason.BEFORE_COVER, None
    window, start, closes_at = rule.clause.claim_window, opening.start, opening.closes_at
    if start is not None and window is not None and window.clock is Clock.DELIVERED and start <= attached_at:
        return FindingReason.BEFORE_COVER, None
    if not complaints:
        return (FindingReason.OTHER_LANE, None) if view.lane != case.lane else (None, None)
    reached = in_force(case, start) if start is not None and closes_at is not None else None
    made = sorted(made_at(each) for each in complaints)
    for at in made:
        cover = in_force(case, at)
        if cover is None and start is not None and closes_at is not None and at <= closes_at:
            cover = reached
        if cover is not None and at > attached_at:
            return (FindingReason.OTHER_LANE, None) if case.lane_of(cover) != view.lane else (None, cover)
    return FindingReason.AFTER_COVER if made[-1] > attached_at else FindingReason.BEFORE_COVER, None
