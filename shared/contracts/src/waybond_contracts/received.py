"""Delivered but not received: what is known of a delivery, and the table by which a wording weighs it.

A score may pay or ask a person. It never denies: below both thresholds only another rule of the clause, or a person,
can say no.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from waybond_contracts.errors import ContractError
from waybond_contracts.fields import Id, Model
from waybond_contracts.worded import Strict

MAX_DISTANCE_M = 20_100_000
"""Metres: half of the way round the earth."""
MAX_POINTS = 1_000
"""Of one fact, of the start and of a threshold, above or below zero."""
MAX_TOTAL = 64 * MAX_POINTS
"""Of all facts and the start together."""
FAR_FROM_M = 500
"""Metres."""


class Signature(StrEnum):
    """What a carrier knows of a signature. More words may come."""

    MATCHES = "matches"
    """The buyer's name."""
    OTHER = "other"
    """Somebody else's name."""
    PRESENT = "present"
    """Somebody signed; nobody compared the name."""
    NONE = "none"
    """Nobody signed."""


class Proof(Model):
    """What a carrier or platform knows of a delivery. What is left out is unknown, and says nothing."""

    signature: Signature | None = None
    """Whether somebody signed, and in whose name."""
    photo: bool | None = None
    """Whether there is a photo of the delivery."""
    code: bool | None = None
    """Whether a code was entered that only the buyer was sent (a locker's, or one for the driver)."""
    address_matches: bool | None = None
    """Whether the place is the order's address, as the photo, the label or the driver's device shows it."""
    distance_m: Annotated[int, Field(ge=0, le=MAX_DISTANCE_M)] | None = None
    """Metres between the order's address and where it was scanned as delivered."""


class DeliveryFact(StrEnum):
    """What a table can give points for."""

    SIGNATURE_MATCHES = "signature_matches"
    SIGNATURE_OTHER = "signature_other"
    SIGNATURE_PRESENT = "signature_present"
    SIGNATURE_NONE = "signature_none"
    PHOTO = "photo"
    NO_PHOTO = "no_photo"
    CODE = "code"
    NO_CODE = "no_code"
    DOOR = "door"
    NEIGHBOUR = "neighbour"
    LOCKER = "locker"
    PICKUP_POINT = "pickup_point"
    ADDRESS_MATCH = "address_match"
    ADDRESS_MISMATCH = "address_mismatch"
    NEAR = "near"
    FAR = "far"
    SECOND_SCAN = "second_scan"
    EARLIER_CLAIMS_AT_ADDRESS = "earlier_claims_at_address"
    """No feed tells it yet: it is unknown, and gives nothing."""


ALTERNATIVES: tuple[frozenset[DeliveryFact], ...] = tuple(
    frozenset(DeliveryFact(word) for word in words.split())
    for words in (
        "signature_matches signature_other signature_present signature_none",
        "photo no_photo",
        "code no_code",
        "door neighbour locker pickup_point",
        "address_match address_mismatch",
        "near far",
        "second_scan",
        "earlier_claims_at_address",
    )
)
"""Of each group at most one is known of a delivery."""

Points = Annotated[int, Field(ge=-MAX_POINTS, le=MAX_POINTS, strict=True)]
Outcome = Literal["pay", "refer", "below"]


class Score(Strict):
    """How a complaint is weighed that goods were not received which tracking says are delivered.

    The points of what is known are added to `start`. From `pay_from` on it is paid by itself; from `refer_from` on a
    person decides. Below, the clause's other rules decide, and where none of them denies it, a person."""

    start: Points = 0
    """The points where nothing is known."""
    points: Annotated[dict[DeliveryFact, Points], Field(min_length=1, max_length=len(DeliveryFact))]
    """For each fact; above zero it speaks for the buyer. A fact that is left out gives nothing."""
    far_from_m: Annotated[int, Field(ge=1, le=MAX_DISTANCE_M, strict=True)] = FAR_FROM_M
    """From how many metres on the place of the delivery is `far` from the address; less is `near`."""
    refer_from: Points
    """From how many points on a person decides, and nothing that is missing closes it."""
    pay_from: Points
    """From how many points on it is paid by itself."""

    @model_validator(mode="after")
    def _ordered(self) -> "Score":
        if self.pay_from <= self.refer_from:
            raise ContractError("pay_from", f"more than refer_from ({self.refer_from})", self.pay_from)
        return self

    @property
    def highest(self) -> int:
        """The most points that what is known of a delivery can give."""
        return self.start + sum(max(0, *(self.points.get(fact, 0) for fact in group)) for group in ALTERNATIVES)


class ScoreRow(Model):
    """One fact, and what the wording gives for it."""

    fact: DeliveryFact
    """What is known."""
    points: Points
    """What it adds."""


class ScoreUsed(Model):
    """A score as it was taken: the outcome follows from these numbers alone (see `outcome`)."""

    package_id: Id
    """The package that was weighed; of several in one complaint the one with the fewest points."""
    start: Points
    """The points where nothing is known."""
    rows: Annotated[tuple[ScoreRow, ...], Field(fail_fast=True, max_length=len(DeliveryFact))] = ()
    """What is known of the delivery, each with its points."""
    total: Annotated[int, Field(ge=-MAX_TOTAL, le=MAX_TOTAL)]
    """`start` and all rows."""
    refer_from: Points
    """The wording's."""
    pay_from: Points
    """The wording's."""

    @property
    def outcome(self) -> Outcome:
        """What follows from the points: it is paid, a person decides, or the score says nothing for it."""
        return outcome(self.start, [row.points for row in self.rows], self.refer_from, self.pay_from)


def outcome(start: int, points: Iterable[int], refer_from: int, pay_from: int) -> Outcome:
    """What follows from so many points; `below` is no denial."""
    total = start + sum(points)
    return "pay" if total >= pay_from else "refer" if total >= refer_from else "below"
