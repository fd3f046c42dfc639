"""The facts of one order in plain words: what was said of it, when it happened and when it became known.

Times are hours since the order was placed, amounts are minor units of the order's currency.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from tests.oracle.wordings import Rate, Wording

DAY = 24
F = TypeVar("F", bound="Fact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Base: something that was said of the order."""

    known: int
    """When it became known."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the order."""

    name: str
    minor: int
    quantity: int = 1
    category: str = "toys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed(Fact):
    """The order was placed, at hour 0."""

    lines: tuple[Line, ...]
    promise: int
    shipping: int = 0
    currency: str = "USD"
    lane: str = "CN-BR"

    @property
    def total(self) -> int:
        return sum(line.minor for line in self.lines) + self.shipping


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended(Fact):
    """The order's lines and total changed."""

    revision: int
    total: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded(Fact):
    """The platform gave money back. `same_as` names a dispute that the same money was told by, `echo` that it was a
    refund of ours."""

    ref: str
    minor: int
    lines: tuple[str, ...] = ()
    same_as: str = ""
    echo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover(Fact):
    """A version of the policy: what is insured under it, and until when."""

    version: int
    basis: int
    limit: int
    ends: int
    package_limit: int | None = None
    lane: str = "CN-BR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Fact):
    """The policy was cancelled; `void`: nothing was ever covered."""

    version: int
    void: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked(Fact):
    """A package was booked, or booked again with other contents."""

    at: int
    package: str
    lines: tuple[tuple[str, int], ...] = ()
    announced: int | None = None
    """How many packages the order is shipped in."""
    promise: int | None = None
    replaces: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned(Fact):
    """A carrier reported something that happened between `first` and `last`."""

    package: str
    kind: str
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(Fact):
    """The carrier answered: what it knew of the package until `at` has been told."""

    package: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed(Fact):
    """A card scheme's chargeback was opened."""

    dispute: str
    minor: int | None = None
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved(Fact):
    """The chargeback ended."""

    dispute: str
    outcome: str
    minor: int | None = None
    at: int = 0
    revision: int | None = None
    """Which word of the bank it is, where the bank counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed(Fact):
    """The buyer claimed, under the dispute's name: for these lines, and so much."""

    dispute: str
    lines: tuple[str, ...] = ()
    minor: int | None = None
    at: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """A wording and the facts of one order under it."""

    wording: Wording
    facts: tuple[Fact, ...]
    rates: tuple[Rate, ...] = ()
    features: tuple[str, ...] = ()
    """What was drawn into it beside the plain story."""
    looks: tuple[int, ...] = field(default=(400 * DAY,))
    """The instants at which what is owed is compared."""

    def until(self, instant: int) -> tuple[Fact, ...]:
        """What was known by then, in the order in which it became known."""
        return tuple(sorted((each for each in self.facts if each.known <= instant), key=lambda each: each.known))


def only(kind: type[F], facts: Iterable[Fact]) -> list[F]:
    """The facts of one kind."""
    return [each for each in facts if isinstance(each, kind)]


def told(hour: int) -> str:
    """An hour as people say it: "day 12", "day 12.5"."""
    return f"day {hour / DAY:g}"
