"""What tracking tells of a delivery, in the words that a wording gives points for."""

from waybond_contracts.delays import ShipmentDelivered
from waybond_contracts.received import DeliveryFact
from waybond_contracts.wording import DeliveredBy

_BY_PLACE = {
    DeliveredBy.DOOR: DeliveryFact.DOOR.value,
    DeliveredBy.NEIGHBOUR: DeliveryFact.NEIGHBOUR.value,
    DeliveredBy.LOCKER: DeliveryFact.LOCKER.value,
    DeliveredBy.PICKUP_POINT: DeliveryFact.PICKUP_POINT.value,
}
_SECOND_SCAN = DeliveryFact.SECOND_SCAN.value


def facts_of(event: ShipmentDelivered) -> tuple[str, ...]:
    """What is known of the delivery, sorted; what is unknown is left out."""
    found = [_BY_PLACE[event.handed_to]] if event.handed_to in _BY_PLACE else []
    if event.again is not None:
        found.append(_SECOND_SCAN)
    proof = event.proof
    if proof is not None:
        if proof.signature is not None:
            found.append(f"signature_{proof.signature.value}")
        for said, yes, no in (
            (proof.photo, DeliveryFact.PHOTO, DeliveryFact.NO_PHOTO),
            (proof.code, DeliveryFact.CODE, DeliveryFact.NO_CODE),
            (proof.address_matches, DeliveryFact.ADDRESS_MATCH, DeliveryFact.ADDRESS_MISMATCH),
        ):
            if said is not None:
                found.append((yes if said else no).value)
    return tuple(sorted(found))
