"""The state as bytes: readable for as long as there are orders of its shape, the wording's text beside it."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from waybond_pricing.state import (
    SHAPE,
    AmendedAmount,
    AmendedPlace,
    Order,
    Policy,
    Rate,
    Refund,
    State,
    StateCodec,
)

GOLDEN = Path(__file__).parent / "golden"
WORDING = 'product = "parcel"\n'
CODEC = StateCodec()


def day(number: int) -> datetime:
    return datetime(2026, 1, number, 8, tzinfo=UTC)


def everything() -> State:
    """A state in which every field is set. It is what the golden file of this shape holds: never change the file; a new
    shape gets a file of its own, and what brings the old one up."""
    order = Order(
        placed_at=day(1),
        known_at=day(2),
        currency="BRL",
        total_minor=6_000,
        items_minor=5_000,
        shipping_minor=1_000,
        origin="CN",
        destination="BR",
        service="air",
        promise_latest=day(20),
        rate=Rate("USD", "BRL", "5.4321", "platform", day(1)),
        wanted=False,
        product="parcel",
        token="wq1.k1.content.signature",
    )
    policy = Policy(
        policy_id="policy-1001",
        product="parcel@2026.1.1",
        version=3,
        ends_at=day(31),
        basis_minor=7_000,
        premium_minor=90,
        bound_premium_minor=80,
        destination="AR",
        ended="order_cancelled",
        returned_minor=45,
        wording=WORDING,
    )
    return State(
        tenant="demo",
        platform="shop",
        order_id="1001",
        first_known_at=day(1),
        order=order,
        total=AmendedAmount(1, 7_000, "BRL"),
        items=AmendedAmount(2, 6_000, "BRL"),
        destination=AmendedPlace(3, "AR"),
        cancelled_at=day(9),
        refunds={"re_1": Refund(500, "BRL")},
        declined="not_offered",
        policy=policy,
        closed_at=day(9),
    )


@pytest.mark.parametrize("shape", range(1, SHAPE + 1))
def test_state_of_every_shape_reads_as_it_was_written(shape: int) -> None:
    assert CODEC.decode(shape, (GOLDEN / f"shape_{shape}.json").read_bytes(), WORDING.encode()) == everything()


def test_state_is_written_in_the_newest_shape_and_its_wording_beside_it() -> None:
    assert CODEC.encode(everything()) == ((GOLDEN / f"shape_{SHAPE}.json").read_bytes(), WORDING.encode())


def test_the_golden_state_sets_every_field() -> None:
    state = everything()
    for struct in (state, state.order, state.policy):
        assert struct is not None
        unset = [
            each.name for each in msgspec.structs.fields(type(struct)) if getattr(struct, each.name) == each.default
        ]
        assert unset == []


def test_a_state_of_a_shape_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="state of shape 2: this code knows 1"):
        CODEC.decode(2, b"{}", None)
