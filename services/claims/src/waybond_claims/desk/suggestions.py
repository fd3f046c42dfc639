"""What a question's file says for one of its answers: a suggestion with its reason, where there is one.

A person decides; nothing is concluded from a suggestion.
"""

from typing import NamedTuple

from waybond_claims.case.question import Referral
from waybond_claims.case.state import Case
from waybond_claims.desk.kinds import parsed
from waybond_contracts.refunds import FailureCode

_CLOSED_MEANS = frozenset({FailureCode.EXPIRED_OR_CANCELED_CARD.value, FailureCode.LOST_OR_STOLEN_CARD.value})
"""Failures that another attempt by the same means does not mend."""


class Suggestion(NamedTuple):
    """An answer and why."""

    choice: str
    why: str


def suggestion(case: Case, referral: Referral) -> Suggestion | None:
    """What the file says for one of the question's answers; a proposal of another person comes first."""
    found = _proposed(referral) or _of_kind(case, referral)
    return found if found is not None and found.choice in referral.choices else None


def _proposed(referral: Referral) -> Suggestion | None:
    proposal = referral.proposal
    if proposal is None:
        return None
    return Suggestion(proposal.choice, f"{proposal.by} proposes it, and may not decide so much alone")


def _of_kind(case: Case, referral: Referral) -> Suggestion | None:
    kind, about = parsed(referral.key)
    return _failed(case, about) if kind.name == "failed" else None


def _failed(case: Case, refund_id: str) -> Suggestion | None:
    command = next((each for each in case.commands if each.refund_id == refund_id), None)
    if command is None:
        return None
    if command.failure in _CLOSED_MEANS:
        return Suggestion("payout", f"the payment system said {command.failure}: the card takes nothing any more")
    if command.retryable:
        return Suggestion("retry", f"the payment system said {command.failure}, and that another attempt may succeed")
    return None
