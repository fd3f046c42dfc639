"""What tracking publishes: events of the contract made of its conclusions.

The only place where events are built without validation: every value in them was validated when it came in, and tests
read what comes out back through the contract. Validating each again would cost more than deciding it.
"""

from datetime import datetime

from msgspec.structs import asdict

from waybond_contracts import received
from waybond_contracts.delays import (
    ContentsChanged,
    Journey,
    PackageJourney,
    PackageSeen,
    ScanSeen,
    ShipmentDamaged,
    ShipmentDelayed,
    ShipmentDelivered,
    ShipmentHindered,
    ShipmentLost,
    ShipmentReturned,
    ShipmentStalled,
    TrackingCheckRequested,
    WatchFellDue,
)
from waybond_contracts.fields import Interval
from waybond_contracts.making import maker
from waybond_contracts.received import Signature
from waybond_contracts.shipments import HandedTo, PackageLine, ScanKind
from waybond_contracts.watches import WatchKind
from waybond_contracts.wording import DeliveredBy
from waybond_tracking.clocks import in_force
from waybond_tracking.journey import delivery, first_scan, last_scan
from waybond_tracking.proofs import proved
from waybond_tracking.state import Asked, Package, Policy, Proof, SaidBreach, SaidSeen, Scan, State, When

_CONTENTS = maker(ContentsChanged)
_JOURNEY = maker(Journey)
_PACKAGE = maker(PackageJourney)
_LINE = maker(PackageLine)
_SCAN = maker(ScanSeen)
_INTERVAL = maker(Interval)
_PROOF = maker(received.Proof)

SEEN_TYPES: dict[str, type[PackageSeen]] = {
    "lost": ShipmentLost,
    "damaged": ShipmentDamaged,
    "returned": ShipmentReturned,
    "hindered": ShipmentHindered,
    "delivered": ShipmentDelivered,
}


def breach_event(
    state: State, policy: Policy, said: SaidBreach, arrived: When | None, *, as_of: datetime, journey: Journey
) -> WatchFellDue:
    """ShipmentDelayed or ShipmentStalled; with `stands` false it takes an earlier version back."""
    breach = said.breach
    event = ShipmentStalled if breach.kind is WatchKind.SILENCE else ShipmentDelayed
    return maker(event)(
        {
            "tenant": state.tenant,
            "platform": state.platform,
            "order_id": state.order_id,
            "occurred_at": breach.due,
            "policy_id": policy.id,
            "package_id": breach.package_id,
            "version": said.version,
            "as_of": as_of,
            "journey": journey,
            "watch_id": breach.watch_id,
            "scope": breach.scope,
            "clock": breach.clock,
            "clock_start": breach.start,
            "clock_source": breach.source,
            "due": breach.due,
            "breached": said.stands,
            "arrived": _interval(arrived),
            "feed": breach.feed,
            "asked_at": breach.asked_at,
            "checked_as_of": breach.checked_as_of,
        }
    )


def seen_event(state: State, policy: Policy, said: SaidSeen, *, as_of: datetime, journey: Journey) -> PackageSeen:
    """What was seen of a package; with `stands` false it takes an earlier version back."""
    fields = {
        "tenant": state.tenant,
        "platform": state.platform,
        "order_id": state.order_id,
        "occurred_at": said.scan.when.latest,
        "policy_id": policy.id,
        "package_id": said.package_id,
        "version": said.version,
        "as_of": as_of,
        "journey": journey,
        "when": _interval(said.scan.when),
        "scan": _scan(said.scan),
        "standing": said.stands,
    }
    if said.also:
        fields["also"] = tuple(_scan(each) for each in said.also)
    if said.kind == "delivered":
        fields["handed_to"] = DeliveredBy(_handed_to(said.scan) or DeliveredBy.READY_FOR_PICKUP)
        package = next(each for each in state.packages if each.id == said.package_id)
        known = proved(package, said.scan) if said.stands else None
        if known is not None:
            fields |= {"proof": _proof(known.proof), "again": known.again}
    return maker(SEEN_TYPES[said.kind])(fields)


def _proof(known: Proof | None) -> received.Proof | None:
    if known is None:
        return None
    told = asdict(known)
    del told["at"]
    return _PROOF(told | {"signature": Signature(known.signature) if known.signature is not None else None})


def contents_event(state: State, policy: Policy, *, as_of: datetime, journey: Journey) -> ContentsChanged:
    """What the order's packages hold now; its version is the state's."""
    return _CONTENTS(
        {
            "tenant": state.tenant,
            "platform": state.platform,
            "order_id": state.order_id,
            "occurred_at": as_of,
            "policy_id": policy.id,
            "version": state.contents_version,
            "as_of": as_of,
            "journey": journey,
        }
    )


def check_event(state: State, policy: Policy, asked: Asked, package: Package) -> TrackingCheckRequested:
    """Asks whoever feeds shipments to look this package up."""
    return maker(TrackingCheckRequested)(
        {
            "tenant": state.tenant,
            "platform": state.platform,
            "order_id": state.order_id,
            "occurred_at": asked.asked_at,
            "policy_id": policy.id,
            "watch_id": asked.watch_id,
            "package_id": package.id,
            "carrier": package.carrier,
            "tracking_number": package.tracking_number,
            "due": asked.due,
            "answer_by": asked.answer_by,
        }
    )


def journey_of(state: State) -> Journey:
    """All packages as they are known now."""
    changed = in_force(state.promises)
    return _JOURNEY(
        {
            "packages": tuple(_package(each) for each in state.packages),
            "packages_in_order": state.packages_in_order,
            "promised_latest": changed[-1].latest if changed else state.promised,
            "contents_version": state.contents_version or None,
        }
    )


def _package(package: Package) -> PackageJourney:
    delivered = delivery(package)
    latest_eta = package.etas[-1].eta if package.etas else None
    return _PACKAGE(
        {
            "package_id": package.id,
            "carrier": package.carrier,
            "tracking_number": package.tracking_number,
            "lines": tuple(_LINE({"line_id": each.line_id, "quantity": each.quantity}) for each in package.lines),
            "booked_at": package.booked_at,
            "contents_as_of": package.contents_as_of,
            "replaces": package.replaces,
            "first_scan": _scan(first_scan(package)),
            "last_scan": _scan(last_scan(package)),
            "kinds": tuple(dict.fromkeys(each.kind for each in package.scans)),
            "carrier_eta": latest_eta,
            "arrived": _interval(delivered.when) if delivered else None,
            "handed_to": _handed_to(delivered) if delivered else None,
        }
    )


def _handed_to(scan: Scan) -> HandedTo | None:
    """None: nobody has it yet, it waits to be picked up."""
    return scan.handed_to or HandedTo.UNKNOWN if scan.kind is ScanKind.DELIVERED else None


def _scan(scan: Scan | None) -> ScanSeen | None:
    if scan is None:
        return None
    return _SCAN(
        {"kind": scan.kind, "when": _interval(scan.when), "provider": scan.provider, "raw_code": scan.raw_code}
    )


def _interval(known: When | None) -> Interval | None:
    if known is None:
        return None
    return _INTERVAL({"earliest": known.earliest, "latest": known.latest})
