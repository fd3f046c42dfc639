"""The order as it was placed and amended, in the claim file."""

from datetime import datetime

from msgspec import Struct

MAX_TOTALS = 32


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


class Order(Struct, frozen=True, omit_defaults=True):
    """The order as it was placed."""

    placed_at: datetime
    currency: str
    minor: int
    lines: tuple[Line, ...]
    language: str
    time_zone: str
    buyer: str
    payment: Payment
    promised_latest: datetime | None = None
    seller: str = ""
    """Nobody decides on what they sold; empty in files of before."""


class Total(Struct, frozen=True, array_like=True, gc=False):
    """What the order cost under a revision, from when it was made."""

    revision: int
    since: datetime
    minor: int
    currency: str


class Amended(Struct, frozen=True, omit_defaults=True):
    """What later revisions replaced; of each the highest revision counts."""

    total_revision: int = -1
    minor: int = 0
    currency: str = ""
    lines_revision: int = -1
    lines: tuple[Line, ...] = ()
    promise_revision: int = -1
    promised_latest: datetime | None = None
    totals: tuple[Total, ...] = ()
    """Of each revision that says it, MAX_TOTALS at most, the lowest first: exclusions look at what it was."""
