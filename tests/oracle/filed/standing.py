"""Where a claim stands, as the oracle keeps it: offers, what was asked for, and decisions."""

from dataclasses import dataclass

from tests.oracle.filed.back import Come
from tests.oracle.filed.facts import Need


@dataclass(frozen=True, slots=True)
class Want:
    """An offer that is to be open; `by` says who offers, `name` which of their offers it is."""

    by: str
    name: str
    remedy: str
    minor: int | None = None
    share: str = ""


@dataclass(frozen=True, slots=True)
class Stands:
    """Where the claim stands; of what is paid how much (None: what the clause gives)."""

    how: str
    total: int | None = None
    by: str = ""
    """What decided it; empty: it follows from what is there."""
    missing: tuple[Need, ...] = ()
    want: Want | None = None
    come: Come | None = None
    """The step of a return that is waited for."""
    about: str = "claim"
    """What a person is asked about."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that was made."""

    want: Want
    made: int
    total: int
    minor: int
    until: int


@dataclass(slots=True)
class Asked:
    """Something that was asked for."""

    until: int
    missing: bool = True
    over: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided last, and what was known then."""

    outcome: str
    at: int
    known: frozenset[str]
    reopened: bool = False
