"""Packages and what tracking said of them, in the claim file."""

from datetime import datetime

from msgspec import Struct

MAX_WATCH_FACTS = 640


class Interval(Struct, frozen=True, array_like=True, gc=False):
    """When something happened, as far as it is known."""

    earliest: datetime
    latest: datetime


class Package(Struct, frozen=True, array_like=True):
    """A package as tracking's latest word about the order shows it."""

    package_id: str
    lines: tuple[tuple[str, int], ...] = ()
    kinds: tuple[str, ...] = ()
    booked_at: datetime | None = None
    first_scan: tuple[str, Interval] | None = None
    last_scan: tuple[str, Interval] | None = None
    carrier_eta: datetime | None = None
    noted: tuple[tuple[str, Interval], ...] = ()
    """When scans that an exclusion may name were made, of each kind the first one whose time is known."""
    contents_at: datetime | None = None
    """Of which time the word is that `lines` are of: when the booking was made, if tracking says that."""
    replaces: str = ""
    """The package whose goods are shipped again in this one, where its booking says so."""


class WatchFact(Struct, frozen=True, array_like=True):
    """A watch fell due: the highest version of tracking's word about it."""

    watch_id: str
    package_id: str | None
    version: int
    event: str
    breached: bool
    clock: str
    start: datetime
    source: str
    due: datetime
    as_of: datetime
    feed: str
    arrived: Interval | None = None
    checked_as_of: datetime | None = None


class SeenFact(Struct, frozen=True, array_like=True):
    """Scans say that something happened to a package: the highest version of tracking's word about it."""

    event: str
    package_id: str | None
    version: int
    standing: bool
    when: Interval
    scan: str = ""
    handed_to: str = ""
    also: tuple[tuple[str, Interval], ...] = ()
    """Of every other kind of scan that says so the first one."""

    facts: tuple[str, ...] = ()
    """What is known of a delivery, in the words of waybond_contracts.received.DeliveryFact."""
    distance_m: int | None = None
    """How far from the address it was scanned as delivered."""

    def told_by(self, kinds: tuple[str, ...]) -> Interval | None:
        """When the first scan of these kinds says that it happened; None if no scan of them does."""
        said = [(self.scan, self.when), *self.also]
        return min([when for kind, when in said if kind in kinds], key=_latest, default=None)


def _latest(when: Interval) -> datetime:
    return when.latest
