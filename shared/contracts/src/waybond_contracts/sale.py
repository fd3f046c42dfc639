"""How a product is sold: to whom, at which rating file and rates; how much people decide alone; how it is checked."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from waybond_contracts.errors import ContractError
from waybond_contracts.fields import Duration, Id, Rate, Share
from waybond_contracts.places import LanePattern
from waybond_contracts.worded import Amount, Strict

MAX_LANES = 300
MAX_REFERENCE_RATES = 64


class ReferenceRate(Strict):
    """One unit of `base` costs about `rate` units of `quote`."""

    base: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """ISO 4217 code."""
    quote: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """ISO 4217 code."""
    rate: Rate
    """As a decimal string above zero."""

    @model_validator(mode="after")
    def _of_two(self) -> "ReferenceRate":
        if self.base == self.quote:
            raise ContractError("quote", f"another currency than {self.base}", self.quote)
        return self


class Terms(Strict):
    """What pricing needs to sell the product: who may have it, for how long after the order, at which rating file."""

    rating: Id
    """Name and version of the rating file."""
    bind_within: Duration
    """An order that is placed longer ago than this is declined; at most 30 days."""
    lanes: Annotated[tuple[LanePattern, ...], Field(min_length=1, max_length=MAX_LANES)] = ("*",)
    """Where it is sold."""
    lanes_except: Annotated[tuple[LanePattern, ...], Field(max_length=MAX_LANES)] = ()
    """Where it is not."""
    max_order_value: Amount | None = None
    """Orders above it are declined."""
    needs_promise: bool = False
    """An order without a promise is declined."""
    reference_rates: Annotated[tuple[ReferenceRate, ...], Field(max_length=MAX_REFERENCE_RATES)] = ()
    """What an order's exchange rate is compared with, one for each pair of currencies; a pair that is not named is not
    compared."""
    rate_within: Share | None = None
    """How far an order's exchange rate may be from the reference rate, as a share of that; beyond it the order is
    declined."""
    on_cancel: Literal["refund_premium", "refund_unearned", "keep_premium"] = "refund_premium"
    """What becomes of the premium when the order is cancelled: all is given back and nothing was ever covered, the part
    for the time that is left is, or nothing."""
    on_refund: Literal["refund_unearned", "keep_premium"] = "keep_premium"
    """What becomes of it when the platform has refunded all of the order."""
    on_amend: Literal["rate_again", "keep_premium"] = "rate_again"
    """What becomes of it when the order changes: it is rated again, or stays as it was bound."""

    @model_validator(mode="after")
    def _bounded(self) -> "Terms":
        if bool(self.reference_rates) != (self.rate_within is not None):
            raise ContractError("rate_within", "reference_rates and rate_within together, or neither")
        pairs = [frozenset((each.base, each.quote)) for each in self.reference_rates]
        if len(pairs) != len(set(pairs)):
            raise ContractError("reference_rates", "one rate for each pair of currencies")
        return self


class Authority(Strict):
    """How much a role decides alone; a lead decides what is above it. A role without an amount decides all."""

    adjuster: Amount | None = None
    """Of who says what is due under the wording."""
    payments: Amount | None = None
    """Of who says what became of refunds and of money that is asked back."""


class Audit(Strict):
    """Which decisions that no person made are put to an adjuster afterwards. The answer moves no money."""

    share: Share | None = None
    """Of the payments, by lot."""
    all_above: Amount | None = None
    """Every payment of a larger amount."""
    denials: Share | None = None
    """Of the denied complaints, by lot."""

    @model_validator(mode="after")
    def _says_something(self) -> "Audit":
        if self.share is None and self.all_above is None and self.denials is None:
            raise ContractError("", "at least one of share, all_above and denials")
        return self


class Shadow(Strict):
    """Another wording that is to be compared with this one: `waybond shadow report` decides by both."""

    successor: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*-[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,4}$", max_length=160)]
    """Name of its product file, product and version: "order-protection-2026.12.1"."""
