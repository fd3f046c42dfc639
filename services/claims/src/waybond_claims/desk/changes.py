"""What brought a case to its versions, kept while questions are open: whoever decides on an older one is told."""

from waybond_claims.case.question import MAX_CHANGES, Change
from waybond_claims.case.state import Case
from waybond_claims.draft import Draft


def note(before: Case, draft: Draft) -> None:
    """Keep what brought the case from one file to the next, if somebody may be looking at it."""
    case = draft.case
    if not case.referrals or case.version == before.version:
        return
    if any(each.is_open for each in case.referrals):
        made = Change(case.version, draft.cause, draft.now)
        draft.change(changes=(*case.changes, made)[-MAX_CHANGES:])
    elif case.changes:
        draft.change(changes=())
