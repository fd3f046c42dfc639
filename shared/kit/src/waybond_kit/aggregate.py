"""What a pure `decide` takes and gives back: the only module of the kit that a service's decide imports."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from waybond_contracts.event import Event

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Woken:
    """The aggregate asked to be looked at again at `due` (aware UTC); adds no fact, may come without need."""

    due: datetime


class Outcome(Struct, Generic[S], frozen=True):
    """What `decide` concludes from one fact.

    `wake_at` replaces the wish of the previous outcome. An earlier wish may still wake the aggregate once, for
    nothing. On `Woken`, a `wake_at` that is not after `now` is a fault: the aggregate would wake for ever.
    """

    state: S | None
    """The new state; None leaves no state and no wake."""
    events: tuple[Event, ...] = ()
    """Published in this order, each to its class's topic, keyed by the order."""
    wake_at: datetime | None = None
    """When to look again (aware UTC), or None."""
    rows: tuple[object, ...] = ()
    """For the service's own storage, saved in the same transaction."""
    status: str = ""
    """A short word for people, kept in a column: open, paid, referred, closed. At most 32 characters."""


class Decide(Protocol[S]):
    """One pure function from facts to facts.

    `now` is when the fact became known, or the wake's due; it never goes back for one aggregate. `sent_at` is the
    earliest that anybody can hear of what is concluded (aware UTC; None: `now`): whoever waits for an answer counts
    from it (S: the service was down for three days; it commands a refund as of three days ago, and finds that the
    payment system has been silent for two). An exception means that the fact could not be applied: the aggregate is
    held until an operator releases or discards the record.
    """

    def __call__(
        self, state: S | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None
    ) -> Outcome[S]: ...


class Codec(Protocol[S]):
    """State to bytes and back; a large body that many states share (the wording) is kept once, by its SHA-256."""

    shape: int
    """The number of the state's shape. A stored shape above it stops the shard; one below is brought up by `decode`."""

    def encode(self, state: S) -> tuple[bytes, bytes | None]:
        """The state without its document, and the document's body or None."""
        ...

    def decode(self, shape: int, state: bytes, document: bytes | None) -> S:
        """The state, from bytes written in `shape` (at most the current one)."""
        ...
