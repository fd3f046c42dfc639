"""The inbox of people as a function of the claim file: a row for each question that is open.

Tables keep the rows beside the files, so that a list is answered without reading files. A row is written when it
differs from what the file before it gave, and goes when its question closes; a case without questions costs a look at
two empty tuples.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from waybond_claims.case.question import Desk, Referral
from waybond_claims.case.state import Case
from waybond_claims.desk.kinds import kind_of
from waybond_claims.desk.suggestions import suggestion

_UNTOUCHED = Desk()


class Waiting(Struct, frozen=True, gc=False):
    """A question that is open. Amounts are minor units of `currency`."""

    order_key: str
    referral_id: str
    reason: str
    role: str
    """Who is asked: adjuster, payments, lead."""
    minor: int | None
    """What is at stake: the amount that the question names, else the most that can be answered."""
    currency: str
    answer_by: datetime | None
    opened_at: datetime
    version: int
    """Of the case."""
    question: str
    choices: tuple[str, ...]
    assignee: str
    snoozed_until: datetime | None
    boosted: bool
    notes: int
    proposed_by: str
    """Whose decision waits for another person; empty: nobody's."""
    suggestion: str
    why: str


class Closed(Struct, frozen=True, gc=False):
    """A question that is not open any more."""

    order_key: str
    referral_id: str


def changed(before: Case, after: Case | None) -> tuple[Waiting | Closed, ...]:
    """What the inbox has to learn between two files of one order; `after` is None where the file ends."""
    if not before.referrals and (after is None or not after.referrals):
        return ()
    old = waiting(before)
    new = waiting(after) if after is not None else {}
    closed = [Closed(before.order_key, referral_id) for referral_id in old if referral_id not in new]
    return (*closed, *[row for referral_id, row in new.items() if old.get(referral_id) != row])


def waiting(case: Case) -> Mapping[str, Waiting]:
    """The rows of a case, by the question's id."""
    return {each.referral_id: _row(case, each) for each in case.referrals if each.is_open}


def _row(case: Case, referral: Referral) -> Waiting:
    minor = referral.amount if referral.amount is not None else referral.most
    desk = referral.desk or _UNTOUCHED
    found = suggestion(case, referral)
    return Waiting(
        order_key=case.order_key,
        referral_id=referral.referral_id,
        reason=referral.reason,
        role=referral.role or kind_of(referral.key).role.value,
        minor=minor,
        currency=case.order.currency if case.order is not None and minor is not None else "",
        answer_by=referral.answer_by,
        opened_at=referral.opened_at,
        version=case.version,
        question=referral.question,
        choices=referral.choices,
        assignee=desk.assignee,
        snoozed_until=desk.snoozed_until,
        boosted=desk.boosted,
        notes=len(desk.notes),
        proposed_by=referral.proposal.by if referral.proposal is not None else "",
        suggestion=found.choice if found is not None else "",
        why=found.why if found is not None else "",
    )
