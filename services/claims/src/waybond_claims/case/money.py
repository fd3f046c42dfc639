"""Money in the claim file: what came back elsewhere, what was commanded for what and answered, what is asked back."""

from datetime import datetime

from msgspec import Struct


class Elsewhere(Struct, frozen=True, array_like=True, gc=False):
    """What the buyer got back beside Waybond, as it was told; `by` is platform or dispute (there `ref` is its id)."""

    ref: str
    by: str
    minor: int
    currency: str
    at: datetime | None = None
    """When it happened; of the same money told twice the newest word counts."""
    provider_ref: str = ""
    dispute_id: str = ""
    lines: tuple[tuple[str, int | None, int | None], ...] = ()
    """What it is for: line, quantity, minor units, as far as they were told."""


MAX_ELSEWHERE = 64
MAX_COMMANDS = 128
MAX_EARLY = 16
MAX_ATTEMPTS = 5
IN_FLIGHT = frozenset({"requested", "accepted", "pending"})
"""Of a command: no terminal answer yet."""


class Answer(Struct, frozen=True, array_like=True, gc=False):
    """What a payment system said about one refund."""

    refund_id: str
    status: str
    version: int
    minor: int
    currency: str
    provider_ref: str
    known_at: datetime
    retryable: bool = False
    failure: str = ""


class Row(Struct, frozen=True, array_like=True, gc=False):
    """What a command pays for one unit under one clause; a command's rows add up to its amount."""

    unit: str | None
    """A package's id, None for the remainder, "" for the order as a whole."""
    clause_id: str
    late_arrival: str
    """What the clause lets the buyer keep where its reason falls away: keep, offset or return."""
    minor: int
    raised_to: int
    """What was owed for the unit in all, with this row: no more of what was paid for it is kept under the clause."""
    remedy: str = "refund"
    payee: str = "buyer"
    means: str = "refund"
    """How it is paid: refund (of the payment) or credit."""
    worth: int = 0
    """Of the remainder: what it was worth then."""
    among: tuple[str, ...] = ()
    """Of the remainder: the packages beside it. Others took its goods over."""
    borne_by: str = ""
    """Who bears it, where the clause names remedies: insurer, seller, platform."""


class Command(Struct, frozen=True, array_like=True):
    """One money command, what it pays for, and what the payment system said about it."""

    step: int
    attempt: int
    refund_id: str
    minor: int
    requested_at: datetime
    patience: datetime
    """Without a terminal answer by then a person is asked."""
    decision_version: int
    pays: str = "refund"
    version: int = 1
    """Of the last message about it: 1 is the command, above it are cancellations."""
    status: str = "requested"
    result_version: int = 0
    """Of the terminal answer that counts."""
    provider_ref: str = ""
    moved: int = 0
    answered_at: datetime | None = None
    retryable: bool = False
    failure: str = ""
    prolonged: bool = False
    outside: bool = False
    """A person said that it was settled outside the payment system's answers."""
    cancel: str = ""
    """Why a person wants it taken back; empty once that was commanded."""
    granted: bool = False
    """A person ordered another attempt."""
    again_by: str = ""
    """By what means the next attempt is to pay, if not by the same."""
    told: int = 0
    """What ClaimSettled said about it."""
    returned: int = 0
    """What the last answer said came back, where that was a part: `moved` is without it."""
    by_hand: int = 0
    """What was settled outside the payment system's answers, where `outside`."""
    rows: tuple[Row, ...] = ()
    """What it pays for; of what moved, came back or was settled by hand each row has its part."""

    @property
    def in_flight(self) -> bool:
        return self.status in IN_FLIGHT and not self.outside

    @property
    def settled(self) -> int:
        if self.status == "succeeded":
            return self.moved
        return self.by_hand if self.outside else 0

    @property
    def counts(self) -> int:
        """What of it the buyer has or may still get."""
        return self.minor if self.in_flight else self.settled

    @property
    def unpaid(self) -> bool:
        """Whether it ended without money: FAILED or REVERSED."""
        return self.status in ("failed", "reversed") and not self.outside

    @property
    def exhausted(self) -> bool:
        """Whether it ended without money and only a person may order another attempt."""
        return self.unpaid and not self.granted and not (self.retryable and self.attempt < MAX_ATTEMPTS)


class Share(Struct, frozen=True, array_like=True, gc=False):
    """A part of a command's row."""

    refund_id: str
    row: int
    """Ordinal of the row in its command, from 0."""
    minor: int


class Recovery(Struct, frozen=True, omit_defaults=True):
    """Money that was paid and is asked back."""

    ordinal: int
    reason: str
    minor: int
    recovered: int = 0
    waived: int = 0
    shares: tuple[Share, ...] = ()
    """The parts of rows that it asks back; what is recovered is taken off the first ones first."""

    @property
    def outstanding(self) -> int:
        return self.minor - self.recovered - self.waived
