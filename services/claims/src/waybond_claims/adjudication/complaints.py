"""Says which complaints are about what a clause covers, and still stand."""

from datetime import datetime

from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.view import View
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.cover import Cover
from waybond_claims.case.covered import in_force
from waybond_claims.case.offer import accepted_offer
from waybond_claims.case.state import Case
from waybond_contracts.disputes import DisputeReason
from waybond_contracts.explanation import FindingReason
from waybond_contracts.wording import Clause, Clock, Peril

_NOT_AS_DESCRIBED = frozenset({Peril.NOT_AS_DESCRIBED, Peril.DAMAGED})
_ALL = frozenset(Peril) - {Peril.CHARGEBACK}
PERILS: dict[DisputeReason, frozenset[Peril]] = {
    DisputeReason.NOT_RECEIVED: frozenset({Peril.LATE, Peril.LOST, Peril.STALLED, Peril.RETURNED, Peril.NOT_RECEIVED}),
    DisputeReason.LATE: frozenset({Peril.LATE, Peril.STALLED, Peril.LOST}),
    DisputeReason.NOT_AS_DESCRIBED: _NOT_AS_DESCRIBED,
    DisputeReason.DAMAGED: frozenset({Peril.DAMAGED}),
    DisputeReason.DIFFERENT: _NOT_AS_DESCRIBED,
    DisputeReason.MISSING_PARTS: frozenset({Peril.MISSING}),
    DisputeReason.COUNTERFEIT: frozenset({Peril.COUNTERFEIT}),
    DisputeReason.MISREPRESENTED: _NOT_AS_DESCRIBED,
    # The buyer was promised money: whatever it was for.
    DisputeReason.CREDIT_NOT_PROCESSED: _ALL,
}
"""What a clause has to cover to answer a complaint; other reasons are not insured."""


def perils(dispute: Dispute) -> frozenset[Peril]:
    """The perils that the complaint may be about."""
    return PERILS.get(DisputeReason(dispute.reason), frozenset()) if dispute.reason else frozenset()


def is_about(dispute: Dispute, clause: Clause, package_id: str | None) -> bool:
    """Whether the clause covers what the dispute complains of, for the package that it names, if it names one."""
    return (dispute.package_id is None or package_id in (None, dispute.package_id)) and clause.peril in perils(dispute)


def standing(case: Case, clause: Clause, package_id: str | None) -> list[Dispute]:
    """The complaints about it that were made and not withdrawn, the first one first. One that was settled by an offer
    may be withdrawn: that is what a buyer does who has accepted it."""
    found = [
        each
        for each in case.disputes
        if each.opened_at is not None
        and (not each.withdrawn or accepted_offer(case.offers, each.dispute_id) is not None)
        and is_about(each, clause, package_id)
    ]
    return sorted(found, key=_made)


def _made(dispute: Dispute) -> tuple[datetime, str]:
    return made_at(dispute), dispute.dispute_id


def made_at(complaint: Dispute) -> datetime:
    """When the buyer made it."""
    return complaint.opened_at or complaint.known_at


def claimed_in_cover(
    view: View, rule: Rule, unit: str | None, start: datetime | None, complaints: list[Dispute]
) -> tuple[FindingReason | None, Cover | None]:
    """Why cover does not reach what is claimed, where only complaints say that anything happened, or the version of the
    policy that does: a complaint has to be made while it lasts, or within a window that began while it lasted."""
    case, attached_at = view.case, view.attached_at(rule, unit)
    if case.void or attached_at is None:
        return FindingReason.AFTER_COVER if case.void else FindingReason.BEFORE_COVER, None
    window = rule.clause.claim_window
    if start is not None and window is not None and window.clock is Clock.DELIVERED and start <= attached_at:
        return FindingReason.BEFORE_COVER, None
    if not complaints:
        return (FindingReason.OTHER_LANE, None) if view.lane != case.lane else (None, None)
    reached = in_force(case, start) if start is not None and rule.closes is not None else None
    made = sorted(made_at(each) for each in complaints)
    for at in made:
        cover = in_force(case, at)
        if cover is None and start is not None and rule.closes is not None and at <= start + rule.closes:
            cover = reached
        if cover is not None and at > attached_at:
            return (FindingReason.OTHER_LANE, None) if case.lane_of(cover) != view.lane else (None, cover)
    return FindingReason.AFTER_COVER if made[-1] > attached_at else FindingReason.BEFORE_COVER, None
