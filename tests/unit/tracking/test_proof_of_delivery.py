"""What carriers tell of a delivery: kept with its scans, told with the arrival, the same in any order."""

from __future__ import annotations

from itertools import permutations

from tests.support.story import Story
from tests.support.tracking import booked, day, only, order_placed, policy_issued, scanned, story
from waybond_contracts.delays import ShipmentDelivered
from waybond_contracts.received import Proof, Signature
from waybond_contracts.shipments import ScanKind, ShipmentScanned
from waybond_tracking.codec import StateCodec
from waybond_tracking.state import State


def handed_over(at: float, **proof: object) -> ShipmentScanned:
    """Scanned as delivered on day `at`, with this proof, if there is any."""
    known = Proof.model_validate(proof) if proof else None
    return scanned(ScanKind.DELIVERED, at).model_copy(update={"proof": known})


def told(*facts: ShipmentScanned) -> Story[State]:
    return story().given(order_placed(), policy_issued(), booked(2), *facts)


def last(told: Story[State]) -> ShipmentDelivered:
    return only(ShipmentDelivered, told.events)[-1]


def test_a_proof_is_told_with_the_arrival() -> None:
    said = last(told(handed_over(10, signature=Signature.OTHER, distance_m=3_000)))
    assert said.proof == Proof(signature=Signature.OTHER, distance_m=3_000)
    assert said.again is None


def test_without_a_proof_nothing_is_told() -> None:
    said = last(told(handed_over(10)))
    assert (said.proof, said.again) == (None, None)


def test_a_proof_that_comes_later_is_of_the_same_delivery() -> None:
    story = told(handed_over(10), handed_over(10.1, photo=True))
    assert (last(story).version, last(story).proof, last(story).again) == (2, Proof(photo=True), None)


def test_a_second_scan_next_day_is_told() -> None:
    said = last(told(handed_over(10), handed_over(11)))
    assert (said.again, said.proof) == (day(11), None)


def test_of_each_field_the_newest_word_counts_in_any_order() -> None:
    """A photo and the right address on day 10; a quarter of a day later another address, and nothing of a photo."""
    facts = (
        handed_over(10, photo=True, address_matches=True),
        handed_over(10.2, address_matches=False),
        handed_over(12),
    )
    for order in permutations(facts):
        said = last(told(*order))
        assert (said.proof, said.again) == (Proof(photo=True, address_matches=False), day(12))


def test_a_proof_is_kept_in_the_state() -> None:
    state = told(handed_over(10, code=True)).state
    assert state is not None
    codec = StateCodec()
    assert codec.decode(codec.shape, *codec.encode(state)) == state
