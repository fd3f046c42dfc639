"""Adds what tracking shows of the packages to the claim file."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from waybond_claims.case.journey import Interval, Package
from waybond_claims.case.state import Case
from waybond_contracts import delays, fields
from waybond_contracts.shipments import ScanKind

ROUTINE = frozenset(
    kind.value
    for kind in (
        ScanKind.LABEL_CREATED,
        ScanKind.PICKED_UP,
        ScanKind.IN_TRANSIT,
        ScanKind.EXPORT_DEPARTED,
        ScanKind.IMPORT_ARRIVED,
        ScanKind.CUSTOMS_PRESENTED,
        ScanKind.CUSTOMS_RELEASED,
        ScanKind.OUT_FOR_DELIVERY,
        ScanKind.READY_FOR_PICKUP,
        ScanKind.DELIVERED,
        ScanKind.STALE,
        ScanKind.UNKNOWN,
    )
)
"""Scans of which no time is kept: hardly an exclusion names them, and a file is to stay small."""


def interval(when: fields.Interval) -> Interval:
    return Interval(when.earliest, when.latest)


def journeyed(case: Case, event: delays.DelayEvent) -> Case:
    """What any snapshot showed of the packages. A journey only grows, so snapshots are merged: a later one may come
    with an earlier `as_of`, and what it alone shows must not be lost. Of contents the highest version counts."""
    version = event.journey.contents_version or 0
    newer = case.journey_as_of is None or event.as_of >= case.journey_as_of
    known = {each.package_id: each for each in case.packages}
    merged = dict(known)
    back = {each.package_id for each in case.returns if each.standing} if case.returns else ()
    for each in event.journey.packages:
        if each.package_id in back:
            continue
        seen = _package(each, event.as_of)
        before = known.get(seen.package_id)
        if before is None or before == seen:
            merged[seen.package_id] = seen
            continue
        if version > case.contents_version:
            contents = seen
        else:
            contents = before if case.contents_version else max(before, seen, key=_newer_contents)
        merged[seen.package_id] = _merged(before, seen, contents, newer=newer)
    in_order = _in_order(case, event, newer=newer)
    unchanged = merged == known and in_order == case.packages_in_order and version <= case.contents_version
    if unchanged and not (newer and event.as_of != case.journey_as_of):
        return case
    return replace(
        case,
        journey_as_of=event.as_of if newer else case.journey_as_of,
        packages=tuple(merged[package_id] for package_id in sorted(merged)),
        packages_in_order=in_order,
        contents_version=max(version, case.contents_version),
    )


def _in_order(case: Case, event: delays.DelayEvent, *, newer: bool) -> int | None:
    """How many packages the newest snapshot that says it counts.

    Scenario: two parcels are packed as one and booked again."""
    if case.contents_version or event.journey.contents_version:
        renewed = (event.journey.contents_version or 0) > case.contents_version
        return event.journey.packages_in_order if renewed else case.packages_in_order
    said, known = event.journey.packages_in_order, case.packages_in_order
    if said is None or known is None:
        return said or known
    if event.as_of == case.journey_as_of:
        return max(said, known)  # which of two came first must not show in the file
    return said if newer else known


def _merged(before: Package, seen: Package, contents: Package, *, newer: bool) -> Package:
    """What can change back (the estimate) as the newer snapshot has it, what lies in it as `contents` says, all else as
    far as it is known."""
    latest = seen if newer else before
    return Package(
        seen.package_id,
        contents.lines,
        tuple(sorted({*before.kinds, *seen.kinds})),
        min(filter(None, (before.booked_at, seen.booked_at)), default=None),
        min(filter(None, (before.first_scan, seen.first_scan)), key=_scanned_at, default=None),
        max(filter(None, (before.last_scan, seen.last_scan)), key=_scanned_at, default=None),
        latest.carrier_eta,
        _first_of_each((*before.noted, *seen.noted)),
        contents.contents_at,
        contents.replaces,
    )


def _newer_contents(package: Package) -> tuple[bool, datetime, tuple[tuple[str, int], ...], str]:
    """Where no versions are told: the newest word about contents counts, never the larger one; of two of one instant
    the same one in any order."""
    at = package.contents_at
    return at is not None, at or datetime.min.replace(tzinfo=UTC), package.lines, package.replaces


def _scanned_at(scan: tuple[str, Interval]) -> tuple[datetime, str]:
    return scan[1].latest, scan[0]


def _package(each: delays.PackageJourney, as_of: datetime) -> Package:
    # A package of which only scans are known says nothing of its contents.
    says_contents = bool(each.lines) or each.booked_at is not None
    first, last = _scan(each.first_scan), _scan(each.last_scan)
    return Package(
        each.package_id,
        tuple((line.line_id, line.quantity) for line in each.lines),
        tuple(sorted([kind.value for kind in each.kinds])),
        each.booked_at,
        first,
        last,
        each.carrier_eta,
        _first_of_each([scan for scan in (first, last) if scan is not None and scan[0] not in ROUTINE]),
        (each.contents_as_of or as_of) if says_contents else None,
        each.replaces or "",
    )


def _scan(scan: delays.ScanSeen | None) -> tuple[str, Interval] | None:
    return (scan.kind.value, interval(scan.when)) if scan is not None else None


def _first_of_each(scans: Sequence[tuple[str, Interval]]) -> tuple[tuple[str, Interval], ...]:
    if len(scans) < 2:
        return tuple(scans)
    # The earliest comes last into the mapping, and stays.
    return tuple(sorted(dict(sorted(scans, key=_scanned_at, reverse=True)).items(), key=_scanned_at))
