"""The smallest parts of a claim file: when something happened, what was bought, how it was paid."""

from datetime import datetime

from msgspec import Struct


class Interval(Struct, frozen=True, array_like=True, gc=False):
    """When something happened, as far as it is known."""

    earliest: datetime
    latest: datetime


class Line(Struct, frozen=True, array_like=True, gc=False):
    """One line of the order; `minor` for all units together."""

    line_id: str
    quantity: int
    minor: int
    category: str = ""


class Payment(Struct, frozen=True, array_like=True, gc=False):
    """What a refund has to name."""

    provider: str
    kind: str
    reference: str
    paid_at: datetime | None = None
