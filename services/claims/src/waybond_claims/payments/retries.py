"""Another attempt of what failed: when it is made, and what the buyer hears of it."""

from datetime import datetime, timedelta

from waybond_claims.case.money import Command
from waybond_claims.case.state import Case

UNTOLD = timedelta(days=1)
"""So much later than they were told may buyers have their money without another word."""
RETRY_AFTER = (timedelta(0), timedelta(hours=6), timedelta(hours=24), timedelta(hours=72))
"""Before the second, third, ... attempt of a step; after MAX_ATTEMPTS a person decides."""


def retry_at(case: Case) -> datetime | None:
    """From when the next attempt of a step that failed may be made."""
    failed = failed_step(case)
    if failed is None or failed.answered_at is None or failed.exhausted:
        return None
    return failed.answered_at if failed.granted else failed.answered_at + RETRY_AFTER[failed.attempt - 1]


def takes_longer(case: Case) -> bool:
    """Whether the last command, another attempt of what the buyer was told of, makes what was said of its arrival
    untrue; once, and not where a question about it has said so."""
    last = case.commands[-1]
    told: list[Command] = []  # The attempt that the buyer was told of, and those that were made since for the same.
    for each in reversed(case.commands):
        if each.step == last.step:
            if each.minor != last.minor:
                break
            told.append(each)
    asked = {each.refund_id for each in case.referrals}
    if len(told) < 2 or any(each.refund_id in asked for each in told):
        return False
    first, before = told[-1].requested_at, told[1].requested_at
    return before <= first + UNTOLD < last.requested_at


def withdrawn(case: Case) -> Command | None:
    """The last command, if the buyer waits for its money in vain: none came, and nothing is owed that would follow (S:
    it was cancelled since the parcel had arrived in time). Once."""
    if len(case.commands) <= case.withdrawn or case.unpaid > 0:
        return None
    last = case.commands[-1]
    attempts = (each for each in case.commands if each.step == last.step)
    return None if any(each.in_flight or each.settled for each in attempts) else last


def failed_step(case: Case) -> Command | None:
    """The first step whose last attempt ended without money."""
    for each in case.last_attempts:
        if each.unpaid:
            return each
    return None
