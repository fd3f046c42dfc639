"""What tracking must conclude of an order, said as plainly as possible: all facts at hand, every pair compared.

It keeps every scan, has no versions, no wakes and no state, and shares no code with the service. It holds where nothing
that a bound makes the service forget is at stake (see the strategies that make its facts).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from waybond_contracts.event import Event
from waybond_contracts.fields import Interval
from waybond_contracts.orders import OrderAmended, OrderLine, OrderPlaced, PromiseChanged
from waybond_contracts.policies import PolicyAmended, PolicyIssued
from waybond_contracts.shipments import ScanKind, ShipmentBooked, ShipmentChecked, ShipmentScanned
from waybond_contracts.watches import Watch
from waybond_contracts.wording import Clock, DeliveredBy, Scope

K = ScanKind
SHORTEST_SILENCE = timedelta(hours=6)
NO_PARCEL = {K.LABEL_CREATED, K.STALE, K.UNKNOWN, K.CANCELLED}
ON_ITS_WAY = set(K) - NO_PARCEL - {K.DELIVERED, K.LOST, K.DESTROYED, K.DAMAGED, K.DELAYED, K.HELD, K.ADDRESS_PROBLEM}
HELD_UP = {K.CUSTOMS_HELD, K.HELD, K.DELAYED, K.DELIVERY_ATTEMPTED, K.ADDRESS_PROBLEM, K.REFUSED, K.UNCLAIMED}
Broken = tuple[datetime, Interval | None, str]
"""Due, arrival, feed."""


@dataclass
class Oracle:
    """All facts of one order, without repetitions."""

    facts: Sequence[Event]

    def __post_init__(self) -> None:
        unique = {fact.model_dump_json(): fact for fact in self.facts}.values()
        self.order = next(each for each in unique if isinstance(each, OrderPlaced))
        self.issued = next(each for each in unique if isinstance(each, PolicyIssued))
        self.versions = sorted(
            (each for each in unique if isinstance(each, PolicyIssued | PolicyAmended)), key=lambda each: each.version
        )
        self.terms = self.versions[-1]
        self.amendments = [each for each in unique if isinstance(each, OrderAmended) and each.lines]
        self.promises = [each for each in unique if isinstance(each, PromiseChanged)]
        self.bookings = sorted((each for each in unique if isinstance(each, ShipmentBooked)), key=_by_booking)
        scans = [each for each in unique if isinstance(each, ShipmentScanned)]
        self.checks = [each for each in unique if isinstance(each, ShipmentChecked)]
        named = {each.package_id for each in (*self.bookings, *scans, *self.checks)}
        self.scans = {
            name: sorted((each for each in scans if each.package_id == name), key=_by_time) for name in sorted(named)
        }
        self.newest = {each.package_id: each for each in self.bookings}

    def broken(self) -> dict[tuple[str, str | None], Broken]:
        """What stands in the end, after every due and every answer's time has passed."""
        found: dict[tuple[str, str | None], Broken] = {}
        beside = [None] if self.left() else []
        for watch, until in self.watches():
            for package in [*self.scans, *beside] if watch.scope is Scope.PACKAGE else [None]:
                verdict = self._verdict(watch, package, until)
                if verdict is not None:
                    found.setdefault((watch.id, package), verdict)
        return found

    def watches(self) -> list[tuple[Watch, datetime]]:
        """All that any version of the policy has, with when it ends: where the next version has it no more, or with
        cover; those of the first version first."""
        found: list[tuple[Watch, datetime]] = []
        for one, after in pairwise(self.versions):
            found += [(each, after.occurred_at) for each in one.watches if each not in after.watches]
        return [*found, *((each, self.terms.ends_at) for each in self.terms.watches)]

    def lines(self) -> Sequence[OrderLine]:
        """The order's lines as they are now."""
        newest = max(self.amendments, key=lambda each: each.revision, default=None)
        return (newest.lines if newest else None) or self.order.lines

    def contents(self) -> dict[str, tuple[object, ...]]:
        """Of each package what lies in it, since when, when it was first booked, and what it replaces."""
        first = {each.package_id: each.occurred_at for each in reversed(self.bookings)}
        found: dict[str, tuple[object, ...]] = {}
        for name in self.scans:
            booking = self.newest.get(name)
            said = (booking.lines, booking.occurred_at, booking.replaces) if booking else ((), None, None)
            found[name] = (*said, first.get(name))
        return found

    def in_order(self) -> int | None:
        """How many packages there are, as the newest word has it."""
        said = [each for each in self.newest.values() if each.packages_in_order]
        newest = max(said, key=lambda each: (each.occurred_at, each.packages_in_order), default=None)
        return newest.packages_in_order if newest else None

    def left(self) -> bool:
        """Whether goods are left that no package holds: piece by piece."""
        if not self.scans:
            return True
        pieces, own, unclear = self._handed_out()
        worth_nothing = not any(line.total.minor for line in self.lines())
        announced = (self.in_order() or 0) - len(own | unclear)
        return any(dear or worth_nothing for _, dear in pieces) and (not unclear or announced > 0)

    def again(self) -> set[str]:
        """The packages that hold nothing but what another one held."""
        _, own, unclear = self._handed_out()
        return set(self.scans) - own - unclear if len(self.scans) > 1 else set()

    def _handed_out(self) -> tuple[list[tuple[str, bool]], set[str], set[str]]:
        """The pieces that are left (whether each cost something), the packages that have pieces of their own, and
        those of which nobody knows what they hold."""
        pieces = [(line.line_id, bool(line.total.minor)) for line in self.lines() for _ in range(line.quantity)]
        worth_nothing = not any(dear for _, dear in pieces)
        ordered = {name for name, _ in pieces}
        holds = {
            name: [line for line in each.lines for _ in range(line.quantity)] for name, each in self.newest.items()
        }
        clear = {name for name, each in holds.items() if each and {line.line_id for line in each} <= ordered}
        clear = set() if worth_nothing else clear
        first = {each.package_id: each.occurred_at for each in reversed(self.bookings)}
        again = {name for name in self.scans if self._original(name)}
        own: set[str] = set()
        for name in sorted(
            self.newest, key=lambda name: (len(self._chain(name)) if name in again else 0, first[name], name)
        ):
            original = self._original(name)
            if name not in clear or (original and original not in clear):
                continue
            same = [line.line_id for line in holds[original]] if original else []
            for line in holds[name]:
                if line.line_id in same:
                    same.remove(line.line_id)
                else:
                    taken = next((piece for piece in pieces if piece[0] == line.line_id), None)
                    if taken:
                        pieces.remove(taken)
                        own.add(name)
        return pieces, own, {name for name in self.scans if name not in clear and name not in again}

    def _chain(self, name: str) -> list[str]:
        """The package, the one that it replaces, the one that that one replaces, ..."""
        found = [name]
        while found[-1] in self.newest:
            following = self.newest[found[-1]].replaces
            if following is None or following not in self.scans:
                return found
            if following in found:
                return []
            found.append(following)
        return found

    def _original(self, name: str) -> str | None:
        """The package that it is said to replace, unless names lead in a circle."""
        chain = self._chain(name)
        return chain[1] if len(chain) > 1 else None

    def seen(self) -> dict[tuple[str, str], tuple[Interval, ScanKind]]:
        """What stands in the end of each kind of sighting, when it happened, and the scan that says so."""
        rules = {
            "ShipmentLost": ({K.LOST, K.DESTROYED}, ON_ITS_WAY),
            "ShipmentDamaged": ({K.DAMAGED}, set[ScanKind]()),
            "ShipmentReturned": (
                {K.RETURNING, K.RETURNED},
                {K.OUT_FOR_DELIVERY, K.READY_FOR_PICKUP, K.DELIVERY_ATTEMPTED, K.DELIVERED},
            ),
            "ShipmentHindered": (HELD_UP | {K.CANCELLED}, set[ScanKind]()),
            "ShipmentDelivered": ({K.DELIVERED}, {K.IN_TRANSIT, K.OUT_FOR_DELIVERY, K.RETURNING}),
        }
        found: dict[tuple[str, str], tuple[Interval, ScanKind]] = {}
        for name, scans in self.scans.items():
            for kind, (says, contradicts) in rules.items():
                standing = [each for each in scans if each.kind in says and not _followed(each, scans, contradicts)]
                if kind == "ShipmentDelivered":
                    standing += [each for each in scans if each.kind is K.READY_FOR_PICKUP]
                if standing:
                    found[kind, name] = standing[0].when, standing[0].kind
        return found

    def _verdict(self, watch: Watch, package: str | None, until: datetime) -> Broken | None:
        after = max(watch.after, SHORTEST_SILENCE) if watch.clock is Clock.LAST_SCAN else watch.after
        arrived = self._arrived(watch, package)
        starts = self._starts(watch, package)
        dues = [
            at + after
            for i, (since, at) in enumerate(starts)
            if not any(said == since or said <= at + after for said, other in starts[i + 1 :] if other != at)
        ]
        dues = [
            due for due in dues if due <= min(until, self.terms.ends_at) and not (arrived and arrived.earliest <= due)
        ]
        covered = [due for due in dues if due > self.issued.attached_at]
        if not dues:
            return None
        due = min(covered or dues)
        return due, arrived, self._feed(watch, package, due, arrived)

    def _feed(self, watch: Watch, package: str | None, due: datetime, arrived: Interval | None) -> str:
        if not watch.ask_carrier:
            return "not_asked"
        if arrived:
            return "answered"
        silent = [name for name in self._packages(watch, package) if self._arrival(watch, name) is None]
        checked = all(any(each.package_id == name and each.as_of >= due for each in self.checks) for name in silent)
        return "answered" if silent and checked and not self._missing(package) else "unanswered"

    def _packages(self, watch: Watch, package: str | None) -> list[str]:
        """The package, or with scope order all; goods that no package holds have none."""
        if package is not None:
            return [package]
        return list(self.scans) if watch.scope is Scope.ORDER else []

    def _missing(self, package: str | None) -> bool:
        return package is None and (len(self.scans) < (self.in_order() or 0) or self.left())

    def _arrived(self, watch: Watch, package: str | None) -> Interval | None:
        arrivals = [self._arrival(watch, name) for name in self._packages(watch, package)]
        known = [each for each in arrivals if each is not None]
        if not known or len(known) < len(arrivals) or self._missing(package):
            return None
        return Interval(earliest=max(each.earliest for each in known), latest=max(each.latest for each in known))

    def _arrival(self, watch: Watch, package: str) -> Interval | None:
        scans = self.scans[package]
        for each in scans:
            ready = each.kind is K.READY_FOR_PICKUP and DeliveredBy.READY_FOR_PICKUP in watch.delivered_by
            hands = [way.value for way in watch.delivered_by]
            counted = each.kind is K.DELIVERED and (each.handed_to.value if each.handed_to else "unknown") in hands
            moved_on = _followed(each, scans, {K.IN_TRANSIT, K.OUT_FOR_DELIVERY, K.RETURNING})
            if ready or (counted and not moved_on):
                return each.when
        return None

    def _starts(self, watch: Watch, package: str | None) -> list[tuple[datetime, datetime]]:
        """(said, start) by the time at which it was said; what repeats the one before it is left in."""
        match watch.clock:
            case Clock.ORDER:
                return [(self.order.occurred_at, self.order.occurred_at)]
            case Clock.PAYMENT:
                paid_at = self.order.payment.paid_at
                return [] if paid_at is None else [(paid_at, paid_at)]
            case Clock.DELIVERED:
                return []  # what has arrived breaks no deadline that starts with its arrival
            case Clock.PROMISED_LATEST:
                return self._promised(watch, package)
            case _ if package is not None:
                return self._of_package(watch, package)
            case _ if watch.scope is Scope.ORDER:
                return self._of_all(watch)
            case _:
                return []

    def _promised(self, watch: Watch, package: str | None) -> list[tuple[datetime, datetime]]:
        ordered = self.order.occurred_at
        found = [(ordered, self.order.promise.latest)] if self.order.promise else []
        own = [(each.occurred_at, each.promise.latest) for each in self._booked(package) if each.promise]
        bound = [latest for _, latest in sorted(found or own)[:1]]
        counted = [each for each in own if watch.follow_promise or each[1] <= bound[0]]
        if any(said <= ordered and at < latest for said, at in counted for _, latest in found):
            found = []
        found += counted
        changed = self.promises if watch.follow_promise else []
        overruled = [a for a in changed for b in changed if b.revision > a.revision and b.occurred_at <= a.occurred_at]
        found += [(each.occurred_at, each.promise.latest) for each in changed if each not in overruled]
        return sorted(found)

    def _booked(self, package: str | None) -> list[ShipmentBooked]:
        return [each for each in self.bookings if each.package_id == package]

    def _of_package(self, watch: Watch, package: str) -> list[tuple[datetime, datetime]]:
        scans = self.scans[package]
        booked = [(each.occurred_at, each.occurred_at) for each in self._booked(package)[:1]]
        physical = [each for each in scans if each.kind not in NO_PARCEL]
        match watch.clock:
            case Clock.FULFILMENT:
                return booked
            case Clock.LABEL:
                labels = [(each.when.earliest, each.when.latest) for each in scans if each.kind is K.LABEL_CREATED]
                return labels[:1] or booked
            case Clock.FIRST_SCAN:
                return [(each.when.earliest, each.when.latest) for each in physical][:1]
            case Clock.LAST_SCAN:
                ends = accumulate((each.when.latest for each in physical), max)
                heard = zip(physical, ends, strict=True)
                return [(each.when.earliest, end) for each, end in heard if self._speaks(watch, package, end)]
            case _:
                return sorted((each.occurred_at, each.carrier_eta) for each in scans if each.carrier_eta)

    def _speaks(self, watch: Watch, package: str, by: datetime) -> bool:
        """Whether enough was told by then for silence to mean something."""
        if watch.live_after == 0 and not watch.live_kinds:
            return True
        so_far = [each for each in self.scans[package] if each.when.earliest <= by and each.kind not in NO_PARCEL]
        times = {each.when.earliest for each in so_far}
        told = any(each.kind in watch.live_kinds for each in self.scans[package] if each.when.earliest <= by)
        return told or (watch.live_after > 0 and len(times) >= watch.live_after)

    def _of_all(self, watch: Watch) -> list[tuple[datetime, datetime]]:
        each_alone = {name: self._of_package(watch, name) for name in self.scans}
        again = self.again()
        own = {name: starts for name, starts in each_alone.items() if name not in again}
        # Goods that are shipped again do not start it anew (decision 84).
        each_alone = own if any(own.values()) else each_alone
        found: list[tuple[datetime, datetime]] = []
        for said in sorted({said for starts in each_alone.values() for said, _ in starts}):
            so_far = [[at for other, at in starts if other <= said] for starts in each_alone.values()]
            found.append((said, max(starts[-1] for starts in so_far if starts)))
        return found


def _by_booking(booking: ShipmentBooked) -> tuple[datetime, str]:
    return booking.occurred_at, booking.tracking_number


def _by_time(scan: ShipmentScanned) -> tuple[datetime, datetime, str, str, str]:
    return scan.when.earliest, scan.when.latest, scan.kind, scan.provider, scan.raw_code


def _followed(scan: ShipmentScanned, scans: Sequence[ShipmentScanned], kinds: set[ScanKind]) -> bool:
    """Whether one of these kinds surely came after it."""
    return any(each.kind in kinds and each.when.earliest > scan.when.latest for each in scans)
