"""How long a claim file is kept."""

from datetime import datetime, timedelta

from waybond_claims.adjudication.terms import terms
from waybond_claims.case.state import Case

KEPT_DECLINED = timedelta(days=7)
"""An order that was declined, without a claim, leaves no state after this."""
KEPT_AFTER_END = timedelta(days=400)
"""So does one of whose policy nothing more can be heard: what is said again, or was held elsewhere, has to meet the
file.

Scenario: pricing's last send comes twice; the premium would be booked anew, and a cancelled policy cover again."""
KEPT_UNHEARD = timedelta(days=400)
"""Facts about an order of whose policy nobody ever speaks are dropped after this."""


def droppable_at(case: Case) -> datetime | None:
    """From when an order without a claim leaves no state; one with a claim is kept."""
    if case.opened or case.commands or case.early:
        return None
    if case.policy is None:
        return case.declined_at + KEPT_DECLINED if case.declined_at is not None else case.since + KEPT_UNHEARD
    if case.void and case.ended is not None:  # It covers nothing from its start, and yet ended only then.
        return case.ended.at + KEPT_AFTER_END
    ends = case.ends_at
    return ends + terms(case.wording, *case.lane).heard_after + KEPT_AFTER_END if ends is not None else None


def next_look(case: Case, now: datetime) -> datetime | None:
    """When to ask again whether the file can go."""
    ends = droppable_at(case)
    return now + KEPT_DECLINED if ends is not None and ends <= now else ends
