"""What happened to each package: its scans, its arrival, and when each peril was met."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.oracle.facts import Booked, Fact, Placed, Scanned, only
from tests.oracle.wordings import DAY, Clause, Tier, Way

NO_PARCEL = {"LABEL_CREATED", "STALE", "UNKNOWN", "CANCELLED"}
"""Scans that say nothing of where a parcel is."""
ON_ITS_WAY = {
    *("PICKED_UP", "IN_TRANSIT", "EXPORT_DEPARTED", "IMPORT_ARRIVED", "CUSTOMS_PRESENTED", "CUSTOMS_HELD"),
    *("CUSTOMS_RELEASED", "OUT_FOR_DELIVERY", "READY_FOR_PICKUP", "DELIVERY_ATTEMPTED"),
    *("REFUSED", "UNCLAIMED", "RETURNING", "RETURNED"),
}
UNDONE_BY = {
    "LOST": ON_ITS_WAY,
    "DESTROYED": ON_ITS_WAY,
    "RETURNING": {"OUT_FOR_DELIVERY", "READY_FOR_PICKUP", "DELIVERY_ATTEMPTED", "DELIVERED"},
    "RETURNED": {"OUT_FOR_DELIVERY", "READY_FOR_PICKUP", "DELIVERY_ATTEMPTED", "DELIVERED"},
    "DELIVERED": {"IN_TRANSIT", "OUT_FOR_DELIVERY", "RETURNING"},
}
"""A scan does not stand if one of these surely happened after it."""
ORDER, REMAINDER = "the order", "the remainder"


@dataclass(frozen=True, slots=True)
class Met:
    """A tier (or the one benefit of `any_of`) was met at `due`; `periods` are the dues of a tier that pays for each
    period, the first of them `due`."""

    tier: int
    due: int
    periods: tuple[int, ...]
    asked: bool = False
    """Whether the carrier can be asked: a clock ran out, no scan says so."""


@dataclass
class Parcels:
    """All packages of the order, as far as they are known at `now`."""

    facts: Sequence[Fact]
    now: int

    def __post_init__(self) -> None:
        self.placed = only(Placed, self.facts)[0]
        self.bookings = sorted(set(only(Booked, self.facts)), key=lambda each: (each.at, each.known))
        self.names = sorted({each.package for each in only(Booked, self.facts) + only(Scanned, self.facts)})
        self.made_good: dict[str, dict[str, dict[str, int] | None]] = {}
        """By package: the replacements whose arrival counts as its own, with its pieces by line. Filled by
        whoever knows the contents."""
        self.pieces: dict[str, dict[str, int]] = {}
        """By package with known contents: its pieces by line."""

    def scans(self, package: str) -> list[Scanned]:
        unique = {
            (each.kind, each.first, each.last): each for each in only(Scanned, self.facts) if each.package == package
        }
        return [unique[key] for key in sorted(unique, key=lambda key: (key[1], key[2], key[0]))]

    def standing(self, package: str, kinds: Collection[str]) -> list[Scanned]:
        """Scans of these kinds that no later scan undoes."""
        scans = self.scans(package)
        return [
            each
            for each in scans
            if each.kind in kinds
            and not any(other.kind in UNDONE_BY.get(each.kind, ()) and other.first > each.last for other in scans)
        ]

    def arrived(self, unit: str, parts: Iterable[str] = ()) -> int | None:
        """The earliest instant at which it can have arrived; the order when the last of its `parts` did."""
        if unit == REMAINDER:
            return None
        if unit == ORDER:
            all_of_them = [self.arrived(part) for part in parts]
            known = [each for each in all_of_them if each is not None]
            return max(known) if known and len(known) == len(all_of_them) else None
        again = {each: self.arrived(each) for each in self.made_good.get(unit, ())}
        found = [each for each in (self._delivered(unit), self._made_good_at(unit, again)) if each is not None]
        return min(found, default=None)

    def _delivered(self, package: str) -> int | None:
        scans = self.standing(package, {"DELIVERED"})
        return scans[0].first if scans else None

    def _made_good_at(self, package: str, arrivals: Mapping[str, int | None]) -> int | None:
        """When the last of its pieces had arrived in replacements."""
        again = self.made_good.get(package, {})
        for instant in sorted(each for each in arrivals.values() if each is not None):
            there = [again[other] for other, at in arrivals.items() if at is not None and at <= instant]
            pieces = [each for each in there if each is not None]
            wanted = self.pieces.get(package, {})
            all_there = all(sum(each.get(line, 0) for each in pieces) >= count for line, count in wanted.items())
            if all_there or len(pieces) < len(there):
                return instant
        return None

    def promised(self, unit: str) -> int:
        """The order's promise, or an earlier one of the package's own bookings."""
        own = [each.promise for each in self.bookings if each.package == unit and each.promise is not None]
        return min([self.placed.promise, *(each for each in own if each <= self.placed.promise)])

    def starts(self, clock: str, unit: str, parts: Iterable[str]) -> int | None:
        """When a clock other than `last_scan` starts."""
        if clock == "order":
            return 0
        if clock == "promised_latest":
            return self.promised(unit)
        if clock == "first_scan" and unit not in (ORDER, REMAINDER):
            physical = [each for each in self.scans(unit) if each.kind not in NO_PARCEL]
            return physical[0].last if physical else None
        if clock == "first_scan" and unit == ORDER:
            alone = [self.starts(clock, part, ()) for part in parts if part != REMAINDER]
            return max((each for each in alone if each is not None), default=None)
        return None

    def silences(self, package: str, way: Way) -> list[int]:
        """When nothing had been heard of a package for long enough, each time that it was so."""
        if package in (ORDER, REMAINDER) or way.silent_for is None:
            return []
        physical = [each for each in self.scans(package) if each.kind not in NO_PARCEL]
        enough = way.scans_to_live
        found: list[int] = []
        for index in range(len(physical)):
            heard = max(each.last for each in physical[: index + 1])
            due = heard + way.silent_for * DAY
            broken = any(
                each.first <= due and max(s.last for s in physical[: index + 1 + nth]) != heard
                for nth, each in enumerate(physical[index + 1 :], 1)
            )
            before = [each for each in physical if each.first <= heard]
            speaks = enough is not None and len({each.first for each in before}) >= enough
            if not broken and (speaks or any(each.kind in way.live_kinds for each in before)):
                found.append(due)
        return found

    def met(self, clause: Clause, unit: str, parts: Sequence[str]) -> list[Met]:
        """Everything that met the clause by now, in cover or not."""
        arrived = self.arrived(unit, parts)
        found: list[Met] = []
        if clause.clock is not None:
            start = self.starts(clause.clock, unit, parts)
            for ordinal, tier in enumerate(clause.tiers):
                if start is not None and tier.after is not None:
                    dues = self._dues(start + tier.after * DAY, tier, arrived)
                    found += [Met(ordinal, dues[0], dues, asked=True)] if dues else []
        for way in clause.any_of:
            dues = self._of_way(way, unit, parts)
            standing = [due for due in dues if due <= self.now and self._stands(clause, arrived)]
            found += [Met(0, due, (due,), asked=way.scan is None) for due in standing]
        return found

    def _of_way(self, way: Way, unit: str, parts: Sequence[str]) -> list[int]:
        arrived = self.arrived(unit, parts)
        if way.scan is not None:
            kinds = {"LOST", "DESTROYED"} if way.scan == "LOST" else {way.scan}  # what was destroyed is lost
            return [] if unit in (ORDER, REMAINDER) else [each.last for each in self.standing(unit, kinds)][:1]
        if way.silent_for is not None:
            return [due for due in self.silences(unit, way) if arrived is None or arrived > due]
        start = self.starts(way.clock or "", unit, parts)
        if start is None or way.after is None:
            return []
        due = start + way.after * DAY
        return [due] if arrived is None or arrived > due else []

    def _stands(self, clause: Clause, arrived: int | None) -> bool:
        """What has arrived was not lost, and did not go back."""
        return arrived is None or clause.peril not in ("lost", "returned", "not_received")

    def _dues(self, due: int, tier: Tier, arrived: int | None) -> tuple[int, ...]:
        """When it fell due: once, or once for each period that has started by now or by the arrival."""
        end = self.now if arrived is None else min(self.now, arrived - 1)
        if due > end:
            return ()
        return (due,) if tier.per is None else tuple(range(due, end + 1, tier.per * DAY))
