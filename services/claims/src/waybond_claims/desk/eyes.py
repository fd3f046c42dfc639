"""Two pairs of eyes: what is above its author's authority is proposed, and another person decides it.

Scenario: a lead who decides up to 500 alone proposes 600. Another lead, who also decides up to 500, says the same, and
it holds: two have looked. An adjuster cannot confirm it; the author cannot, under whatever role.
"""

from datetime import datetime

from msgspec.structs import replace

from waybond_claims.case.question import Proposal, Referral
from waybond_claims.desk.authority import committed
from waybond_claims.desk.kinds import Role
from waybond_contracts.commands import DecideReferral


def proposed(referral: Referral, event: DecideReferral, now: datetime) -> Referral:
    """The question with the decision as a proposal; it is put to a lead."""
    proposal = Proposal(
        choice=event.choice,
        by=event.by,
        at=now,
        version=event.case_version,
        minor=event.amount.minor if event.amount is not None else None,
        role=event.role,
        reason_code=event.reason_code.value if event.reason_code is not None else "",
        note=event.note,
        command_id=event.command_id,
    )
    return replace(referral, role=Role.LEAD.value, proposal=proposal)


def is_own_proposal(referral: Referral, event: DecideReferral) -> bool:
    """Whether a lead decides what they proposed themselves, or more: less, they may decide alone."""
    proposal = referral.proposal
    if proposal is None or proposal.by != event.by or event.role != Role.LEAD:
        return False
    minor, before = committed(referral, event), _minor(referral, proposal)
    return minor is None or before is None or (minor > 0 and minor >= before)


def confirms(referral: Referral, event: DecideReferral) -> bool:
    """Whether a lead says what another person proposed, and no more than that."""
    proposal = referral.proposal
    if proposal is None or proposal.by == event.by or event.role != Role.LEAD or proposal.choice != event.choice:
        return False
    minor, before = committed(referral, event), _minor(referral, proposal)
    return minor == before or (minor is not None and before is not None and minor <= before)


def _minor(referral: Referral, proposal: Proposal) -> int | None:
    if proposal.minor is not None:
        return proposal.minor
    return referral.amount if referral.amount is not None else referral.most
