"""A claim in plain words: what its clause says, what became known of it, and what people do when they are asked.

Times are minutes since the order was placed, amounts minor units of its currency.
"""

from dataclasses import dataclass, field
from typing import Literal

HOUR, DAY = 60, 24 * 60
END = 230 * DAY
"""The last look; the policy ends on day 240."""


@dataclass(frozen=True, slots=True)
class Need:
    """A document that has to be handed in."""

    of: str
    kinds: tuple[str, ...]
    days: int
    absent: str
    above: int | None = None
    up_to: int | None = None


@dataclass(frozen=True, slots=True)
class First:
    """What is offered first."""

    remedy: str
    share: str
    days: int
    declined: str


@dataclass(frozen=True, slots=True)
class Back:
    """The goods have to come back first: how many days each step has, and what follows if it is missed."""

    label: int | None
    unlabelled: str
    handed_in: int
    not_handed_in: str
    late: str
    """What follows once they are handed in too late."""
    back: int
    not_back: str
    acknowledged: int
    silent: str
    said: tuple[tuple[str, str], ...]
    """What follows from what the seller says of them, other than that they were received."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The one clause of the wording: it pays for damage that somebody claims."""

    share: str = "1.00"
    limit: int | None = None
    needs: tuple[Need, ...] = ()
    proven: bool = False
    """Whether it pays by itself once all is there."""
    seller: tuple[int, str] | None = None
    """How many days the seller has, and what silence means."""
    remedies: tuple[tuple[str, str | None], ...] = ()
    """Each with the largest part that it may be."""
    offer: First | None = None
    appeal: int | None = None
    """How many days after a decision."""
    opens: int | None = None
    """How many days after the order it can be claimed."""
    back: Back | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Base: something that becomes known."""

    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed(Fact):
    """The buyer claims, and asks for so much (None: what the wording gives)."""

    asked: int | None = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed(Fact):
    """Somebody hands in a document; the same name is the same document."""

    by: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Fact):
    """The seller accepts, contests or offers."""

    response: str
    minor: int | None = None
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appealed(Fact):
    """The buyer appeals, with a document or without one."""

    kind: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Fact):
    """Tracking's word about the parcel that goes back, with minutes; the higher version is the newer word."""

    version: int
    handed_in: int | None = None
    back: int | None = None
    lost: int | None = None
    sent_back: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Fact):
    """The seller says how the goods came back."""

    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded(Fact):
    """The platform gives money back."""

    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Fact):
    """A bank says how its dispute ended; the higher revision is the newer word."""

    revision: int
    minor: int
    """What the buyer has by it; 0: the seller won."""


@dataclass(frozen=True, slots=True)
class Does:
    """What somebody does who was asked, and after how many minutes."""

    what: Literal["accept", "decline", "stale", "pay", "do_not_pay", "offer", "uphold", ""]
    after: int = 0
    minor: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """An order of one line, the clause, what became known, and how people answer."""

    total: int
    terms: Terms
    facts: tuple[Fact, ...]
    buyer: dict[str, Does] = field(default_factory=dict)
    """By who offers: wording, seller or person."""
    person: tuple[Does, ...] = ()
    """One after the other, each time that a person is asked about the claim."""
    lead: tuple[Does, ...] = ()
    """The same, about appeals."""
    keeper: tuple[Does, ...] = ()
    """The same, about how goods came back."""
    looks: tuple[int, ...] = (END,)


NOTHING = Does("")


def nth(answers: tuple[Does, ...], number: int) -> Does:
    """The answer to the question of this number, from 0; nobody answers those behind the last one."""
    return answers[number] if number < len(answers) else NOTHING


def told(minute: int) -> str:
    """A minute as people say it."""
    return f"day {minute / DAY:.4g}"
