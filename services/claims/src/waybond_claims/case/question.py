"""Questions to people, in the claim file."""

from datetime import datetime

from msgspec import Struct

MAX_REFERRALS = 128
MAX_AUDITS = 16
"""Questions of audits that a file keeps, beside the others: they take nobody's place."""
MAX_CONTRADICTIONS = 16
MAX_NOTES = 16
"""Of a question; what is noted after them is on the topic alone."""
MAX_CHANGES = 16
"""Of a case with open questions: the last ones that are kept."""
AUDIT = "audit"
"""The reason of a question that looks back at what was decided."""
WITHDRAWN = "withdrawn"
"""The choice of a referral whose question fell away by itself."""


class Note(Struct, frozen=True, array_like=True, gc=False):
    """What somebody wrote down at a question."""

    command_id: str
    by: str
    at: datetime
    text: str


class Desk(Struct, frozen=True, omit_defaults=True):
    """How a question is handled. Of each part it says when it was told: an older word changes nothing."""

    assignee: str = ""
    assigned_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_at: datetime | None = None
    boosted: bool = False
    boosted_at: datetime | None = None
    notes: tuple[Note, ...] = ()


class Proposal(Struct, frozen=True, omit_defaults=True):
    """A decision above its author's authority: another person has to decide."""

    choice: str
    by: str
    at: datetime
    version: int
    """Of the case, as its author saw it."""
    minor: int | None = None
    role: str = ""
    reason_code: str = ""
    note: str = ""
    command_id: str = ""


class Change(Struct, frozen=True, array_like=True, gc=False):
    """What brought a case with open questions to a version."""

    version: int
    cause: str
    """The fact: its type, or Woken."""
    at: datetime


class Referral(Struct, frozen=True, omit_defaults=True):
    """A question to a person. `key` says what it is about: the same question is not asked twice."""

    referral_id: str
    key: str
    reason: str
    question: str
    choices: tuple[str, ...]
    opened_at: datetime
    opened_version: int
    amount: int | None = None
    refund_id: str | None = None
    most: int | None = None
    """The largest amount that can be answered, where there is a bound."""
    among: tuple[str, ...] = ()
    """Of a question about the remainder: the packages that were known beside it. What is decided is not about them."""
    choice: str = ""
    """What was decided; empty as long as the question is open."""
    decided_by: str = ""
    decided_at: datetime | None = None
    decided_minor: int | None = None
    role: str = ""
    """Who is asked now; empty in files of before: the role of its kind."""
    answer_by: datetime | None = None
    """When it is told again if nobody answered."""
    told: int = 0
    """How often it was told for want of an answer."""
    disputes: tuple[str, ...] = ()
    """The disputes that it is about."""
    by: datetime | None = None
    """By when a dispute's provider has to be answered, less our margin, where that is known."""
    remind_at: datetime | None = None
    """When it is told again before `answer_by`, where a provider waits; None: it was, or none does."""
    decided_as: str = ""
    """The role of who decided; empty: that of its kind."""
    decided_note: str = ""
    reason_code: str = ""
    seen_version: int = 0
    """Of the case, as who decided saw it; 0 in files of before."""
    command_id: str = ""
    """Of the decision."""
    proposal: Proposal | None = None
    """The last decision that another person has to confirm."""
    desk: Desk | None = None
    """As long as it is open; then what was said lives in the events alone."""

    @property
    def is_open(self) -> bool:
        return not self.choice

    @property
    def is_audit(self) -> bool:
        """Whether it looks back at what was decided: nothing waits for it."""
        return self.reason == AUDIT
