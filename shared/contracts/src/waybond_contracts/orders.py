"""Events of an order at its platform (topic `orders`)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from waybond_contracts.event import Event
from waybond_contracts.fields import (
    MAX_LINES,
    Code,
    Count,
    DecimalString,
    Id,
    Instant,
    Model,
    Positive,
    Text,
)
from waybond_contracts.money import Money
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
    sku: Id
    quantity: Positive
    total: Money
    """What the buyer paid for the line, all units together."""
    category: Code = ""
    """The platform's category or a Harmonized System code, as the wording's exclusions name it."""
    title: Text = ""


class Payment(Model):
    """How the order was paid: what a refund has to name."""

    provider: Id
    kind: Code = "card"
    reference: Id
    paid_at: Instant | None = None


class Promise(Model):
    """The window that the buyer was promised."""

    earliest: Instant | None = None
    latest: Instant


class FxRate(Model):
    """One unit of `base` costs `rate` units of `quote` (a decimal string)."""

    base: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    quote: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    rate: DecimalString
    source: Id
    as_of: Instant


class CoverSelection(Model):
    """What cover was asked for. Without a token the premium is rated when the order arrives."""

    wanted: bool = True
    product: Id | None = None
    """Without one: the tenant's default product."""
    quote_token: Annotated[str, Field(max_length=4_096)] | None = None


class OrderPlaced(Event, topic=ORDERS):
    """An order was placed; `occurred_at` is when. Its total and its lines are in one currency."""

    language: Language = Language.EN
    time_zone: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")] = "UTC"
    """The buyer's, as an IANA name."""
    buyer_ref: Id
    """Pseudonymous: a token of the platform, never a name or an address."""
    seller_ref: Id
    total: Money
    shipping: Money | None = None
    lines: Annotated[tuple[OrderLine, ...], Field(min_length=1, max_length=MAX_LINES)]
    origin: Country
    destination: Country
    postal_prefix: Code = ""
    promise: Promise | None = None
    service: Code = ""
    """The service level or shipment mode that was sold (air, ocean, standard, express)."""
    payment: Payment
    cover: CoverSelection = CoverSelection()
    settlement_rate: FxRate | None = None
    """Set if another currency than the order's is settled."""

    @property
    def lane(self) -> Lane:
        return Lane(origin=self.origin, destination=self.destination)

    @property
    def business_key(self) -> str:
        return "placed"


class OrderAmended(Event, topic=ORDERS):
    """The order changed; the fields given replace those of the order. The highest `revision` wins."""

    revision: Count
    total: Money | None = None
    lines: Annotated[tuple[OrderLine, ...], Field(max_length=MAX_LINES)] | None = None
    destination: Country | None = None
    reason: Text = ""

    @property
    def business_key(self) -> str:
        return str(self.revision)


class OrderCancelled(Event, topic=ORDERS):
    """The order was cancelled as a whole."""

    reason: Code = ""

    @property
    def business_key(self) -> str:
        return "cancelled"


class OrderRefunded(Event, topic=ORDERS):
    """The platform itself gave money back to the buyer, beside Waybond."""

    refund_ref: Id
    """The platform's own id of this refund: the same id with other content is a contradiction."""
    amount: Money
    reason: Code = ""

    @property
    def business_key(self) -> str:
        return self.refund_ref


class PromiseChanged(Event, topic=ORDERS):
    """The buyer was promised another window. The highest `revision` wins."""

    revision: Count
    promise: Promise
    by: Code = "platform"

    @property
    def business_key(self) -> str:
        return str(self.revision)
