"""What signals keeps: of an order its tokens and photos, of a subject the orders that it was seen with."""

from datetime import datetime

from msgspec import Struct

from waybond_contracts.signals import Happening, SubjectKind

HAPPENINGS = tuple(Happening)
"""In the order in which `Seen.at` and `Day.counts` have them."""


class Fact(Struct, frozen=True, array_like=True):
    """As SignalFact."""

    of: SubjectKind
    fact: str
    value: int
    orders: tuple[str, ...] = ()


class Asking(Struct, frozen=True, omit_defaults=True):
    """A round of questions to the order's subjects."""

    round: int
    asked_at: datetime
    answer_by: datetime
    disputes: tuple[str, ...]
    waiting: tuple[tuple[SubjectKind, str], ...]
    """Subjects that have not answered yet."""
    facts: tuple[Fact, ...] = ()
    """What the others said."""
    late: bool = False
    """The time is over, and what is known was told."""


class OrderState(Struct, frozen=True, omit_defaults=True, tag="order"):
    """One order: which subjects it has and what was told to them."""

    tenant: str
    platform: str
    order_id: str
    since: datetime
    placed: bool = False
    tokens: tuple[tuple[SubjectKind, str], ...] = ()
    """Kind and digest; none before the order is known."""
    happened: tuple[Happening, ...] = ()
    told: tuple[Happening, ...] = ()
    """Those that the subjects were told of."""
    photos: tuple[str, ...] = ()
    """Perceptual hashes that say something, as they came."""
    disputes: tuple[str, ...] = ()
    asking: Asking | None = None
    """The round that is open."""
    rounds: int = 0
    """How many have begun."""
    version: int = 0
    """Of the last SignalsTold."""
    asked_with: tuple[int, int, int] = (0, 0, 0)
    """So many tokens, photos and complaints the last round knew."""
    dropped: int = 0
    """Photos and complaints beyond a bound."""


class Seen(Struct, frozen=True, array_like=True):
    """One order of a subject: when each happening became known, in the order of HAPPENINGS, as seconds since 1970; 0 of
    one that did not happen."""

    order: str
    at: tuple[int, ...]
    buyer: str = ""
    card: str = ""


class Day(Struct, frozen=True, array_like=True, gc=False):
    """How often each happening became known on one day (UTC, as a proleptic ordinal)."""

    day: int
    counts: tuple[int, ...]


class SubjectState(Struct, frozen=True, omit_defaults=True, tag="subject"):
    """A buyer, an address, a card or a seller."""

    tenant: str
    of: SubjectKind
    subject: str
    seen: tuple[Seen, ...] = ()
    """The orders that something was told of last, the newest last."""
    days: tuple[Day, ...] = ()
    """The last 90 days, the newest last; they count also what `seen` has forgotten."""


class Picture(Struct, frozen=True, array_like=True):
    """A photo that was handed in."""

    perceptual_hash: str
    order: str
    at: datetime


class BandState(Struct, frozen=True, omit_defaults=True, tag="band"):
    """The photos whose hashes are alike in one band of 16 bits, the newest last."""

    tenant: str
    subject: str
    pictures: tuple[Picture, ...] = ()


State = OrderState | SubjectState | BandState
