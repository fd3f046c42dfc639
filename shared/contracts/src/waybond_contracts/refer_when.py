"""When a claim is put before a person because of other orders: conditions over what signals tell.

A signal may ask a person. It never denies, and it never pays.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from waybond_contracts.errors import ContractError
from waybond_contracts.fields import Code, Count, Model, Share
from waybond_contracts.signals import MAX_SEEN, SubjectKind
from waybond_contracts.worded import Strict

MAX_REFER_WHEN = 8
"""Conditions of one clause."""
MAX_ABOVE = 1_000_000
"""No fact is compared with more."""


class SignalName(StrEnum):
    """What is counted of other orders."""

    ORDERS_1D = "orders_1d"
    ORDERS_30D = "orders_30d"
    ORDERS_90D = "orders_90d"
    CLAIMS_1D = "claims_1d"
    CLAIMS_30D = "claims_30d"
    CLAIMS_90D = "claims_90d"
    PAID_1D = "paid_1d"
    PAID_30D = "paid_30d"
    PAID_90D = "paid_90d"
    RETURNED_1D = "returned_1d"
    RETURNED_30D = "returned_30d"
    RETURNED_90D = "returned_90d"
    UNDELIVERABLE_1D = "undeliverable_1d"
    UNDELIVERABLE_30D = "undeliverable_30d"
    UNDELIVERABLE_90D = "undeliverable_90d"
    BUYERS = "buyers"
    CARDS = "cards"
    SAME_PHOTO = "same_photo"
    SIMILAR_PHOTO = "similar_photo"

    @property
    def days(self) -> str:
        """The window, as the name has it (90d); empty where it has none."""
        head, _, tail = self.value.rpartition("_")
        return tail if head and tail[0].isdigit() else ""

    @property
    def orders(self) -> "SignalName | None":
        """The count of all orders within the same days, where there is one beside it."""
        return SignalName(f"orders_{self.days}") if self.days and not self.value.startswith("orders_") else None

    @property
    def most(self) -> int | None:
        """The highest count that can be told, where there is a bound: such facts come from the orders that signals
        keep one by one."""
        return MAX_SEEN if self.days == "1d" or self in (SignalName.BUYERS, SignalName.CARDS) else None


_TOKENS = (SubjectKind.BUYER, SubjectKind.ADDRESS, SubjectKind.CARD, SubjectKind.SELLER)
_OF = {
    SignalName.BUYERS: (SubjectKind.ADDRESS, SubjectKind.CARD),
    SignalName.CARDS: (SubjectKind.BUYER, SubjectKind.ADDRESS),
    SignalName.SAME_PHOTO: (SubjectKind.PHOTO,),
    SignalName.SIMILAR_PHOTO: (SubjectKind.PHOTO,),
}


def told_of(fact: SignalName) -> tuple[SubjectKind, ...]:
    """The kinds of subject of which signals tell the fact."""
    return _OF.get(fact, _TOKENS)


class ReferWhen(Strict):
    """A condition over what signals tell of other orders: where it holds, a person decides the claim."""

    fact: SignalName
    """What is counted; `..._90d`: within so many days."""
    of: SubjectKind
    """Of whose other orders."""
    above: Annotated[int, Field(ge=0, le=MAX_ABOVE, strict=True)]
    """It holds if there are more than so many."""
    of_orders: Share | None = None
    """And if they are more than this share of the other orders within the same days: a parcel shop has many claims
    since it has many orders."""

    @model_validator(mode="after")
    def _told(self) -> "ReferWhen":
        kinds = told_of(self.fact)
        if self.of not in kinds:
            raise ContractError("of", f"one of {', '.join(kinds)}, of which {self.fact} is told", self.of)
        if self.of_orders is not None and self.fact.orders is None:
            raise ContractError("of_orders", f"no share beside {self.fact}: no orders are counted with it")
        return self

    def holds(self, value: int, orders: int) -> bool:
        """Whether it holds for so many, beside so many orders within the same days."""
        return value > self.above and (self.of_orders is None or value > Decimal(self.of_orders) * orders)


def check_refer_when(conditions: Iterable[ReferWhen], clause_id: str) -> None:
    """Raises ContractError for a condition that stands there twice."""
    seen: set[tuple[SignalName, SubjectKind, int, str | None]] = set()
    for each in conditions:
        key = each.fact, each.of, each.above, each.of_orders
        if key in seen:
            raise ContractError("refer_when", f"each condition once in clause {clause_id}", each.fact)
        seen.add(key)


class SignalUsed(Model):
    """A condition that held, and the numbers by which it did."""

    of: Code
    """Of whose other orders (buyer, address, card, seller, photo). More words may come."""
    fact: Code
    """What is counted. More words may come."""
    value: Count
    """How many there were."""
    above: Count
    """The wording's: it holds for more."""
    orders: Count | None = None
    """With a share: the other orders within the same days."""
    of_orders: Share | None = None
    """The wording's share of them."""


class SignalsUsed(Model):
    """What signals said of a complaint under a clause that heeds them, as it was looked at."""

    outcome: Code
    """clear (no condition holds), refer (one does, so a person decides), missing (signals did not answer in time, so a
    person decides) or waits (their answer is still expected). More words may come."""
    version: Count = 0
    """Of the SignalsTold that it was read from; 0: there was none."""
    held: Annotated[tuple[SignalUsed, ...], Field(fail_fast=True, max_length=MAX_REFER_WHEN)] = ()
    """The conditions that hold."""
