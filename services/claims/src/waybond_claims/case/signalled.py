"""What signals told of the order's buyer, address, card, seller and photos, in the claim file."""

from datetime import datetime

from msgspec import Struct

MAX_ORDERS_KEPT = 4
"""Of those that a fact names; the event has up to 16."""


class Signal(Struct, frozen=True, array_like=True, gc=False):
    """One fact: so many other orders, and the newest of them."""

    of: str
    fact: str
    value: int
    orders: tuple[str, ...] = ()


class Signalled(Struct, frozen=True, omit_defaults=True):
    """What signals have to answer, and their newest answer."""

    since: datetime
    """When the last complaint, photo or the order itself became known: from then on an answer is waited for."""
    photos: tuple[str, ...] = ()
    """Perceptual hashes that were handed in and that signals compare."""
    silent: tuple[str, ...] = ()
    """Complaints for which a wake found no answer in time; none once signals answer."""
    version: int = 0
    """Of the newest SignalsTold; 0: none came yet."""
    asked_at: datetime | None = None
    """When signals asked around for it."""
    disputes: tuple[str, ...] = ()
    """The complaints that it knew."""
    compared: tuple[str, ...] = ()
    """The photos that it knew."""
    unknown: tuple[str, ...] = ()
    """Kinds of subject of which it told nothing."""
    late: tuple[str, ...] = ()
    """Those of them that did not answer in time."""
    facts: tuple[Signal, ...] = ()
