"""Decisions about complaints that can be appealed against, and appeals, in the claim file."""

from datetime import datetime

from msgspec import Struct

MAX_APPEALS = 16
PAID, CLOSED = "paid", "closed"
"""Of a decision that no person made: it was paid by itself; nothing is paid, since what was asked for did not come."""


class Decided(Struct, frozen=True, array_like=True):
    """The last decision about a complaint under a clause, and what was known when it was made: one for each of both, so
    there are no more than complaints times clauses."""

    dispute_id: str
    clause_id: str
    outcome: str
    """PAID, CLOSED, or the id of the referral by which a person decided."""
    at: datetime
    known: tuple[str, ...] = ()
    """What was handed in and said by then, and what had happened to the parcels: a hash of each."""
    reopened: bool = False
    """Whether it was overtaken since then, and the complaint waits again."""
    upheld: int = 0
    """The latest appeal that upheld it, by its ordinal: `known` is what was known then."""


class Appealed(Struct, frozen=True, omit_defaults=True):
    """An appeal: a question to a person who did not decide before, or its answer."""

    command_id: str
    dispute_id: str
    clause_id: str
    at: datetime
    ordinal: int = 0
    """Of the appeals about its complaint, from 1; 0: it was answered at once."""
    answer: str = ""
    """Why nobody looks at it: `appeal_too_late` or `nothing_new`."""
    told: bool = False
    """Whether that was published."""
    outcome: str = ""
    """Of the decision that it is about, as Decided has it."""
    decided_at: datetime | None = None
    """When that was made."""
