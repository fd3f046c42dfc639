"""Questions to people, in the claim file."""

from datetime import datetime

from msgspec import Struct

MAX_REFERRALS = 128
MAX_AUDITS = 16
"""Questions of audits that a file keeps, beside the others: they take nobody's place."""
MAX_CONTRADICTIONS = 16
AUDIT = "audit"
"""The reason of a question that looks back at what was decided."""
WITHDRAWN = "withdrawn"
"""The choice of a referral whose question fell away by itself."""


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

    @property
    def is_open(self) -> bool:
        return not self.choice

    @property
    def is_audit(self) -> bool:
        """Whether it looks back at what was decided: nothing waits for it."""
        return self.reason == AUDIT
