"""Tells which step of a return is open, once for each, and by when it is to be done.

What a step leads to follows from the file (adjudication/returning.py). A notice to the buyer belongs where a step
opens, in `_told`: what is open, until when, and for which complaint are there.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from waybond_claims.adjudication.returning import Step
from waybond_claims.case.returning import Returning, returning_of, with_passed
from waybond_claims.case.state import Case, put
from waybond_claims.complaints.followed import Followed
from waybond_claims.draft import Draft
from waybond_contracts import claims


def ask(draft: Draft, waiting: Sequence[Followed]) -> None:
    """Open the steps that these complaints wait for; for all others nothing is waited for any more."""
    open_steps = {
        (each.complaint.dispute_id, each.clause.id): (each, each.course.step)
        for each in waiting
        if each.course.step is not None
    }
    for known in draft.case.returning:
        if known.step and (known.dispute_id, known.clause_id) not in open_steps:
            _keep(draft, replace(known, step=""))
    for key, (way, step) in open_steps.items():
        known = returning_of(draft.case.returning, *key) or Returning(*key)
        if known.step != step.name:
            _opened(draft, way, known, step)


def _opened(draft: Draft, way: Followed, known: Returning, step: Step) -> None:
    """A step that was open before keeps its date."""
    until = known.until(step.name)
    if until is None:
        until = draft.sent_at + step.within
        known = replace(known, dates=(*known.dates, (step.name, until)))
    _keep(draft, replace(known, step=step.name))
    _told(draft, way, step, until)


def _told(draft: Draft, way: Followed, step: Step, until: datetime) -> None:
    """Say that the step is open until then."""
    fields = {
        "dispute_id": way.complaint.dispute_id,
        "clause_id": way.clause.id,
        "step": step.name,
        "of": step.of,
        "until": until,
        "otherwise": step.otherwise,
    }
    draft.say(claims.ReturnAwaited, fields)


def _keep(draft: Draft, kept: Returning) -> None:
    draft.change(returning=put(draft.case.returning, kept, "dispute_id", "clause_id"))


def lapsed(case: Case, now: datetime) -> Case:
    """The file in which the time is over for steps that were to be done by now."""
    kept = with_passed(case.returning, now)
    return case if kept is case.returning else replace(case, returning=kept)


def open_until(case: Case) -> Iterator[datetime]:
    """By when the open steps are to be done."""
    return (each.due for each in case.returning if each.due is not None)
