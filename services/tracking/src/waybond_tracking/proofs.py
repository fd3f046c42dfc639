"""What carriers tell of a delivery: kept scan by scan, and told of all scans of the delivery together."""

from datetime import datetime, timedelta

from msgspec.structs import astuple, replace

from waybond_contracts import shipments
from waybond_contracts.shipments import ScanKind
from waybond_tracking.state import Package, Proof, SaidProof, Scan

AGAIN_AFTER = timedelta(hours=6)
"""A scan of a delivery that is nearer to the first one is the same delivery, told once more."""
MAX_PROOFS = 16
"""Of one package: the newest ones."""
_DELIVERED = ScanKind.DELIVERED


def with_proof(package: Package, event: shipments.ShipmentScanned, at: datetime) -> Package:
    """The package with what the scan tells of a delivery."""
    said = event.proof
    if said is None or event.kind is not _DELIVERED:
        return package
    signature = said.signature.value if said.signature is not None else None
    proof = Proof(at, signature, said.photo, said.code, said.address_matches, said.distance_m)
    if proof == Proof(at) or proof in package.proofs:
        return package
    return replace(package, proofs=tuple(sorted((*package.proofs, proof), key=_order)[-MAX_PROOFS:]))


def proved(package: Package, arrived: Scan | None) -> SaidProof | None:
    """What is known of the delivery; None where that is nothing. Of each field the newest scan counts that tells it.

    Scenario: delivered on day 10. On day 12 the carrier's proof comes as one more scan of day 10, with a photo. The
    photo is of the delivery of day 10."""
    if arrived is None or arrived.kind is not _DELIVERED:
        return None
    after = arrived.when.latest + AGAIN_AFTER
    scans = [each.when.earliest for each in package.scans if each.kind is _DELIVERED]
    again = min((at for at in scans if at >= after), default=None)
    told = [each for each in package.proofs if each.at >= arrived.when.earliest]
    if not told:
        return None if again is None else SaidProof(package.id, None, again)
    columns = list(zip(*map(astuple, told), strict=True))[1:]
    known = [next((value for value in reversed(column) if value is not None), None) for column in columns]
    return SaidProof(package.id, Proof(told[-1].at, *known), again)


def _order(proof: Proof) -> tuple[datetime, str]:
    return proof.at, repr(astuple(proof)[1:])
