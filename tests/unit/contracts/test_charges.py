"""An amount of a charge that paid for several orders: each has its part, and the parts come to the amount."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.examples import EXAMPLES
from tests.contract.pieces import CHARGE, ORDER
from waybond_contracts.charges import MAX_CHARGED_ORDERS, Charge, ChargedOrder
from waybond_contracts.errors import ContractError
from waybond_contracts.money import Money
from waybond_contracts.registry import decode

TYPE = "io.waybond.{}"
THIS, OTHER = CHARGE["orders"]
JPY = {"minor": 5, "currency": "JPY", "exponent": 0}
NOTHING = {"minor": 0, "currency": "USD", "exponent": 2}


def charge(paid: dict[str, int], currency: str = "USD") -> Charge:
    return Charge(
        orders=tuple(ChargedOrder(order_id=name, paid=Money.of(minor, currency)) for name, minor in paid.items())
    )


def parts(minor: int, paid: dict[str, int]) -> list[int]:
    return [charge(paid).part(Money.of(minor, "USD"), name).minor for name in paid]


@pytest.mark.parametrize(
    ("minor", "paid", "expected"),
    [
        (10_000, {"A": 6_000, "B": 4_000}, [6_000, 4_000]),
        (5_000, {"A": 3_000, "B": 3_000, "C": 3_001}, [1_667, 1_666, 1_667]),
        (1, {"A": 1, "B": 1, "C": 1}, [1, 0, 0]),
        (1, {"A": 1, "B": 9_999}, [0, 1]),
        (0, {"A": 1, "B": 1}, [0, 0]),
        (100, {"A": 1, "B": 1, "C": 1}, [34, 33, 33]),
        (101, {"A": 1, "B": 1, "C": 1}, [34, 34, 33]),
        (7_500, {"A": 2_000, "B": 3_000}, [3_000, 4_500]),
    ],
    ids=["all", "a cent is left", "one cent", "of two the larger", "nothing", "a third", "two left", "with fees"],
)
def test_each_order_has_its_part(minor: int, paid: dict[str, int], expected: list[int]) -> None:
    assert parts(minor, paid) == expected


def test_the_amount_may_be_of_another_currency_than_the_orders() -> None:
    """A bank disputes 1000 JPY of a charge of 60 and 40 USD: 600 and 400."""
    whole = charge({"A": 6_000, "B": 4_000})
    assert whole.part(Money.of(1_000, "JPY"), "A") == Money.of(600, "JPY")


def test_the_order_in_which_they_are_told_changes_nothing() -> None:
    paid = {"A": 3_000, "B": 3_000, "C": 3_001}
    for told in permutations(paid):
        assert sorted(zip(told, parts(5_000, {name: paid[name] for name in told}), strict=True)) == [
            ("A", 1_667),
            ("B", 1_666),
            ("C", 1_667),
        ]


@settings(max_examples=100)
@given(st.integers(0, 10**12), st.lists(st.integers(1, 10**10), min_size=2, max_size=12))
def test_the_parts_come_to_the_amount_and_none_is_off_by_a_unit(minor: int, paid: list[int]) -> None:
    named = {f"O{number:02}": each for number, each in enumerate(paid)}
    found = parts(minor, named)
    assert sum(found) == minor
    assert all(abs(part * sum(paid) - minor * each) < sum(paid) for part, each in zip(found, paid, strict=True))


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ([THIS], "charge.orders"),
        ([THIS, THIS], "charge.orders.1.order_id"),
        ([THIS | {"order_id": "x"}, OTHER], "charge.orders"),
        ([THIS, OTHER | {"paid": JPY}], "charge.orders.1.paid"),
        ([THIS, OTHER | {"paid": NOTHING}], "charge.orders.1.paid.minor"),
        ([THIS | {"order_id": f"O-{number}"} for number in range(MAX_CHARGED_ORDERS + 1)], "charge.orders"),
    ],
    ids=["one", "twice", "without this one", "two currencies", "nothing paid", "too many"],
)
@pytest.mark.parametrize("name", ["DisputeOpened", "DisputeStageChanged", "DisputeResolved"])
def test_a_charge_that_cannot_be_is_refused_by_its_field(name: str, told: list[dict[str, Any]], field: str) -> None:
    payload = EXAMPLES[TYPE.format(name)] | {"charge": {"orders": told}}
    assert payload["order_id"] == ORDER["order_id"]
    with pytest.raises(ContractError) as refused:
        decode(TYPE.format(name), json.dumps(payload).encode())
    assert refused.value.field == field
