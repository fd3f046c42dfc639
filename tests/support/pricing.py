"""Tells pricing's tests of orders, products and tenants: each builder makes a good one, keywords change it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.orders import (
    CoverSelection,
    FxRate,
    OrderAmended,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    OrderRefunded,
    Payment,
    Promise,
    PromiseChanged,
)
from waybond_contracts.places import Lane
from waybond_kit.aggregate import Outcome, Woken
from waybond_pricing.catalogue import Catalogue, Product, TenantSettings
from waybond_pricing.decide import decide
from waybond_pricing.files import products, ratings
from waybond_pricing.state import State
from waybond_pricing.tokens import Quote, QuoteKeys, sign

PLACED_AT = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
KNOWN_AT = PLACED_AT + timedelta(minutes=1)
PROMISED = datetime(2026, 11, 21, tzinfo=UTC)
KEYS = QuoteKeys.parse(f"k2:{'22' * 32},k1:{'11' * 32}")
PARCEL = "order-protection@2026.11.1"
GUARANTEE = "logistics-time-guarantee@2026.11.1"
FREIGHT = "freight-time-guarantee@2026.11.1"
OF_THE_ORDER: dict[str, Any] = {"tenant": "acme", "platform": "shop", "order_id": "1001"}


def usd(minor: int) -> Money:
    return Money.of(minor, "USD")


def placed(minor: int = 6_000, currency: str = "USD", **changes: Any) -> OrderPlaced:
    """An order from China to Brazil of 60 USD, promised in 20 days."""
    total = Money.of(minor, currency)
    order: dict[str, Any] = {
        **OF_THE_ORDER,
        "occurred_at": PLACED_AT,
        "buyer_ref": "buyer-1",
        "seller_ref": "seller-1",
        "total": total,
        "lines": (OrderLine(line_id="1", sku="lamp", quantity=1, total=total),),
        "origin": "CN",
        "destination": "BR",
        "promise": Promise(latest=PROMISED),
        "service": "air",
        "payment": Payment(provider="stripe", reference="ch_1"),
    }
    return OrderPlaced(**{**order, **changes})


def asked_for(product: str | None = None, token: str | None = None) -> CoverSelection:
    return CoverSelection(product=product, quote_token=token)


def amended(revision: int, minor: int | None = None, at: datetime | None = None, **changes: Any) -> OrderAmended:
    total = None if minor is None else changes.pop("total", usd(minor))
    return OrderAmended(
        **OF_THE_ORDER, occurred_at=at or KNOWN_AT + timedelta(days=1), revision=revision, **{"total": total, **changes}
    )


def cancelled(at: datetime | None = None) -> OrderCancelled:
    return OrderCancelled(**OF_THE_ORDER, occurred_at=at or KNOWN_AT + timedelta(days=2))


def refunded(ref: str, minor: int, at: datetime | None = None, currency: str = "USD") -> OrderRefunded:
    amount = Money.of(minor, currency)
    occurred_at = at or KNOWN_AT + timedelta(days=3)
    return OrderRefunded(**OF_THE_ORDER, occurred_at=occurred_at, refund_ref=ref, amount=amount)


def promise_changed(revision: int, latest: datetime) -> PromiseChanged:
    occurred_at = KNOWN_AT + timedelta(days=4)
    return PromiseChanged(**OF_THE_ORDER, occurred_at=occurred_at, revision=revision, promise=Promise(latest=latest))


def rate(base: str, quote: str, value: str) -> FxRate:
    return FxRate(base=base, quote=quote, rate=value, source="platform", as_of=PLACED_AT)


def quote(**changes: Any) -> Quote:
    """What a quote for `placed()` promises."""
    content: dict[str, Any] = {
        **OF_THE_ORDER,
        "product": "order-protection",
        "version": "2026.11.1",
        "premium": usd(333),
        "value": usd(6_000),
        "lane": Lane(origin="CN", destination="BR"),
        "expires_at": KNOWN_AT + timedelta(minutes=30),
        "service": "air",
        "basis": changes.get("value", usd(6_000)),
    }
    return Quote(**{**content, **changes})


def token(**changes: Any) -> str:
    return sign(quote(**changes), KEYS)


def settings(
    *offered: str, default: str | None = PARCEL, since: datetime | None = None, active: bool = True
) -> TenantSettings:
    return TenantSettings(since or PLACED_AT - timedelta(days=30), offered or (PARCEL, GUARANTEE), default, active)


def catalogue(
    *history: TenantSettings, complete_until: datetime | None = None, extra: tuple[str, ...] = ()
) -> Catalogue:
    """All products of the service and those whose file's text is in `extra`; the tenant is `acme`."""
    more = {product.key: product for product in (Product.of(body, ratings()) for body in extra)}
    return Catalogue(
        products={**products(), **more},
        ratings=ratings(),
        tenants={"acme": history or (settings(),)},
        complete_until=complete_until or datetime(2099, 1, 1, tzinfo=UTC),
    )


def changed(product: str, *replacements: tuple[str, str], version: str = "2026.11.99") -> str:
    """The text of a product's file with other rules, under another version."""
    body = products()[product].document.body
    for old, new in (("2026.11.1", version), *replacements):
        if old not in body:
            raise ValueError(f"{old} does not stand in {product}")
        body = body.replace(old, new, 1)
    return body


class Deciding:
    """Pricing's `decide` with a catalogue, as the kit calls it."""

    def __init__(self, known: Catalogue | None = None, keys: QuoteKeys = KEYS) -> None:
        self.catalogue = known or catalogue()
        self.keys = keys

    def __call__(
        self, state: State | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None
    ) -> Outcome[State]:
        return decide(self.catalogue, self.keys, state, fact, now)
