"""Adds one fact to the claim file. Facts are kept under business keys, so that duplicates and order do not matter."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import astuple, replace

from waybond_claims import outcomes
from waybond_claims.contradictions import contradicted
from waybond_claims.state import (
    MAX_COVERS,
    MAX_WATCH_FACTS,
    Amended,
    Case,
    Cover,
    Ended,
    Interval,
    Line,
    Order,
    Package,
    Payment,
    Policy,
    Rate,
    SeenFact,
    WatchFact,
    put,
)
from waybond_contracts import delays, disputes, fields, orders, policies
from waybond_contracts.event import Event
from waybond_contracts.shipments import ScanKind

ROUTINE = frozenset(
    {
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
    }
)
"""Scans of which no time is kept: hardly an exclusion names them, and a file is to stay small."""


def added(case: Case, event: Event, now: datetime) -> Case:
    """The file with the fact in it; the very same object if it says nothing new."""
    match event:
        case orders.OrderPlaced():
            return _placed(case, event)
        case orders.OrderAmended():
            return _amended(case, event)
        case orders.PromiseChanged():
            return _promise_changed(case, event)
        case orders.OrderRefunded():
            return outcomes.refunded(case, event)
        case policies.PolicyIssued():
            return _issued(case, event)
        case policies.PolicyAmended():
            return _covered(case, event)
        case policies.PolicyCancelled():
            return _cancelled(case, event)
        case policies.PolicyDeclined():
            # Pricing forgets a policy that ended, and declines its order where that is published once more.
            known = case.declined or case.policy is not None
            return case if known else replace(case, declined=event.reason.value, declined_at=now)
        case delays.WatchFellDue():
            return _fell_due(_journeyed(case, event), event)
        case delays.PackageSeen():
            return _seen(_journeyed(case, event), event)
        case disputes.DisputeEvent():
            return outcomes.disputed(case, event, now)
        case _:
            return case


# orders


def _placed(case: Case, event: orders.OrderPlaced) -> Case:
    order = Order(
        placed_at=event.occurred_at,
        currency=event.total.currency,
        minor=event.total.minor,
        lines=_lines(event.lines),
        language=event.language.value,
        time_zone=event.time_zone,
        buyer=event.buyer_ref,
        payment=Payment(event.payment.provider, event.payment.kind, event.payment.reference, event.payment.paid_at),
        promised_latest=event.promise.latest if event.promise else None,
    )
    if case.order is None:
        return replace(case, order=order)
    before = case.order
    same = (order.currency, order.minor, order.lines, order.payment) == (
        before.currency,
        before.minor,
        before.lines,
        before.payment,
    )
    return case if same else contradicted(case, "order")


def _lines(lines: Sequence[orders.OrderLine]) -> tuple[Line, ...]:
    return tuple(Line(each.line_id, each.quantity, each.total.minor, each.category) for each in lines)


def _amended(case: Case, event: orders.OrderAmended) -> Case:
    """Of each field the highest revision counts. Of a revision that came with two contents the larger one does, as it
    does for pricing, until a person has looked."""
    before = after = case.amended or Amended()
    doubled = False
    if event.total is not None:
        total = event.total
        doubled = event.revision == before.total_revision and (total.minor, total.currency) != (
            before.minor,
            before.currency,
        )
        if (event.revision, total.minor, total.currency) > (before.total_revision, before.minor, before.currency):
            after = replace(after, total_revision=event.revision, minor=total.minor, currency=total.currency)
    if event.lines is not None:
        lines = _lines(event.lines)
        doubled = doubled or (event.revision == before.lines_revision and lines != before.lines)
        if (event.revision, _ranked(lines)) > (before.lines_revision, _ranked(before.lines)):
            after = replace(after, lines_revision=event.revision, lines=lines)
    case = case if after is before else replace(case, amended=after)
    return contradicted(case, f"amended:{event.revision}") if doubled else case


def _ranked(lines: tuple[Line, ...]) -> tuple[int, list[tuple[str, int, int, str]]]:
    return sum(line.minor for line in lines), [astuple(line) for line in lines]


def _promise_changed(case: Case, event: orders.PromiseChanged) -> Case:
    before = case.amended or Amended()
    if event.revision <= before.promise_revision:
        return case
    after = replace(before, promise_revision=event.revision, promised_latest=event.promise.latest)
    return replace(case, amended=after)


# policies


def _issued(case: Case, event: policies.PolicyIssued) -> Case:
    if case.policy is not None:
        same = case.policy.policy_id == event.policy_id
        return case if same else contradicted(case, f"policy:{event.policy_id}")
    policy = Policy(
        policy_id=event.policy_id,
        product=event.product,
        product_version=event.product_version,
        sha256=event.wording.sha256,
        origin=event.lane.origin,
        destination=event.lane.destination,
        attached_at=event.attached_at,
        rates=tuple(Rate(rate.base, rate.quote, rate.rate) for rate in event.rates),
    )
    return _covered(replace(case, policy=policy, wording=event.wording.body), event)


def _covered(case: Case, event: policies.PolicyIssued | policies.PolicyAmended) -> Case:
    """The file with a version of the policy. One that comes behind a higher version was never in force, unless it is
    the one that was issued."""
    if case.policy is not None and case.policy.policy_id != event.policy_id:
        return contradicted(case, f"policy:{event.policy_id}")
    issue = isinstance(event, policies.PolicyIssued)
    known = case.cover
    if known is not None and (event.version == known.version or (event.version < known.version and not issue)):
        return case
    cover = Cover(
        version=event.version,
        currency=event.basis.currency,
        basis=event.basis.minor,
        limit=event.limit.minor,
        package_limit=event.package_limit.minor if event.package_limit else None,
        ends_at=event.ends_at,
        premium_currency=event.premium.total.currency,
        premium_net=event.premium.net.minor,
        premium_tax=event.premium.tax.minor,
        destination="" if isinstance(event, policies.PolicyIssued) or not event.lane else event.lane.destination,
        since=None if issue else event.occurred_at,
    )
    if known is None:
        return replace(case, cover=cover)
    if event.version < known.version:
        return replace(case, covers=(cover, *case.covers))
    if len(case.covers) + 1 >= MAX_COVERS:
        return contradicted(replace(case, cover=cover), "bound:versions of the policy")
    return replace(case, cover=cover, covers=(*case.covers, known))


def _cancelled(case: Case, event: policies.PolicyCancelled) -> Case:
    if case.policy is not None and case.policy.policy_id != event.policy_id:
        return contradicted(case, f"policy:{event.policy_id}")
    known = {each.version: each for each in (*case.ends, *((case.ended,) if case.ended is not None else ()))}
    if event.version in known:
        return case
    known[event.version] = Ended(event.version, event.occurred_at, event.from_start, event.premium_returned.minor)
    *ends, last = (known[version] for version in sorted(known))
    if len(ends) >= MAX_COVERS:
        return contradicted(replace(case, ended=last), "bound:versions of the policy")
    return replace(case, ended=last, ends=tuple(ends))


# delays


def _interval(when: fields.Interval) -> Interval:
    return Interval(when.earliest, when.latest)


def _journeyed(case: Case, event: delays.DelayEvent) -> Case:
    """What any snapshot showed of the packages. A journey only grows, so snapshots are merged: a later one may come
    with an earlier `as_of`, and what it alone shows must not be lost."""
    newer = case.journey_as_of is None or event.as_of >= case.journey_as_of
    known = {each.package_id: each for each in case.packages}
    merged = dict(known)
    for each in event.journey.packages:
        seen = _package(each, event.as_of)
        before = known.get(seen.package_id)
        merged[seen.package_id] = seen if before is None or before == seen else _merged(before, seen, newer=newer)
    in_order = _in_order(case, event, newer=newer)
    if merged == known and in_order == case.packages_in_order and not (newer and event.as_of != case.journey_as_of):
        return case
    return replace(
        case,
        journey_as_of=event.as_of if newer else case.journey_as_of,
        packages=tuple(merged[package_id] for package_id in sorted(merged)),
        packages_in_order=in_order,
    )


def _in_order(case: Case, event: delays.DelayEvent, *, newer: bool) -> int | None:
    """How many packages the newest snapshot that says it counts (S: two parcels are packed as one and booked again)."""
    said, known = event.journey.packages_in_order, case.packages_in_order
    if said is None or known is None:
        return said or known
    if event.as_of == case.journey_as_of:
        return max(said, known)  # which of two came first must not show in the file
    return said if newer else known


def _merged(before: Package, seen: Package, *, newer: bool) -> Package:
    """What can change back (the estimate) as the newer snapshot has it, all else as far as it is known."""
    latest = seen if newer else before
    contents = max(before, seen, key=_newer_contents)
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
        before.replaces or seen.replaces,
    )


def _newer_contents(package: Package) -> tuple[bool, datetime, tuple[tuple[str, int], ...]]:
    """The newest word about contents counts, never the larger one; of two of one instant the same one in any order."""
    at = package.contents_at
    return at is not None, at or datetime.min.replace(tzinfo=UTC), package.lines


def _scanned_at(scan: tuple[str, Interval]) -> tuple[datetime, str]:
    return scan[1].latest, scan[0]


def _package(each: delays.PackageJourney, as_of: datetime) -> Package:
    # A package of which only scans are known says nothing of its contents.
    says_contents = bool(each.lines) or each.booked_at is not None
    return Package(
        each.package_id,
        tuple((line.line_id, line.quantity) for line in each.lines),
        tuple(sorted([kind.value for kind in each.kinds])),
        each.booked_at,
        (each.first_scan.kind.value, _interval(each.first_scan.when)) if each.first_scan else None,
        (each.last_scan.kind.value, _interval(each.last_scan.when)) if each.last_scan else None,
        each.carrier_eta,
        _noted(each),
        (each.contents_as_of or as_of) if says_contents else None,
        each.replaces or "",
    )


def _noted(each: delays.PackageJourney) -> tuple[tuple[str, Interval], ...]:
    scans = [scan for scan in (each.first_scan, each.last_scan) if scan is not None and scan.kind not in ROUTINE]
    return _first_of_each([(scan.kind.value, _interval(scan.when)) for scan in scans])


def _first_of_each(scans: Sequence[tuple[str, Interval]]) -> tuple[tuple[str, Interval], ...]:
    if len(scans) < 2:
        return tuple(scans)
    # The earliest comes last into the mapping, and stays.
    return tuple(sorted(dict(sorted(scans, key=_scanned_at, reverse=True)).items(), key=_scanned_at))


def _fell_due(case: Case, event: delays.WatchFellDue) -> Case:
    for known in case.watches:
        if known.watch_id == event.watch_id and known.package_id == event.package_id:
            if event.version <= known.version:
                return case
            break
    else:
        if len(case.watches) >= MAX_WATCH_FACTS:
            return contradicted(case, "bound:watches")
    fact = WatchFact(
        event.watch_id,
        event.package_id,
        event.version,
        type(event).__name__,
        event.breached,
        event.clock.value,
        event.clock_start,
        event.clock_source,
        event.due,
        event.as_of,
        event.feed.value,
        _interval(event.arrived) if event.arrived else None,
        event.checked_as_of,
    )
    return replace(case, watches=put(case.watches, fact, "watch_id", "package_id"))


def _seen(case: Case, event: delays.PackageSeen) -> Case:
    name = type(event).__name__
    for known in case.seen:
        if known.event == name and known.package_id == event.package_id and event.version <= known.version:
            return case
    fact = SeenFact(
        name,
        event.package_id,
        event.version,
        event.standing,
        _interval(event.when),
        event.scan.kind.value if event.scan else "",
        event.handed_to.value if isinstance(event, delays.ShipmentDelivered) else "",
        tuple((each.kind.value, _interval(each.when)) for each in event.also),
    )
    return replace(case, seen=put(case.seen, fact, "event", "package_id"))
