"""Whether anything stands against a new command."""

from datetime import datetime

from waybond_claims.case.money import MAX_COMMANDS
from waybond_claims.case.state import Case
from waybond_claims.desk.troubles import stopped
from waybond_claims.payments.retries import retry_at


def waits(case: Case, now: datetime) -> bool:
    """Whether nothing new may be commanded now, whatever is owed."""
    if case.in_flight is not None or case.frozen_by_dispute or stopped(case) or len(case.commands) >= MAX_COMMANDS:
        return True
    if not case.commands:
        return False
    if any(each.exhausted for each in case.last_attempts):
        return True
    at = retry_at(case)
    return at is not None and at > now
