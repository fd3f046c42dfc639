"""By when a dispute has to be decided, so that whoever answers its provider still can; and which ones nobody decided.

Claims hands in nothing at a provider. What it owes is its decision on the complaint, or a question to a person who is
told by when: `answer_by` of the question. A dispute that has neither shortly before that instant is asked about.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from waybond_claims.case.complaint import Dispute
from waybond_claims.case.state import Case
from waybond_claims.complaints.waits import APPROVED, HEARD_WITHIN
from waybond_contracts.disputes import DisputeReason, DisputeStage
from waybond_contracts.providers import answer_within

BEFORE_PROVIDER = timedelta(hours=6)
"""We want to be done so long before the provider's own deadline."""
REMINDED_BEFORE = timedelta(hours=24)
"""So long before our deadline a question that is still open is told again, and a dispute that nobody decided is asked
about."""

SHORTEST = timedelta(days=7)
"""What any scheme leaves for a chargeback at least: counts where neither the provider nor a table says."""


def provider_deadline(dispute: Dispute) -> datetime | None:
    """By when the provider takes an answer at this stage: as it says itself, else as the table of its scheme does.
    None: nobody says, and no money is at stake there yet."""
    if dispute.answer_by is not None:
        return dispute.answer_by
    since = dispute.reached_at or dispute.stage_at or dispute.opened_at
    if since is None:
        return None
    reason = DisputeReason(dispute.reason) if dispute.reason else None
    found = answer_within(dispute.provider, DisputeStage(dispute.stage), since, reason)
    if found is not None:
        return since + found.within
    return since + SHORTEST if dispute.freezes else None


def decided_by(dispute: Dispute) -> datetime | None:
    """Our own deadline."""
    at = provider_deadline(dispute)
    return at - BEFORE_PROVIDER if at is not None else None


def undecided_at(case: Case, dispute: Dispute) -> datetime | None:
    """From when a dispute is asked about that has no answer: a day before our deadline, or a day after its first word
    where nobody told what is complained of. None: it ended, was answered, or nobody waits for us.

    Scenario: a chargeback of day 5 is answered that it is too early. On day 8 the parcel is lost, and what is owed
    waits for the chargeback: what was answered is not our answer any more.
    """
    outdated = dispute.answer != APPROVED and dispute.freezes and case.unpaid > 0
    if dispute.over or (dispute.answer and not outdated):
        return None
    by = decided_by(dispute)
    dates = [by - REMINDED_BEFORE] if by is not None else []
    if dispute.opened_at is None:
        dates.append(dispute.known_at + HEARD_WITHIN)
    return max(dispute.known_at, min(dates)) if dates else None


def undecided(case: Case, asked: Collection[str]) -> Iterator[tuple[Dispute, datetime]]:
    """Disputes without an answer that no other question is about (`asked`: ids of those), and from when each is asked
    about. Of an order of whose policy nobody has spoken another question is asked."""
    if case.policy is None and not case.declined:
        return
    for dispute in case.disputes:
        at = undecided_at(case, dispute)
        if at is not None and dispute.dispute_id not in asked:
            yield dispute, at


def undecided_key(dispute: Dispute) -> str:
    """What that question is kept under: it is asked once a stage."""
    return f"answer:{dispute.dispute_id}:{dispute.stage}"


def unread_key(dispute: Dispute) -> str:
    """What the question is kept under that asks what a provider's code means."""
    return f"reason:{dispute.dispute_id}"


def is_unread(dispute: Dispute) -> bool:
    """Whether a person has to say what is complained of."""
    return bool(dispute.may_be) and not dispute.ruled and not dispute.over
