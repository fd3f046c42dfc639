"""What was paid and is not owed any more is asked back, where the wording does not let the buyer have it."""

from msgspec.structs import replace

from waybond_claims.case.money import Recovery, Share
from waybond_claims.case.state import Case
from waybond_claims.desk.kinds import kind_of
from waybond_claims.draft import Draft, named
from waybond_claims.entitlement import Entitlement, due, key_of, standing, told
from waybond_claims.entitlement.paid import stands_for
from waybond_claims.entitlement.standing import first_back
from waybond_claims.events import explanation, money
from waybond_contracts import claims

_OVERTURNED = frozenset({"pay", "do_not_pay"})
"""How an appeal ends that puts another decision in the place of the first one."""


def recover(draft: Draft, owes: Entitlement) -> None:
    """Open a recovery for what is settled beyond what may stay; take back what is asked for beyond that."""
    case = draft.case
    over = max(0, case.settled - case.recovered - case.waived - owes.tolerated)
    difference = over - case.asked_back
    if difference > 0:
        ordinal = max([each.ordinal for each in case.recoveries], default=0) + 1
        reason = _reason(draft, owes)
        # What is on its way is taken back by other means.
        less = due(case, owes, waits=True, flying=False)
        fields = {
            "recovery_id": named(case.claim_id, f"recovery/{ordinal}"),
            "from_whom": "buyer",
            "amount": money(case, difference),
            "reason": reason,
            "explanation": explanation(case, owes, less, draft.now, told(case, owes)),
        }
        # One that came to nothing is not kept (S: a feed that says delivered and not delivered by turns, for ever).
        kept = (each for each in case.recoveries if each.minor)
        recoveries = (*kept, Recovery(ordinal, reason, difference, shares=_shares(case, owes, difference)))
        draft.say(claims.RecoveryOpened, fields, recoveries=recoveries)
    elif difference < 0:
        draft.change(recoveries=_less(case.recoveries, -difference))


def _shares(case: Case, owes: Entitlement, minor: int) -> tuple[Share, ...]:
    """The parts of rows that are asked back: of units that were paid too much first, then of any.

    Scenario: A and B are lost and paid, then the platform refunds what is in A. A's row is asked back, not B's, which
    was paid last."""
    over = {key: paid - owes.shares.get(key, 0) for key, paid in owes.paid.items()}
    found = [each for each in first_back(standing(case, asked=True)) if not each.flying]
    taken: dict[tuple[str, int], int] = {}
    for each in found:
        for key, part in stands_for(each.row, each.minor, owes.view).items():
            much = max(0, min(minor, part, over.get(key, 0)))
            over[key] = over.get(key, 0) - much
            taken[each.refund_id, each.index] = taken.get((each.refund_id, each.index), 0) + much
            minor -= much
    for each in found:
        much = min(minor, each.minor - taken[each.refund_id, each.index])
        taken[each.refund_id, each.index] += much
        minor -= much
    return tuple([Share(refund_id, row, part) for (refund_id, row), part in taken.items() if part])


def _less(recoveries: tuple[Recovery, ...], minor: int) -> tuple[Recovery, ...]:
    """With `minor` less asked back, the latest first."""
    kept: list[Recovery] = []
    for each in reversed(recoveries):
        part = min(minor, each.outstanding)
        minor -= part
        kept.append(replace(each, minor=each.minor - part))
    return tuple(reversed(kept))


def _reason(draft: Draft, owes: Entitlement) -> str:
    if draft.case.void:
        return "policy_void"
    given = any(each.applies and owes.bounds.elsewhere.get(key_of(each)) for each in owes.findings)
    if given or draft.case.settled - draft.case.recovered > owes.available:
        return "refunded_elsewhere"
    if any(kind_of(each.key).name == "appeal" and each.choice in _OVERTURNED for each in draft.case.referrals):
        return "appeal"
    if any(each.event == "ShipmentDelivered" and each.standing for each in draft.case.seen):
        return "late_arrival"
    return "withdrawn_breach"
