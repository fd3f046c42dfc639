"""A bank disputes one charge that paid for several orders: each order has its part of what is said.

The order A-1 cost 100.00, and 200.00 were for A-2; its parcel is lost on day 50, and the dispute is of day 20."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.support.claims import ClaimsStory, complaint, day, issued, lost, placed, resolved, staged, usd
from waybond_contracts.charges import Charge, ChargedOrder
from waybond_contracts.disputes import DisputeOutcome
from waybond_contracts.event import Event

CHARGE = Charge(orders=(ChargedOrder(order_id="A-1", paid=usd(10_000)), ChargedOrder(order_id="A-2", paid=usd(20_000))))
WON = DisputeOutcome.BUYER_FAVOUR


def opened(minor: int | None = 30_000) -> Event:
    amount = usd(minor) if minor is not None else None
    return complaint(day(20), source="card_scheme", stage="CHARGEBACK", amount=amount, charge=CHARGE)


def owed(*facts: Event) -> int:
    """What is owed once the parcel is lost, after these."""
    story = ClaimsStory()
    story.given(placed(), issued(), *facts)
    story.when(lost(day(50)))
    assert story.case.owed == story.case.entitled
    return story.case.entitled


@pytest.mark.parametrize(
    ("whole", "left"), [(30_000, 0), (15_000, 5_000), (0, 10_000), (100, 9_967), (101, 9_966), (1, 10_000)]
)
def test_of_what_the_buyer_got_by_it_a_third_was_for_this_order(whole: int, left: int) -> None:
    """A third of 150.00 is 50.00: 50.00 of 100.00 are left. Of 1.00 it is 33 cents, of 1.01 34, of a cent nothing."""
    assert owed(opened(), resolved(day(30), whole, charge=CHARGE)) == left


def test_of_a_win_that_names_no_amount_a_third_of_what_is_disputed_counts() -> None:
    """90.00 are disputed, so the buyer has 30.00 of this order."""
    assert owed(opened(9_000), resolved(day(30), outcome=WON, charge=CHARGE)) == 7_000


def test_what_is_disputed_at_a_later_stage_is_of_the_charge_too() -> None:
    """60.00 at arbitration: 20.00."""
    stage = staged(day(25), "ARBITRATION", amount=usd(6_000), charge=CHARGE)
    assert owed(opened(), stage, resolved(day(30), outcome=WON, charge=CHARGE)) == 8_000


def test_a_win_of_a_charge_without_any_amount_is_all_of_this_order() -> None:
    assert owed(opened(None), resolved(day(30), outcome=WON, charge=CHARGE)) == 0


def test_it_reverses_and_comes_in_any_order() -> None:
    """Won 150.00, lost, won 60.00 in the end: 20.00 of this order."""
    told = (
        opened(),
        resolved(day(30), 15_000, charge=CHARGE, revision=1),
        resolved(day(35), 0, charge=CHARGE, revision=2),
        resolved(day(40), 6_000, charge=CHARGE, revision=3),
    )
    assert {owed(*facts) for facts in permutations(told)} == {8_000}


def test_without_a_charge_amounts_are_this_orders_own() -> None:
    assert owed(complaint(day(20), source="card_scheme", amount=usd(10_000)), resolved(day(30), 6_000)) == 4_000
