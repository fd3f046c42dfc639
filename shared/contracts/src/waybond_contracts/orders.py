"""Events of an order at its platform (topic `orders`)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.fields import (
    MAX_LINES,
    Code,
    Count,
    Id,
    Instant,
    Model,
    Positive,
    Rate,
    Text,
)
from waybond_contracts.money import Currency, ZeroOrMore
from waybond_contracts.places import Country, Lane
from waybond_contracts.topics import ORDERS


class Language(StrEnum):
    """The languages in which buyers are addressed."""

    ZH = "zh"
    EN = "en"
    PT = "pt"
    ES = "es"


class OrderLine(Model):
    """One line of an order. `line_id` is unique within the order."""

    line_id: Id
    """Unique within the order; packages name it."""
    sku: Id
    """The seller's own article number."""
    quantity: Positive
    """Units."""
    total: ZeroOrMore
    """What the buyer paid for the line, all units together."""
    category: Code = ""
    """The platform's category or a Harmonized System code, as the wording's exclusions name it."""
    title: Text = ""
    """What the platform calls it."""


class Payment(Model):
    """How the order was paid: what a refund has to name."""

    provider: Id
    """The payment system that took the money."""
    kind: Code = "card"
    """How it was paid: card, wallet, transfer, ..."""
    reference: Id
    """The payment system's own id of the payment."""
    paid_at: Instant | None = None
    """When it was paid; the clock `payment` starts here."""


class Promise(Model):
    """The window that the buyer was promised."""

    earliest: Instant | None = None
    """From when it may arrive."""
    latest: Instant
    """By when it arrives; the clock `promised_latest` starts here."""


class FxRate(Model):
    """One unit of `base` costs `rate` units of `quote` (a decimal string)."""

    base: Currency
    """The currency of which there is one unit."""
    quote: Currency
    """The currency of the rate."""
    rate: Rate
    """What one unit costs, as a decimal string."""
    source: Id
    """Who published the rate."""
    as_of: Instant
    """When it held."""


class CoverSelection(Model):
    """What cover was asked for. Without a token the premium is rated when the order arrives."""

    wanted: bool = True
    """False: the buyer or seller declined cover."""
    product: Id | None = None
    """Without one: the tenant's default product."""
    quote_token: Annotated[str, Field(max_length=4_096, pattern=r"^[\x21-\x7e]+$")] | None = None
    """The signed token of a quote: its price is bound."""


class OrderPlaced(Event, topic=ORDERS):
    """An order was placed; `occurred_at` is when. Its total and its lines are in one currency."""

    language: Language = Language.EN
    """In which the buyer is addressed."""
    time_zone: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")] = "UTC"
    """The buyer's, as an IANA name."""
    buyer_ref: Id
    """Pseudonymous: a token of the platform, never a name or an address."""
    seller_ref: Id
    """Pseudonymous: a token of the platform."""
    total: ZeroOrMore
    """What the buyer paid for the order in all."""
    shipping: ZeroOrMore | None = None
    """The part of the total that is for shipping."""
    lines: Annotated[tuple[OrderLine, ...], Field(fail_fast=True, min_length=1, max_length=MAX_LINES)]
    """What was bought."""
    origin: Country
    """Where the parcel is sent from."""
    destination: Country
    """Where it is sent to."""
    postal_prefix: Code = ""
    """The first characters of the destination's postal code, as many as name no household."""
    promise: Promise | None = None
    """What the buyer was promised; products that need a promise decline an order without one."""
    service: Code = ""
    """The service level or shipment mode that was sold (air, ocean, standard, express)."""
    payment: Payment
    """What a refund is made to."""
    cover: CoverSelection = CoverSelection()
    """Whether and which cover is wanted."""
    settlement_rate: FxRate | None = None
    """Between the order's currency and the product's, either way round; needed where they differ."""
    address_token: Id | None = None
    """Pseudonymous: the platform's token of where the order is sent, alike for alike addresses; never an address."""
    card_token: Id | None = None
    """Pseudonymous: the payment system's token (fingerprint) of the card or account; never its number."""

    @model_validator(mode="after")
    def _consistent(self) -> "OrderPlaced":
        _check_lines(self.lines, self.total.currency)
        if self.shipping is not None and self.shipping.currency != self.total.currency:
            raise ContractError("shipping.currency", f"the total's {self.total.currency}", self.shipping.currency)
        return self

    @property
    def lane(self) -> Lane:
        return Lane(origin=self.origin, destination=self.destination)

    @property
    def business_key(self) -> str:
        return "placed"


