"""What scans say of one package: which are kept, when it was heard of, and what may be concluded from them.

Kept are the first and the last scan of each kind (and, of deliveries, of each hand they went to), of kinds that a later
scan may contradict also those before the last, up to a bound; of the others only the stretches of time in which the
parcel was heard of, and the arrivals that the carrier expected, with when it mentioned them. Below the bounds all of
these are the same whatever order the scans are learned in, and however often.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec.structs import replace

from waybond_contracts.shipments import HandedTo, ScanKind, ShipmentBooked, ShipmentChecked, ShipmentScanned
from waybond_contracts.wording import MAX_LIVE_SCANS, DeliveredBy
from waybond_tracking.proofs import with_proof
from waybond_tracking.state import Eta, Heard, Line, Package, PackagePromise, Scan, When, when

MAX_STRETCHES = 24
"""Of scans that are not kept, for each package. Beyond it the two nearest become one: a silence is forgotten, none is
made."""
MAX_ETAS_APART = 4
"""Mentions of expected arrivals, for each package. Beyond it the two nearest of one arrival, with none of another
between them, become one stretch. A mention of another that is learned later and lies within a stretch is left out: a
miss is forgotten, none is made."""
MAX_ETAS = 8
"""Stretches of such mentions, for each package. Beyond it the earliest is forgotten; that it was missed stays told."""
MAX_PACKAGE_PROMISES = 8
"""Of the bookings of a package. Beyond it all but the first and the latest said are forgotten."""
SHORTEST_SILENCE = timedelta(hours=6)
"""Scans nearer to each other than this are one stretch; a watch for a shorter silence is taken as one of this."""
MAX_AHEAD = timedelta(days=2)
"""A clock of unknown zone may run ahead of what is known by a day; what is dated further ahead is no date, and what
happened at some time until far ahead happened by then."""

NOT_PHYSICAL = frozenset({ScanKind.LABEL_CREATED, ScanKind.STALE, ScanKind.UNKNOWN, ScanKind.CANCELLED})
"""Nobody had the parcel in hand: they neither start first_scan nor break a silence."""
MOVED = frozenset(
    {
        ScanKind.PICKED_UP,
        ScanKind.IN_TRANSIT,
        ScanKind.EXPORT_DEPARTED,
        ScanKind.IMPORT_ARRIVED,
        ScanKind.CUSTOMS_PRESENTED,
        ScanKind.CUSTOMS_HELD,
        ScanKind.CUSTOMS_RELEASED,
        ScanKind.OUT_FOR_DELIVERY,
        ScanKind.READY_FOR_PICKUP,
        ScanKind.DELIVERY_ATTEMPTED,
        ScanKind.REFUSED,
        ScanKind.UNCLAIMED,
        ScanKind.RETURNING,
        ScanKind.RETURNED,
    }
)
"""After a loss they say that it was found again. A delivery does not: that is a late arrival, left to the wording."""
MOVED_ON = frozenset({ScanKind.IN_TRANSIT, ScanKind.OUT_FOR_DELIVERY, ScanKind.RETURNING})
"""After a delivery they say that it was none."""
TOWARDS_BUYER = frozenset(
    {ScanKind.OUT_FOR_DELIVERY, ScanKind.READY_FOR_PICKUP, ScanKind.DELIVERY_ATTEMPTED, ScanKind.DELIVERED}
)
"""After a return they say that it goes to the buyer after all."""
LOSSES = frozenset({ScanKind.LOST, ScanKind.DESTROYED})
DAMAGES = frozenset({ScanKind.DAMAGED})
RETURNS = frozenset({ScanKind.RETURNING, ScanKind.RETURNED})
HINDRANCES = frozenset(
    {
        ScanKind.CUSTOMS_HELD,
        ScanKind.HELD,
        ScanKind.DELAYED,
        ScanKind.DELIVERY_ATTEMPTED,
        ScanKind.ADDRESS_PROBLEM,
        ScanKind.REFUSED,
        ScanKind.UNCLAIMED,
        ScanKind.CANCELLED,
    }
)
"""What exclusions may name: that it was scanned is told at once, and when."""
DELIVERIES = frozenset({ScanKind.DELIVERED})
READY = frozenset({ScanKind.READY_FOR_PICKUP})
CONTRADICTED = DELIVERIES | LOSSES | RETURNS
"""The first of these that no later scan contradicts counts; it may be neither the first nor the last one (S: told as
delivered, then moving, then delivered in time; a week later the proof of delivery comes as one more delivery)."""
MAX_ALIKE = 8
"""Scans of one such kind and hand: the first and the last ones."""


def dated(said: datetime, now: datetime) -> datetime:
    """When it happened; what says 2099 happened by the time that we heard of it."""
    return said if said <= now + MAX_AHEAD else now


def with_booking(package: Package, event: ShipmentBooked, now: datetime) -> tuple[Package, int]:
    """The package with the booking added, and how many promises a bound made it forget.

    The first booking starts the clock; what the package holds and who carries it is the latest booking's word.
    """
    newest = package.contents_as_of
    at = dated(event.occurred_at, now)
    booked_at = at if package.booked_at is None else min(package.booked_at, at)
    promises = _promises(package.promises, event, at)
    bounded = (*promises[:1], *promises[1:][1 - MAX_PACKAGE_PROMISES :])
    forgotten = len(promises) - len(bounded)
    if newest is not None and (at < newest or (at == newest and _content(event) <= _content(package))):
        rebooked_at = newest if newest != booked_at else None
        return replace(package, booked_at=booked_at, rebooked_at=rebooked_at, promises=bounded), forgotten
    package = replace(
        package,
        booked_at=booked_at,
        rebooked_at=at if at != booked_at else None,
        carrier=event.carrier,
        tracking_number=event.tracking_number,
        lines=tuple(Line(each.line_id, each.quantity) for each in event.lines),
        packages_in_order=event.packages_in_order,
        promises=bounded,
        replaces=event.replaces,
    )
    return package, forgotten


def _content(booking: ShipmentBooked | Package) -> tuple[str, str, Sequence[tuple[str, int]], str, int]:
    """Of two bookings that were made at one instant the higher one counts, whichever is learned first."""
    lines = tuple((each.line_id, each.quantity) for each in booking.lines)
    replaces, in_order = booking.replaces or "", booking.packages_in_order or 0
    return booking.carrier, booking.tracking_number, lines, replaces, in_order


def _promises(known: tuple[PackagePromise, ...], event: ShipmentBooked, at: datetime) -> tuple[PackagePromise, ...]:
    """By when they were said, whatever order the bookings are learned in."""
    if event.promise is None:
        return known
    new = PackagePromise(at, event.promise.latest)
    return known if new in known else tuple(sorted((*known, new), key=lambda each: (each.said, each.latest)))


def with_check(package: Package, event: ShipmentChecked, now: datetime) -> Package:
    """What the carrier knew is proven up to `as_of`, but no further than the time at which its answer was known."""
    as_of = min(event.as_of, now)
    if package.checked_as_of is not None and as_of <= package.checked_as_of:
        return package
    return replace(package, checked_as_of=as_of)


def with_scan(package: Package, event: ShipmentScanned, now: datetime) -> tuple[Package, int]:
    """The package with the scan added, and how many earlier facts a bound made it forget."""
    scan = _scan(event, now)
    if event.proof is not None:
        package = with_proof(package, event, scan.when.earliest)
    scans, left_out = _kept(package.scans, scan)
    heard, spoke = package.heard, package.spoke
    if left_out is not None and left_out.kind not in NOT_PHYSICAL:
        heard = _joined(heard, left_out)
        spoke = _spoke(scans, {*spoke, left_out.when.earliest})
    etas, forgotten = package.etas, 0
    if event.carrier_eta is not None:
        etas, forgotten = _etas(etas, event.carrier_eta, scan.when.earliest)
    if (scans, heard, etas, spoke) == (package.scans, package.heard, package.etas, package.spoke):
        return package, forgotten
    bounded = _bounded(heard)
    kept = replace(package, scans=scans, heard=bounded, etas=etas, spoke=spoke)
    return kept, forgotten + len(heard) - len(bounded)


def _scan(event: ShipmentScanned, now: datetime) -> Scan:
    handed_to = event.handed_to if event.kind is ScanKind.DELIVERED else None
    if dated(event.occurred_at, now) != event.occurred_at:
        return Scan(event.kind, When(now), event.provider, event.raw_code, handed_to)
    latest = min(event.occurred_until or event.occurred_at, now + MAX_AHEAD)
    return Scan(event.kind, when(event.occurred_at, latest), event.provider, event.raw_code, handed_to)


def order_of(scan: Scan) -> tuple[datetime, datetime, str, str, str, str]:
    """Total order of scans: by time, then by what they are, so that a tie does not depend on which came first."""
    return (scan.when.earliest, scan.when.latest, scan.kind, scan.provider, scan.raw_code, scan.handed_to or "")


def _kept(scans: tuple[Scan, ...], scan: Scan) -> tuple[tuple[Scan, ...], Scan | None]:
    """The first and the last of each kind, by time (of what may be contradicted the first and the last few); and the
    scan that is none of these, if there is one now."""
    alike = [each for each in scans if each.kind is scan.kind and each.handed_to is scan.handed_to]
    if scan in alike:
        return scans, None
    alike = sorted((*alike, scan), key=order_of)
    most = MAX_ALIKE if scan.kind in CONTRADICTED else 2
    left_out = alike[1] if len(alike) > most else None
    if left_out is scan:
        return scans, scan
    return tuple(sorted((each for each in (*scans, scan) if each is not left_out), key=order_of)), left_out


def heard_of(package: Package) -> Sequence[Heard]:
    """The stretches in which somebody had the parcel in hand, by time, with silences between them."""
    found = [*package.heard]
    found += [Heard(each.when, each.kind) for each in package.scans if each.kind not in NOT_PHYSICAL]
    found.sort(key=_began)
    apart: list[Heard] = []
    for each in found:
        if apart and each.when.earliest - apart[-1].when.latest < SHORTEST_SILENCE:
            apart[-1] = _one(apart[-1], each)
        else:
            apart.append(each)
    return apart


def _joined(stretches: tuple[Heard, ...], scan: Scan) -> tuple[Heard, ...]:
    """Stretches nearer to each other than SHORTEST_SILENCE are one, so that what is kept of any number of scans does
    not depend on the order in which they are learned."""
    grown = Heard(scan.when, scan.kind)
    apart: list[Heard] = []
    for each in stretches:
        before = scan.when.earliest - each.when.latest >= SHORTEST_SILENCE
        after = each.when.earliest - scan.when.latest >= SHORTEST_SILENCE
        if before or after:
            apart.append(each)
        else:
            grown = _one(grown, each)
    return stretches if grown in stretches else tuple(sorted((*apart, grown), key=_began))


def _one(one: Heard, other: Heard) -> Heard:
    latest, kind = max((one.when.latest, one.kind), (other.when.latest, other.kind))
    return Heard(when(min(one.when.earliest, other.when.earliest), latest), kind)


def _bounded(stretches: tuple[Heard, ...]) -> tuple[Heard, ...]:
    while len(stretches) > MAX_STRETCHES:
        gaps = [b.when.earliest - a.when.latest for a, b in pairwise(stretches)]
        i = gaps.index(min(gaps))
        stretches = (*stretches[:i], _one(stretches[i], stretches[i + 1]), *stretches[i + 2 :])
    return stretches


def _began(stretch: Heard) -> datetime:
    return stretch.when.earliest


def _etas(etas: tuple[Eta, ...], eta: datetime, said: datetime) -> tuple[tuple[Eta, ...], int]:
    """The mentions with one more, and how many a bound made it forget.

    The first and the last mention of each arrival are not enough. Scenario: the carrier expects day 10, then day 4, and
    on day 3 day 10 again. It repeats day 10 on day 5. The mention of day 3 must still be known: it replaced day 4 in
    time, and nothing was missed on day 4.
    """
    if any(each.eta == eta and each.first_said <= said <= each.last_said for each in etas):
        return etas, 0
    if any(each.first_said <= said < each.last_said for each in etas):
        return etas, 1
    found = sorted((*etas, Eta(eta, said, said)), key=lambda each: (each.last_said, each.eta))
    while len(found) > MAX_ETAS_APART:
        alike = [i for i, (one, other) in enumerate(pairwise(found)) if one.eta == other.eta]
        if not alike:
            break
        nearest = min(alike, key=lambda i: found[i + 1].first_said - found[i].last_said)
        one, other = found[nearest : nearest + 2]
        found[nearest : nearest + 2] = [Eta(one.eta, one.first_said, other.last_said)]
    return tuple(found[-MAX_ETAS:]), max(0, len(found) - MAX_ETAS)


def first_heard(package: Package) -> Sequence[datetime]:
    """The first instants at which somebody had the parcel in hand, MAX_LIVE_SCANS at most: whether its feed speaks."""
    return sorted(_in_hand(package.scans).union(package.spoke))[:MAX_LIVE_SCANS]


def _in_hand(scans: Iterable[Scan]) -> set[datetime]:
    return {each.when.earliest for each in scans if each.kind not in NOT_PHYSICAL}


def _spoke(scans: Iterable[Scan], others: set[datetime]) -> tuple[datetime, ...]:
    """Of the first instants those that no scan which is kept has."""
    kept = _in_hand(scans)
    return tuple(each for each in sorted(kept | others)[:MAX_LIVE_SCANS] if each not in kept)


def first_scan(package: Package) -> Scan | None:
    """The first of somebody who had the parcel in hand."""
    return next((each for each in package.scans if each.kind not in NOT_PHYSICAL), None)


def last_scan(package: Package) -> Scan | None:
    """The last of somebody who had the parcel in hand."""
    physical = (each for each in package.scans if each.kind not in NOT_PHYSICAL)
    return max(physical, key=lambda each: (each.when.latest, order_of(each)), default=None)


def arrival(package: Package, delivered_by: Iterable[DeliveredBy]) -> Scan | None:
    """The delivery that the wording counts, if there is one that no later movement contradicts."""
    ways: frozenset[str] = frozenset(delivered_by)
    for scan in package.scans:
        # HandedTo and DeliveredBy name the hands alike, so their values compare.
        if (
            scan.kind is ScanKind.DELIVERED
            and (scan.handed_to or HandedTo.UNKNOWN) in ways
            and _stands(package, scan, MOVED_ON)
        ):
            return scan
        if scan.kind is ScanKind.READY_FOR_PICKUP and DeliveredBy.READY_FOR_PICKUP in ways:
            return scan
    return None


def delivery(package: Package) -> Scan | None:
    """The first delivery that stands; without one, the first time that the parcel was ready to be picked up, which no
    later scan takes back."""
    return seen(package, DELIVERIES, MOVED_ON) or seen(package, READY, frozenset())


def seen(package: Package, kinds: frozenset[ScanKind], contradicted_by: frozenset[ScanKind]) -> Scan | None:
    """The first scan of these kinds that no scan of the others surely follows."""
    for scan in package.scans:
        if scan.kind in kinds and _stands(package, scan, contradicted_by):
            return scan
    return None


def seen_beside(
    package: Package, scan: Scan, kinds: frozenset[ScanKind], contradicted_by: frozenset[ScanKind]
) -> tuple[Scan, ...]:
    """Of every other of these kinds the first scan that stands: a wording may name just that kind."""
    found: dict[ScanKind, Scan] = {}
    for each in package.scans:
        if each.kind in kinds and each.kind is not scan.kind and _stands(package, each, contradicted_by):
            found.setdefault(each.kind, each)
    return tuple(found.values())


def _stands(package: Package, scan: Scan, contradicted_by: frozenset[ScanKind]) -> bool:
    """Where the intervals overlap the order is not known, and the scan stands."""
    latest = scan.when.latest
    return not any(each.when.earliest > latest for each in package.scans if each.kind in contradicted_by)
