"""When a case becomes a claim: it gets its id, and is opened."""

from waybond_claims.adjudication.found import RANK, Found
from waybond_claims.adjudication.terms import terms
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.state import Case
from waybond_claims.complaints import waits
from waybond_claims.draft import Draft, named
from waybond_claims.entitlement import Entitlement
from waybond_contracts import claims
from waybond_contracts.explanation import FindingReason
from waybond_kit.aggregate import Woken

HARMLESS = frozenset({"ShipmentDelivered", "ShipmentHindered"})
"""What tracking sees of a package that meets no clause by itself."""


def named_claim(draft: Draft) -> bool:
    """Give the claim its id once pricing has spoken, or once a dispute has waited too long for it to speak."""
    case = draft.case
    silent = draft.cause == Woken.__name__ and any(waits.unheard_of(case, draft.now))
    if case.policy is None and not case.declined and not silent:
        return False
    namespace = case.policy.policy_id if case.policy is not None else case.order_key
    draft.change(claim_id=named(namespace, "claim"))
    return True


def uneventful(case: Case) -> bool:
    """Whether nothing happened that could meet a clause or needs an answer: most orders, all their life."""
    if case.opened or case.disputes or case.contradictions:
        return False
    if any(each.breached for each in case.watches) or any(each.event not in HARMLESS for each in case.seen):
        return False
    return case.policy is None or not terms(case.wording, *case.lane).heeds_journeys


def opened(draft: Draft, owes: Entitlement | None) -> None:
    """Open the claim when a peril is met, somebody complains, or money moved that nobody commanded."""
    case = draft.case
    if case.opened:
        return
    met = max(owes.findings, key=_weight) if owes is not None else None
    dispute = next(waits.open_disputes(case), None)
    if met is not None and RANK[met.reason] >= RANK[FindingReason.NEEDS_CARRIER_ANSWER]:
        cause = met.fact.partition("/")[0] or draft.cause
        fields = {"cause": cause, "peril": met.rule.clause.peril}
    elif dispute is not None:
        fields = {"cause": _first_word(dispute), "dispute_id": dispute.dispute_id}
    elif any(key.startswith("refund:") for key in case.contradictions):
        fields = {"cause": draft.cause}
    else:
        return
    draft.say(claims.ClaimOpened, fields, opened=True)


def _first_word(dispute: Dispute) -> str:
    if not dispute.openings:
        return "DisputeOpened" if dispute.opened_at is not None else "DisputeStageChanged"
    return "ClaimFiled" if dispute.openings[0].by else "DisputeOpened"


def _weight(found: Found) -> int:
    return RANK[found.reason]
