"""Goods on their way back to the seller, in the claim file: parcels, what sellers say of them, and open steps."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from waybond_claims.case.journey import Interval

MAX_RETURNS = 50
MAX_RECEIPTS = 128
MAX_RETURNING = 64
LABEL, HANDED_IN, BACK, ACKNOWLEDGED = "label", "handed_in", "back", "acknowledged"
"""The steps of a return, in their order."""


class Parcel(Struct, frozen=True, array_like=True):
    """A package that the buyer sends back: the highest version of tracking's word about it."""

    package_id: str
    version: int
    dispute_id: str | None
    standing: bool = True
    """False: it is a package of the order after all."""
    booked_at: datetime | None = None
    handed_in: Interval | None = None
    back: Interval | None = None
    lost: Interval | None = None
    sent_back: Interval | None = None
    tracking_number: str = ""
    """As the carrier wrote it: what buyers and people know the label by."""

    @property
    def name(self) -> str:
        """What people call it by."""
        return self.tracking_number or self.package_id


class Receipt(Struct, frozen=True, array_like=True):
    """What a seller said of goods that came back."""

    dispute_id: str
    receipt_id: str
    condition: str
    at: datetime
    package_id: str = ""
    """Empty: all that was sent back."""
    lines: tuple[str, ...] = ()
    """Empty: all of the package."""


class Returning(Struct, frozen=True, array_like=True):
    """The return that a clause wants for a complaint: which step is open, and by when each was, or is, to be done."""

    dispute_id: str
    clause_id: str
    step: str = ""
    """The open one; empty: nothing is waited for."""
    dates: tuple[tuple[str, datetime], ...] = ()
    """Step, and by when it is to be done: from when it was told first. A time that runs is not prolonged."""
    passed: datetime | None = None
    """The last wake at which a date was over: all that was known by then had been read."""

    def until(self, step: str) -> datetime | None:
        """By when the step is to be done; None if it was never open."""
        return next((at for name, at in self.dates if name == step), None)

    def is_over(self, step: str) -> bool:
        """Whether the time for the step is over."""
        at = self.until(step)
        return at is not None and self.passed is not None and at <= self.passed

    @property
    def due(self) -> datetime | None:
        """When time alone ends the open step; None where nothing is open, or where it is over already."""
        return self.until(self.step) if self.step and not self.is_over(self.step) else None


def returning_of(kept: tuple[Returning, ...], dispute_id: str, clause_id: str) -> Returning | None:
    """The return under the clause for the complaint, if it was asked for."""
    return next((each for each in kept if (each.dispute_id, each.clause_id) == (dispute_id, clause_id)), None)


def with_passed(kept: tuple[Returning, ...], now: datetime) -> tuple[Returning, ...]:
    """The returns after a wake; the very same ones if no date was over."""
    if not any(each.due is not None and each.due <= now for each in kept):
        return kept
    return tuple([replace(each, passed=now) if each.due is not None and each.due <= now else each for each in kept])
