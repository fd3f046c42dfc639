"""A charge that paid for several orders at once, and how an amount of it is apportioned to them.

A buyer pays for a basket once, the platform makes an order of it for each seller, and the bank disputes the one charge.
What it says is of all of them together; each order's file has to know its own part, and the parts have to add up.
"""

from typing import Annotated

from pydantic import Field, model_validator

from waybond_contracts.errors import ContractError
from waybond_contracts.fields import Model, OrderId
from waybond_contracts.money import Money, MoreThanZero

MAX_CHARGED_ORDERS = 100


class ChargedOrder(Model):
    """One of the orders that the charge paid for."""

    order_id: OrderId
    """An order of the same platform."""
    paid: MoreThanZero
    """What of the charge was for it."""


class Charge(Model):
    """What a charge paid for: all of its orders, the same in each of their events."""

    orders: Annotated[tuple[ChargedOrder, ...], Field(fail_fast=True, min_length=2, max_length=MAX_CHARGED_ORDERS)]
    """Each order once, in any order; all paid in one currency."""

    @model_validator(mode="after")
    def _consistent(self) -> "Charge":
        first = self.orders[0].paid
        seen: set[str] = set()
        for number, each in enumerate(self.orders):
            if each.order_id in seen:
                raise ContractError(f"orders.{number}.order_id", "each order once", each.order_id)
            if (each.paid.currency, each.paid.exponent) != (first.currency, first.exponent):
                raise ContractError(f"orders.{number}.paid", f"an amount of {first.currency}", str(each.paid))
            seen.add(each.order_id)
        return self

    def part(self, amount: Money, order_id: str) -> Money:
        """Of an amount of the charge the part of one of its orders, by what each paid.

        Each gets its share, rounded down; what is left over goes unit by unit to those whose share was cut most, of
        equal ones to the order whose id comes first. So the parts are whole minor units and come to the amount.
        Scenario: 50.00 of a charge that paid 30.00, 30.00 and 30.01 for A, B and C: 16.67, 16.66 and 16.67.
        """
        whole = sum(each.paid.minor for each in self.orders)
        cut = sorted((-(amount.minor * each.paid.minor % whole), each.order_id) for each in self.orders)
        down = {each.order_id: amount.minor * each.paid.minor // whole for each in self.orders}
        left = amount.minor - sum(down.values())
        more = {name for _, name in cut[:left]}
        return Money.of(down[order_id] + (order_id in more), amount.currency)


def check_charged(charge: Charge | None, order_id: str) -> None:
    """The event's own order is one of those that the charge paid for.

    Raises ContractError.
    """
    if charge is not None and all(each.order_id != order_id for each in charge.orders):
        raise ContractError("charge.orders", f"order {order_id} among them", "")
