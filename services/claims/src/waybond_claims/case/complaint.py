"""Disputes, in the claim file."""

from datetime import datetime

from msgspec import Struct

TAKEN_BACK = frozenset({"withdrawn", "CANCELLED"})
"""How a dispute ended that the buyer took back."""
WON = frozenset({"BUYER_FAVOUR", "ACCEPTED", "PAYOUT"})
"""How a dispute ended that gave the buyer money."""


class Dispute(Struct, frozen=True, omit_defaults=True):
    """A complaint or chargeback, and what was answered last."""

    dispute_id: str
    known_at: datetime
    opened_at: datetime | None = None
    source: str = ""
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
