"""The lives of orders that flow through the stack: what platforms, carriers and buyers say, and when, by a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from waybond_contracts.disputes import (
    DisputeOpened,
    DisputeOutcome,
    DisputeReason,
    DisputeResolved,
    DisputeSource,
    DisputeWithdrawn,
)
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.orders import (
    FxRate,
    OrderAmended,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    OrderRefunded,
    Payment,
    Promise,
)
from waybond_contracts.shipments import ScanKind, ShipmentBooked, ShipmentScanned
from waybond_local.replay.timed import About

TENANT, PLATFORM = "chaos", "shop"
PACKAGE, DISPUTE = "p1", "d1"
LATE_AFTER = timedelta(days=7)
"""When order-protection pays for a parcel that is late."""
LATE_AT_LEAST_SECONDS = 2.0
"""After the order is placed. It must be known by then: cover excludes what has happened before."""
REPEATED = 0.2
"""The share of orders of which something is said twice."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is said so many seconds after the order is known; it is dated when it is said, as `build` is called."""

    after_seconds: float
    build: Callable[[datetime], Event]


@dataclass(frozen=True, slots=True)
class Order:
    """What does not change in an order: who it is about, and what was paid."""

    about: About
    total: Money
    lane: tuple[str, str]
    dollar: str
    """What one USD costs in the order's currency."""

    def placed(self, at: datetime, due_in: timedelta | None = None) -> OrderPlaced:
        """`due_in`: when lateness is paid for, where the parcel is going to be late."""
        currency, order_id = self.total.currency, self.about["order_id"]
        rate = FxRate(base="USD", quote=currency, rate=self.dollar, source="chaos", as_of=at)
        return OrderPlaced(
            **self.about,
            occurred_at=at,
            buyer_ref=f"buyer-{order_id}",
            seller_ref="seller",
            total=self.total,
            lines=(OrderLine(line_id="1", sku="lamp", quantity=1, total=self.total),),
            origin=self.lane[0],
            destination=self.lane[1],
            promise=Promise(latest=at + (timedelta(days=20) if due_in is None else due_in - LATE_AFTER)),
            payment=Payment(provider="cards", reference=f"ch_{order_id}", paid_at=at),
            settlement_rate=None if currency == "USD" else rate,
        )

    def booked(self, after_seconds: float) -> Said:
        number = f"T{self.about['order_id']}"
        return Said(
            after_seconds,
            lambda at: ShipmentBooked(
                **self.about, occurred_at=at, package_id=PACKAGE, carrier="carrier", tracking_number=number
            ),
        )

    def scan(self, after_seconds: float, kind: ScanKind) -> Said:
        return Said(
            after_seconds,
            lambda at: ShipmentScanned(**self.about, occurred_at=at, package_id=PACKAGE, kind=kind, provider="carrier"),
        )


@dataclass(frozen=True, slots=True)
class Life:
    """All that is said of one order beside that it was placed. `pays`: it must end in a refund command."""

    kind: str
    order: Order
    said: tuple[Said, ...]
    pays: bool
    due_in: timedelta | None = None
    """When it is late, where nothing but time makes it pay."""


def _delivered(draw: random.Random, order: Order) -> Sequence[Said]:
    return (order.scan(draw.uniform(2, 5), ScanKind.DELIVERED),)


def _lost(draw: random.Random, order: Order) -> Sequence[Said]:
    return (order.scan(draw.uniform(0.5, 3), ScanKind.LOST),)


def _damaged(draw: random.Random, order: Order) -> Sequence[Said]:
    return (order.scan(draw.uniform(0.5, 3), ScanKind.DAMAGED),)


def _late(draw: random.Random, order: Order) -> Sequence[Said]:
    """Nobody says anything more: a wake must see it."""
    return ()


def _found_again(draw: random.Random, order: Order) -> Sequence[Said]:
    lost = draw.uniform(1, 3)
    return (order.scan(lost, ScanKind.LOST), order.scan(lost + draw.uniform(1, 3), ScanKind.DELIVERED))


