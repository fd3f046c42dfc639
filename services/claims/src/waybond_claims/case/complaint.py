"""Disputes, in the claim file."""

from datetime import datetime

from msgspec import Struct

TAKEN_BACK = frozenset({"withdrawn", "CANCELLED"})
"""How a dispute ended that the buyer took back."""
WON = frozenset({"BUYER_FAVOUR", "ACCEPTED", "PAYOUT"})
"""How a dispute ended that gave the buyer money."""
NO_RESOLUTION = frozenset({"withdrawn", "ended"})
"""How a dispute ended that nobody decided: the buyer withdrew it, or a person says that it does not run any more."""
NO_EVIDENCE, NOT_RETURNED = "no_evidence", "not_returned"
"""Why a complaint was denied that is closed: what was asked for did not come, the goods were not sent back."""

Goods = tuple[tuple[str, int | None, int | None], ...]
"""Line, quantity, minor units, as far as they were told."""


class Opening(Struct, frozen=True, omit_defaults=True):
    """One telling of what is complained of: a dispute that was opened, or a claim that was filed."""

    at: datetime
    by: str = ""
    """Who filed the claim (buyer, seller, platform); empty: a dispute that was opened."""
    source: str = ""
    """Who runs the dispute that was opened."""
    reason: str = ""
    stage: str = ""
    """Of a dispute that was opened."""
    package_id: str | None = None
    minor: int | None = None
    """What is disputed, or what is asked for by the claim."""
    currency: str = ""
    lines: Goods = ()
    provider: str = ""
    raw_code: str = ""
    raw_category: str = ""
    answer_by: datetime | None = None


class Word(Struct, frozen=True, omit_defaults=True):
    """One telling of where a dispute is: a stage that it went to, or how it ended."""

    at: datetime
    revision: int | None = None
    stage: str = ""
    ended: str = ""
    """An outcome, withdrawn, or ended (a person's word). Empty where a file of before kept the amount alone."""
    minor: int | None = None
    """Of a stage what is disputed from now on, of an outcome what the buyer got."""
    currency: str = ""
    ref: str = ""
    """The payment system's reference of what the buyer got."""
    lines: Goods = ()
    """What it was for."""
    raw: str = ""
    """The state as the provider wrote it."""
    answer_by: datetime | None = None
    appeal_by: datetime | None = None

    @property
    def decides(self) -> bool:
        """Whether it says what the buyer got, an amount or nothing."""
        if self.stage or self.ended in NO_RESOLUTION:
            return False
        return self.minor is not None or self.ended not in WON

    @property
    def gave(self) -> int:
        """What the buyer got by an outcome, as far as it says so."""
        return self.minor or 0


class Dispute(Struct, frozen=True, omit_defaults=True):
    """A complaint or chargeback, and what was answered last.

    `openings` and `words` are what was told of it; the fields up to `currency`, and those from `asked` to `raw_status`,
    follow from them (case/told.py), so that they do not depend on the order in which it became known.
    """

    dispute_id: str
    known_at: datetime
    opened_at: datetime | None = None
    source: str = ""
    """Who runs it (buyer, platform, card_scheme, wallet), or seller: who filed the claim."""
    reason: str = ""
    package_id: str | None = None
    stage: str = "INQUIRY"
    stage_at: datetime | None = None
    ended: str = ""
    refunded: int | None = None
    answer: str = ""
    """The reason of the last ClaimDenied about it, or "approved"."""
    eligible_at: datetime | None = None
    ended_at: datetime | None = None
    resolved_at: datetime | None = None
    """When the resolution was made that `refunded` is of: the latest one that says how much, or that it was nothing."""
    won_at: datetime | None = None
    """When the latest resolution was made that gave the buyer something and did not say how much."""
    minor: int | None = None
    """What is disputed."""
    currency: str = ""
    """Of `minor`."""
    said: int | None = None
    """What a person said that the buyer got by it, as long as no resolution says so."""
    patience: datetime | None = None
    """Until when a person wants to wait for what is missing; by then it is asked again."""
    openings: tuple[Opening, ...] = ()
    """What was told of the complaint, the earliest first; empty in files of before."""
    words: tuple[Word, ...] = ()
    """What was told of its stages and ends; empty in files of before."""
    asked: int | None = None
    """What a claim asks for: no more is paid on it."""
    asked_currency: str = ""
    lines: Goods = ()
    """The goods that a claim is about; empty: all of the package or order."""
    may_be: tuple[str, ...] = ()
    """The reasons that a person chooses from, where the provider's code does not say which one is meant."""
    provider: str = ""
    """Who reports it; says how long an answer may take."""
    reached_at: datetime | None = None
    """When it came to its stage; `stage_at` is when that was last said."""
    answer_by: datetime | None = None
    """By when the source wants an answer at this stage, as it says itself."""
    appeal_by: datetime | None = None
    """Until when somebody can appeal against its outcome at the source."""
    raw_code: str = ""
    """The provider's own reason, as the scheme writes it."""
    raw_status: str = ""
    """The newest state as the provider wrote it."""
    ruled: str = ""
    """What a person said that is complained of, where the provider's code did not."""

    @property
    def over(self) -> bool:
        """Whether it ended and went to no further stage since then: an appeal goes on where a resolution was."""
        if self.stage_at is None or self.ended_at is None:
            return bool(self.ended)
        return self.stage_at <= self.ended_at

    @property
    def withdrawn(self) -> bool:
        """Whether the buyer took it back: what was asked for with it is not asked for any more."""
        return self.over and self.ended in TAKEN_BACK

    @property
    def freezes(self) -> bool:
        """Whether new commands wait for its end: the card scheme or the wallet may be paying the buyer back already.
        A question of the buyer or the platform, which we answer ourselves, does not."""
        return not self.over and (self.stage != "INQUIRY" or self.source == "card_scheme")


MAX_DISPUTES = 32
MAX_TELLINGS = 32
"""Of one dispute: openings and words together."""
