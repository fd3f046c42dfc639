"""What carriers tell of a delivery: kept with its scan, and told of all scans of the delivery together."""

from datetime import timedelta

from msgspec.structs import astuple, replace

from waybond_contracts import shipments
from waybond_contracts.shipments import ScanKind
from waybond_tracking.state import Package, Proof, Scan

AGAIN_AFTER = timedelta(hours=6)
"""A scan of a delivery that is nearer to the first one is the same delivery, told once more."""
_DELIVERED = ScanKind.DELIVERED


def told_of(event: shipments.ShipmentScanned) -> Proof | None:
    """What the scan tells of a delivery; None where it says nothing."""
    said = event.proof
    if said is None or event.kind is not _DELIVERED:
        return None
    signature = said.signature.value if said.signature is not None else None
    proof = Proof(signature, said.photo, said.code, said.address_matches, said.distance_m)
    return None if proof == Proof() else proof


def proof_key(scan: Scan) -> str:
    """Orders scans that differ by their proof alone."""
    return "" if scan.proof is None else repr(astuple(scan.proof))


def with_proofs(package: Package, arrived: Scan | None) -> Scan | None:
    """The delivery with what all its scans tell: of each field the newest scan counts that says something.

    Scenario: delivered on day 10. On day 12 the carrier's proof comes as one more scan of day 10, with a photo. The
    photo is of the delivery of day 10."""
    if arrived is None or arrived.kind is not _DELIVERED:
        return arrived
    first = package.scans.index(arrived)
    scans = [each for each in package.scans[first:] if each.kind is _DELIVERED]
    if len(scans) == 1:
        return arrived
    told = [each.proof for each in scans if each.proof is not None]
    after = arrived.when.latest + AGAIN_AFTER
    again = min((each.when.earliest for each in scans if each.when.earliest >= after), default=None)
    if not told and again is None:
        return arrived
    known = [next((value for value in reversed(column) if value is not None), None) for column in _columns(told)]
    return replace(arrived, proof=Proof(*known[:-1], again))


def _columns(told: list[Proof]) -> list[tuple[object, ...]]:
    return list(zip(*map(astuple, told), strict=True)) or [(None,)] * len(Proof.__struct_fields__)