class OrderAmended(Event, topic=ORDERS):
    """The order changed; the fields given replace those of the order. The highest `revision` wins."""

    revision: Count
    """Counts up with each change."""
    total: ZeroOrMore | None = None
    """The new total. Money given back for what this change takes off is off it already, and not told as OrderRefunded
    again."""
    lines: Annotated[tuple[OrderLine, ...], Field(fail_fast=True, min_length=1, max_length=MAX_LINES)] | None = None
    """All lines, changed or not."""
    destination: Country | None = None
    """The new destination."""
    reason: Text = ""
    """Why, in the platform's words."""

    @model_validator(mode="after")
    def _consistent(self) -> "OrderAmended":
        if self.lines is not None:
            _check_lines(self.lines, self.total.currency if self.total else self.lines[0].total.currency)
        return self

    @property
    def business_key(self) -> str:
        return str(self.revision)


class OrderCancelled(Event, topic=ORDERS):
    """The order was cancelled as a whole."""

    reason: Code = ""
    """The platform's own code."""

    @property
    def business_key(self) -> str:
        return "cancelled"


class RefundedLine(Model):
    """What a refund gives back for one line: an amount, or so many units of it; of neither, all of the line."""

    line_id: Id
    """Of the order."""
    quantity: Positive | None = None
    """For how many units."""
    amount: ZeroOrMore | None = None
    """How much of the refund is for this line, in its currency; counts before `quantity`."""


RefundedLines = Annotated[tuple[RefundedLine, ...], Field(fail_fast=True, max_length=MAX_LINES)]


class OrderRefunded(Event, topic=ORDERS):
    """The platform itself gave money back to the buyer, beside Waybond, for the order as its latest total has it.

    It counts for the goods of the lines that it names. The same money is counted once: a refund that Waybond commanded
    (its refund_id or the provider's reference is named) counts nothing, one that a dispute's outcome also tells (the
    same provider's reference, or `dispute_id`) counts as the newer of the two has it.
    """

    refund_ref: Id
    """The platform's own id of this refund: the same id with other content is a contradiction."""
    amount: ZeroOrMore
    """What the buyer got back."""
    reason: Code = ""
    """The platform's own code."""
    lines: RefundedLines = ()
    """What it is for, as [{line_id, quantity or amount}]; none: for the order, no goods in particular."""
    provider_refund_ref: Id | None = None
    """The payment system's own id of the refund, as its answers and a dispute's outcome name it."""
    dispute_id: Id | None = None
    """The dispute that it settled, if any."""

    @model_validator(mode="after")
    def _consistent(self) -> "OrderRefunded":
        check_refunded_lines(self.lines, self.amount.currency)
        return self

    @property
    def business_key(self) -> str:
        return self.refund_ref


class PromiseChanged(Event, topic=ORDERS):
    """The buyer was promised another window. The highest `revision` wins."""

    revision: Count
    """Counts up with each change."""
    promise: Promise
    """The new window, whole."""
    by: Code = "platform"
    """Who changed it: platform, seller, carrier, ..."""

    @property
    def business_key(self) -> str:
        return str(self.revision)


def check_refunded_lines(lines: tuple[RefundedLine, ...], currency: str | None) -> None:
    """Each line once, in the refund's currency (None: no amount is told). Raises ContractError."""
    seen: set[str] = set()
    for ordinal, line in enumerate(lines):
        if line.amount is not None and currency is not None and line.amount.currency != currency:
            raise ContractError(f"lines.{ordinal}.amount.currency", f"the refund's {currency}", line.amount.currency)
        if line.line_id in seen:
            raise ContractError(f"lines.{ordinal}.line_id", "an id that no other line has", line.line_id)
        seen.add(line.line_id)


def _check_lines(lines: tuple[OrderLine, ...], currency: str) -> None:
    """One currency an order, and each line once (S: a share of the basis is taken of a sum of two currencies)."""
    seen: set[str] = set()
    for ordinal, line in enumerate(lines):
        if line.total.currency != currency:
            raise ContractError(f"lines.{ordinal}.total.currency", f"the order's {currency}", line.total.currency)
        if line.line_id in seen:
            raise ContractError(f"lines.{ordinal}.line_id", "an id that no other line has", line.line_id)
        seen.add(line.line_id)
