"""Draws what carriers tell of one package: (kind, first, last) of each scan, in hours since the order was placed."""

from dataclasses import dataclass
from random import Random

DAY = 24
HALF = 12
SILENT_DAYS = 15
LOST_DAYS = 45
LONGEST_GAP = 24
"""In halves of a day: less than the silence that counts, an unknown time zone on both sides included."""
Scan = tuple[str, int, int]
ENDS = ("on time", "on time", "late", "late", "silent", "lost", "damaged", "returned", "unseen")


@dataclass(frozen=True, slots=True)
class Trip:
    """What a journey may look like."""

    after: int
    """When the package was booked."""
    promise: int
    sparse: bool = False
    """Only hand-over and arrival are told."""
    found: bool = False
    """It arrives although it counted as lost."""
    destroyed: bool = False
    """What is lost may have been destroyed."""
    held: bool = False
    """Customs may hold it."""
    spans: bool = False
    """The time zone of some scans is unknown."""


def journey(rng: Random, trip: Trip) -> list[Scan]:
    """The scans of one package."""
    end = rng.choice(ENDS)
    start = trip.after + HALF * rng.randint(1, 4)
    if end == "unseen":
        return []
    if end == "on time":
        arrives = start + HALF * rng.randint(2, 24)
    else:
        arrives = trip.promise + HALF * rng.randint(-6, 2 * LOST_DAYS - 4)
    scans = _on_the_way(rng, trip, start, max(arrives, start + HALF))
    last = scans[-1][1]
    match end:
        case "on time" | "late":
            scans.append(_scan(rng, trip, "DELIVERED", max(arrives, last + HALF)))
        case "silent":
            scans = scans[: max(2, rng.randint(1, len(scans)))]
        case "lost":
            scans.append(
                _scan(rng, trip, rng.choice(("LOST", "DESTROYED") if trip.destroyed else ("LOST",)), last + HALF)
            )
        case "damaged":
            scans.append(_scan(rng, trip, "DAMAGED", last + HALF))
            scans.append(_scan(rng, trip, "DELIVERED", last + HALF * rng.randint(4, 9)))
        case _:
            scans.append(_scan(rng, trip, "RETURNING", last + HALF))
            scans.append(_scan(rng, trip, "RETURNED", last + HALF * rng.randint(4, 9)))
    if trip.found and end in ("silent", "lost"):
        back = max(scans[-1][2], trip.promise) + HALF * rng.randint(2, 60)
        scans.append(_scan(rng, trip, "DELIVERED", back))
    if trip.sparse:
        scans = [scans[0], *(each for each in scans if each[0] in ("DELIVERED", "LOST", "DAMAGED"))]
    return scans


def _on_the_way(rng: Random, trip: Trip, start: int, until: int) -> list[Scan]:
    """A scan at least every twelve days, two at least."""
    scans = [_scan(rng, trip, "PICKED_UP", start)]
    at = start
    while at + LONGEST_GAP * HALF < until or len(scans) < 2:
        at += HALF * rng.randint(1, LONGEST_GAP - 4)
        kinds = ("IN_TRANSIT", "IN_TRANSIT", "IMPORT_ARRIVED", "OUT_FOR_DELIVERY")
        kind = "CUSTOMS_HELD" if trip.held and rng.random() < 0.3 else rng.choice(kinds)
        scans.append(_scan(rng, trip, kind, at))
    return scans


def _scan(rng: Random, trip: Trip, kind: str, at: int) -> Scan:
    span = rng.choice((0, 12, 24)) if trip.spans else 0
    return kind, at, at + span
