"""How open questions are handled: who is to answer, whether it can wait, what was found out. No money follows from it.

Of two words about the same thing the one that was said later counts, and a note is kept under its command's id: what
is read a second time changes nothing.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from waybond_claims.case.question import MAX_NOTES, Desk, Note, Referral
from waybond_claims.case.state import Case, put
from waybond_contracts.commands import (
    AssignReferral,
    BoostReferral,
    NoteReferral,
    ReferralCommand,
    SnoozeReferral,
)
from waybond_contracts.event import Event

MAX_SNOOZE = timedelta(days=30)
COMMANDS: frozenset[type[Event]] = frozenset({AssignReferral, SnoozeReferral, BoostReferral, NoteReferral})


def handled(case: Case, event: Event) -> Case:
    """The file with what somebody said about an open question; the very same object if it says nothing new."""
    if not isinstance(event, ReferralCommand):
        return case
    referral = next((each for each in case.referrals if each.referral_id == event.referral_id), None)
    if referral is None or not referral.is_open:
        return case
    before = referral.desk or Desk()
    after = _after(before, event)
    if after is before:
        return case
    return replace(case, referrals=put(case.referrals, replace(referral, desk=after), "referral_id"))


def _after(desk: Desk, event: ReferralCommand) -> Desk:
    at = event.occurred_at
    match event:
        case AssignReferral() if _later(at, desk.assigned_at):
            return replace(desk, assignee=event.assignee, assigned_at=at)
        case SnoozeReferral() if _later(at, desk.snoozed_at):
            until = min(event.until, at + MAX_SNOOZE) if event.until is not None else None
            return replace(desk, snoozed_until=until, snoozed_at=at)
        case BoostReferral() if _later(at, desk.boosted_at):
            return replace(desk, boosted=event.boosted, boosted_at=at)
        case NoteReferral() if not is_noted(desk, event.command_id) and len(desk.notes) < MAX_NOTES:
            note = Note(event.command_id, event.by, at, event.note)
            return replace(desk, notes=(*desk.notes, note))
        case _:
            return desk


def _later(at: datetime, before: datetime | None) -> bool:
    return before is None or at > before


def is_noted(desk: Desk, command_id: str) -> bool:
    """Whether a note of this command is there."""
    return any(note.command_id == command_id for note in desk.notes)


def has_room_for_note(referral: Referral) -> bool:
    """Whether another note is kept."""
    return referral.desk is None or len(referral.desk.notes) < MAX_NOTES