def _disputed(draw: random.Random, order: Order) -> Sequence[Said]:
    """A buyer complains, and withdraws it or is paid by the platform; the parcel is lost meanwhile."""
    opened = draw.uniform(0.5, 3)
    about, outcome = order.about, draw.choice((DisputeOutcome.BUYER_FAVOUR, DisputeOutcome.PAYOUT))
    refunded = Money.of(draw.randint(1, order.total.minor), order.total.currency)

    def complaint(at: datetime) -> Event:
        source, reason = DisputeSource.BUYER, DisputeReason.NOT_RECEIVED
        return DisputeOpened(**about, occurred_at=at, dispute_id=DISPUTE, source=source, reason=reason)

    def withdrawn(at: datetime) -> Event:
        return DisputeWithdrawn(**about, occurred_at=at, dispute_id=DISPUTE)

    def resolved(at: datetime) -> Event:
        return DisputeResolved(**about, occurred_at=at, dispute_id=DISPUTE, outcome=outcome, refunded=refunded)

    ended = Said(opened + draw.uniform(0.5, 2), draw.choice((withdrawn, resolved)))
    return (Said(opened, complaint), order.scan(draw.uniform(0.5, 3), ScanKind.LOST), ended)


def _refunded_elsewhere(draw: random.Random, order: Order) -> Sequence[Said]:
    part = Money.of(draw.randint(1, order.total.minor), order.total.currency)

    def refunded(at: datetime) -> Event:
        return OrderRefunded(**order.about, occurred_at=at, refund_ref="r1", amount=part)

    return (order.scan(draw.uniform(0.5, 3), ScanKind.LOST), Said(draw.uniform(0.5, 3), refunded))


def _amended(draw: random.Random, order: Order) -> Sequence[Said]:
    less, after = Money.of(max(1, order.total.minor // 2), order.total.currency), draw.uniform(1, 4)

    def amended(at: datetime) -> Event:
        return OrderAmended(**order.about, occurred_at=at, revision=1, total=less)

    return (Said(after, amended), order.scan(after + draw.uniform(1, 3), ScanKind.LOST))


def _cancelled(draw: random.Random, order: Order) -> Sequence[Said]:
    return (Said(draw.uniform(1, 4), lambda at: OrderCancelled(**order.about, occurred_at=at)),)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of life: how often it comes among a hundred, what is said, whether it must pay."""

    weight: int
    story: Callable[[random.Random, Order], Sequence[Said]]
    pays: bool


_KINDS = {
    "delivered": _Kind(40, _delivered, pays=False),
    "lost": _Kind(20, _lost, pays=True),
    "damaged": _Kind(8, _damaged, pays=True),
    "late": _Kind(12, _late, pays=True),
    "found again": _Kind(4, _found_again, pays=False),
    "disputed": _Kind(6, _disputed, pays=False),
    "refunded elsewhere": _Kind(4, _refunded_elsewhere, pays=False),
    "amended": _Kind(4, _amended, pays=True),
    "cancelled": _Kind(2, _cancelled, pays=False),
}
# Origin, destination, currency, what one USD costs, the smallest and the largest order in minor units.
_LANES = (
    ("CN", "BR", "BRL", "5.35", 5_000, 50_000),
    ("CN", "US", "USD", "1", 1_000, 10_000),
    ("CN", "DE", "EUR", "0.862", 1_000, 10_000),
    ("CN", "JP", "JPY", "155.3", 1_000, 10_000),
)


def life(draw: random.Random, order_id: str, haste: float = 1.0) -> Life:
    """The life of one order. `haste`: a parcel is late so many times as soon beyond LATE_AT_LEAST_SECONDS."""
    name = draw.choices(list(_KINDS), [kind.weight for kind in _KINDS.values()])[0]
    order_id = f"{order_id}-{name.replace(' ', '-')}"
    kind = _KINDS[name]
    origin, destination, currency, dollar, least, most = draw.choice(_LANES)
    about = About(tenant=TENANT, platform=PLATFORM, order_id=order_id)
    order = Order(about, Money.of(draw.randint(least, most), currency), (origin, destination), dollar)
    said = [order.booked(draw.uniform(0, 2)), *kind.story(draw, order)]
    if draw.random() < 0.7:
        # Before anything else that is scanned: whoever picks up a parcel that was lost says that it was found.
        said.append(order.scan(draw.uniform(0, 0.4), ScanKind.PICKED_UP))
    due_in = None
    if name == "late":
        due_in = timedelta(seconds=LATE_AT_LEAST_SECONDS + draw.uniform(0, 3) / haste)
    return Life(name, order, tuple(said), kind.pays, due_in)
