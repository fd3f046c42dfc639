"""Until when a complaint waits for an answer, and which question follows."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from waybond_claims.case.complaint import Dispute
from waybond_claims.case.state import Case
from waybond_contracts.claims import DenialReason

APPROVED = "approved"
"""The answer to a dispute that is paid."""
AT_ONCE = timedelta(microseconds=1)
"""The soonest that can be waited."""
HEARD_WITHIN = timedelta(hours=24)
"""A dispute about an order whose policy nobody has spoken of by then is put before a person; one about a package that
nobody has spoken of is answered by then."""
FROZEN_FOR = timedelta(days=120)
"""Without a word about a dispute that stops payments a person is asked after this: a card scheme's stages have 30 to 45
days each, so something was missed."""


def open_disputes(case: Case) -> Iterator[Dispute]:
    """Disputes that have not ended; of some nobody told what is complained of."""
    return (each for each in case.disputes if not each.over)


def unheard_of(case: Case, now: datetime) -> Iterator[Dispute]:
    """Open disputes about an order of whose policy nobody has spoken."""
    if case.policy is None and not case.declined:
        yield from (each for each in open_disputes(case) if now >= heard_by(each))


def heard_by(dispute: Dispute) -> datetime:
    """By when a person is asked, or asked again, if nobody has spoken of the order's policy; and by when a dispute is
    answered that names a package of which nobody has spoken."""
    return dispute.patience or dispute.known_at + HEARD_WITHIN


def unheard_key(dispute: Dispute) -> str:
    """What that question is kept under."""
    return f"no_policy:{dispute.dispute_id}:{heard_by(dispute):%Y-%m-%dT%H:%M}"


def stuck_at(dispute: Dispute) -> datetime:
    """When a person is asked, or asked again, whether a dispute still runs that stops payments."""
    silent_since = dispute.stage_at or dispute.known_at
    return max(dispute.patience or silent_since, silent_since + FROZEN_FOR)


def stuck_key(dispute: Dispute) -> str:
    """What that question is kept under."""
    return f"frozen:{dispute.dispute_id}:{stuck_at(dispute):%Y-%m-%dT%H:%M}"


def deadlines(case: Case, now: datetime) -> Iterator[datetime | None]:
    """When time alone changes what an open complaint is told."""
    for dispute in open_disputes(case):
        if case.policy is None and not case.declined:
            yield heard_by(dispute) if case.claim_id else max(heard_by(dispute), now + AT_ONCE)
        elif dispute.answer == DenialReason.TOO_EARLY:
            yield from (case.ends_at, dispute.eligible_at)
        elif dispute.package_id is not None:
            yield heard_by(dispute)
