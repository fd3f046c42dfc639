"""Draws what happens outside: orders, parcels' journeys, refunds by platforms, disputes, records that are rubbish."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.simulation.clocks import START
from tests.simulation.products import KINDS
from waybond_contracts import disputes, orders, shipments
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.orders import CoverSelection, OrderLine, Payment, Promise
from waybond_contracts.shipments import HandedTo, PackageLine, ScanKind

TENANT, PLATFORM = "acme", "shop"
PROMISED_AFTER = timedelta(days=12)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
CLOCKS_SEEN = timedelta(minutes=3)
"""A stop so long after a clock has run out sees its wake fire."""
MOST_LEFT = timedelta(seconds=25)


@dataclass(frozen=True, slots=True)
class Told:
    """An event that a platform or a carrier publishes at `at`, perhaps to a wrong partition or behind a marker."""

    at: datetime
    order: int
    event: Event
    copies: int = 1
    misrouted: bool = False
    marked: bool = False

    def __str__(self) -> str:
        kind = getattr(self.event, "kind", "")
        more = "".join([f" x{self.copies}" * (self.copies > 1), " misrouted" * self.misrouted, " marker" * self.marked])
        what = f"{type(self.event).__name__} {kind}".strip()
        return f"{self.at:%d %b %H:%M} order {self.order}: {what} of {self.event.occurred_at:%d %b %H:%M}{more}"


@dataclass(frozen=True, slots=True)
class Rubbish:
    """A record that nobody can read."""

    at: datetime
    order: int
    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    def __str__(self) -> str:
        return f"{self.at:%d %b %H:%M} order {self.order}: rubbish on {self.topic}"


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passes, and nothing happens."""

    at: datetime
    order: int = -1

    def __str__(self) -> str:
        return f"{self.at:%d %b %H:%M} time passes"


Stop = Told | Rubbish | Tick


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """One order as it was drawn. `carrier_answers`: a check of the carrier is answered; `adjuster_pays`: where it is
    not, a person believes in the parcel's loss."""

    number: int
    product: str
    carrier_answers: bool
    adjuster_pays: bool

    @property
    def key(self) -> str:
        return key_of(self.number)


def key_of(number: int) -> str:
    """The key of the order with this number."""
    return f"{TENANT}/{PLATFORM}/{number}"


def drawn(draw: Random, number: int) -> tuple[OrderPlan, list[Stop]]:
    """An order and everything that is heard of it."""
    plan = OrderPlan(number, draw.choice(KINDS), draw.random() < 0.7, draw.random() < 0.5)
    return plan, sorted(DrawnOrder(draw, plan).stops(), key=lambda stop: stop.at)


class DrawnOrder:
    """Draws one order."""

    def __init__(self, draw: Random, plan: OrderPlan) -> None:
        self.draw = draw
        self.plan = plan
        self.about: dict[str, Any] = {"tenant": TENANT, "platform": PLATFORM, "order_id": str(plan.number)}
        self.placed_at = START + draw.random() * 2 * DAY
        self.promised = self.placed_at + PROMISED_AFTER
        minors = [draw.randrange(101, 20_000) for _ in range(draw.choice((1, 1, 2, 3)))]
        self.lines = tuple(
            OrderLine(line_id=str(index), sku="thing", quantity=draw.choice((1, 1, 3)), total=usd(minor))
            for index, minor in enumerate(minors)
        )
        self.total = sum(minors) + draw.choice((0, 0, 799))
        self.last_heard: list[datetime] = []

    def stops(self) -> Iterator[Stop]:
        draw = self.draw
        yield self.told(self.placed(), soon=draw.random() < 0.9)
        yield from self._shipped()
        if draw.random() < 0.25:
            yield self._refunded()
        if draw.random() < 0.1:
            yield self.told(self._amended())
        if draw.random() < 0.06:
            yield self.told(orders.OrderCancelled(**self.about, occurred_at=self.between(1, 50)))
        if draw.random() < 0.1:
            changed = Promise(latest=self.promised + 9 * DAY)
            at = self.between(1, 20)
            yield self.told(orders.PromiseChanged(**self.about, occurred_at=at, revision=1, promise=changed))
        if draw.random() < 0.3:
            yield from self._dispute()
        if draw.random() < 0.15:
            yield self.rubbish()
        due = [self.promised + days * DAY for days in (7, 15, 45)]
        due += [heard + 30 * DAY for heard in self.last_heard]
        yield from (Tick(at + CLOCKS_SEEN) for at in due if draw.random() < 0.8)
        if draw.random() < 0.4:
            yield from self._at_the_last_moment(draw.choice(due))

    def _at_the_last_moment(self, due: datetime) -> Iterator[Stop]:
        """A clock has nearly run out as something becomes known: the clocks of hosts differ by more than is left."""
        draw = self.draw
        left = draw.random() * MOST_LEFT
        yield Tick(due - left)
        promise = Promise(latest=self.promised + 9 * DAY)
        event = orders.PromiseChanged(**self.about, occurred_at=due - HOUR, revision=2, promise=promise)
        yield Told(due - left * draw.random(), self.plan.number, event)

    def told(self, event: Event, *, soon: bool = False) -> Told:
        """Learned within minutes, or days later; perhaps twice."""
        draw = self.draw
        delay = draw.random() * 20 * MINUTE
        if not soon and draw.random() < 0.15:
            delay += draw.random() * 4 * DAY
        latest = getattr(event, "occurred_until", None) or event.occurred_at
        return Told(
            latest + delay,
            self.plan.number,
            event,
            copies=draw.choice((1, 1, 1, 1, 2)),
            misrouted=draw.random() < 0.04,
            marked=draw.random() < 0.05,
        )

    def placed(self) -> Event:
        draw = self.draw
        placed_at = self.placed_at - (5 * DAY if draw.random() < 0.04 else timedelta(0))
        return orders.OrderPlaced(
            **self.about,
            occurred_at=placed_at,
            language=draw.choice(tuple(orders.Language)),
            buyer_ref="buyer-1",
            seller_ref="seller-1",
            total=usd(self.total),
            lines=self.lines,
            origin="CN",
            destination="BR",
            promise=Promise(latest=self.promised),
            payment=Payment(provider="simulated", reference=f"pay-{self.plan.number}", paid_at=placed_at),
            cover=CoverSelection(product=self.plan.product, wanted=draw.random() < 0.97),
        )

    def between(self, first: float, last: float) -> datetime:
        """An instant so many days after the order was placed."""
        return self.placed_at + (first + self.draw.random() * (last - first)) * DAY

    def _shipped(self) -> Iterator[Stop]:
        """The packages: most hold the whole order and are booked at once. Some are booked late or never, leave goods
        out, are booked again with other goods, or are shipped again."""
        draw = self.draw
        packages = draw.choice((1, 1, 1, 2))
        said = packages if draw.random() < 0.8 else None
        goods = [tuple(each) for each in self._packed(packages)]
        for index, lines in enumerate(goods):
            fate = draw.choice(("soon", "soon", "soon", "late", "never")) if index else "soon"
            if fate != "never":
                at = self.between(0.3, 1.3) if fate == "soon" else self.between(8, 45)
                yield from self._journey(f"p{index}", lines, said, at)
        if draw.random() < 0.08:
            yield self._booked("p0", draw.choice(((), self._all()[:1], self._all())), said, self.between(2, 30))
        if draw.random() < 0.12:
            of = draw.choice(("p0", "p0", "p9", None))
            yield from self._journey("r0", draw.choice((goods[0], goods[0], ())), None, self.between(5, 50), of)

    def _all(self) -> tuple[PackageLine, ...]:
        return tuple(PackageLine(line_id=line.line_id, quantity=line.quantity) for line in self.lines)

    def _packed(self, packages: int) -> Iterator[Sequence[PackageLine]]:
        """What each package is said to hold: nothing where nobody says it, or where one package is drawn for all; now
        and then all but one piece, or but one line, of which the rest comes late or never."""
        draw, lines = self.draw, [*self._all()]
        if packages > 1 and len(lines) > 1:
            for index in range(packages):
                yield [line for number, line in enumerate(lines) if number % packages == index]
            return
        if packages > 1 or draw.random() < 0.65:
            yield from [()] * packages
            return
        *most, last = lines
        if last.quantity > 1:
            most.append(PackageLine(line_id=last.line_id, quantity=last.quantity - 1))
        yield most if most and draw.random() < 0.6 else lines
        if draw.random() < 0.4:
            yield [PackageLine(line_id=last.line_id, quantity=1)]

    def _booked(
        self, package: str, lines: Sequence[PackageLine], packages: int | None, at: datetime, of: str | None = None
    ) -> Stop:
        return self.told(
            shipments.ShipmentBooked(
                **self.about,
                occurred_at=at,
                package_id=package,
                carrier="cn-post",
                tracking_number=f"T{self.plan.number}{package}",
                lines=tuple(lines),
                packages_in_order=packages,
                replaces=of,
            ),
        )

    def _journey(
        self,
        package: str,
        lines: Sequence[PackageLine],
        packages: int | None,
        booked_at: datetime,
        of: str | None = None,
    ) -> Iterator[Stop]:
        draw = self.draw
        yield self._booked(package, lines, packages, booked_at, of)
        heard = booked_at
        for kind, at in self._scans(booked_at):
            until = at + draw.choice((0, 0, 0, 8, 14)) * HOUR
            heard = max(heard, until)
            handed = HandedTo.DOOR if kind is ScanKind.DELIVERED else None
            yield self.told(
                shipments.ShipmentScanned(
                    **self.about,
                    occurred_at=at,
                    occurred_until=until if until > at else None,
                    package_id=package,
                    kind=kind,
                    handed_to=handed,
                    provider="simulated",
                )
            )
        self.last_heard.append(heard)

    def _scans(self, booked_at: datetime) -> list[tuple[ScanKind, datetime]]:
        draw, promised = self.draw, self.promised
        picked = booked_at + draw.random() * DAY
        moved = picked + (1 + 4 * draw.random()) * DAY
        scans = [(ScanKind.PICKED_UP, picked), (ScanKind.IN_TRANSIT, moved)]
        match draw.choice(
            ("on time", "late", "late", "very late", "lost", "lost, arrives", "silent", "damaged", "found")
        ):
            case "on time":
                scans.append((ScanKind.DELIVERED, promised - draw.random() * 4 * DAY))
            case "late":
                scans.append((ScanKind.DELIVERED, promised + draw.random() * 20 * DAY))
            case "very late":
                if draw.random() < 0.6:
                    scans.append((ScanKind.CUSTOMS_HELD, promised + draw.random() * 15 * DAY))
                scans.append((ScanKind.DELIVERED, promised + (20 + draw.random() * 40) * DAY))
            case "lost":
                scans.append((ScanKind.LOST, promised + (draw.random() * 24 - 4) * DAY))
            case "lost, arrives":
                at = promised + (draw.random() * 24 - 4) * DAY
                scans += [(ScanKind.LOST, at), (ScanKind.DELIVERED, at + (1 + draw.random() * 20) * DAY)]
            case "damaged":
                at = promised + (draw.random() * 14 - 4) * DAY
                scans.append((ScanKind.DAMAGED, at))
                if draw.random() < 0.5:
                    scans.append((ScanKind.DELIVERED, at + draw.random() * 4 * DAY))
            case "found":
                at = promised + (draw.random() * 14 - 4) * DAY
                scans += [(ScanKind.LOST, at), (ScanKind.IN_TRANSIT, at + (1 + 4 * draw.random()) * DAY)]
                scans.append((ScanKind.DELIVERED, at + (6 + draw.random() * 10) * DAY))
        # A package that is booked late is not there before it has moved.
        return [*scans[:2], *((kind, max(at, moved + n * HOUR)) for n, (kind, at) in enumerate(scans[2:], 1))]

    def _refunded(self) -> Stop:
        draw = self.draw
        minor = int(self.total * draw.choice((0.07, 0.3, 0.5, 1.0)))
        at = self.between(2, 60)
        return self.told(
            orders.OrderRefunded(**self.about, occurred_at=at, refund_ref="platform-1", amount=usd(max(1, minor)))
        )

    def _amended(self) -> Event:
        """Another total, early: before anything can be owed."""
        minor = int(self.total * self.draw.choice((0.6, 0.9, 1.2)))
        at = self.between(0.01, 1)
        return orders.OrderAmended(**self.about, occurred_at=at, revision=1, total=usd(minor))

    def _dispute(self) -> Iterator[Stop]:
        draw = self.draw
        scheme = draw.random() < 0.6
        at = self.between(3, 50)
        about = {**self.about, "dispute_id": "d1"}
        yield self.told(
            disputes.DisputeOpened(
                **about,
                occurred_at=at,
                source=disputes.DisputeSource.CARD_SCHEME if scheme else disputes.DisputeSource.BUYER,
                reason=draw.choice((disputes.DisputeReason.NOT_RECEIVED, disputes.DisputeReason.DAMAGED)),
                stage=disputes.DisputeStage.CHARGEBACK if scheme else disputes.DisputeStage.INQUIRY,
            )
        )
        ends = at + (2 + draw.random() * 20) * DAY
        if not scheme or draw.random() < 0.3:
            yield self.told(disputes.DisputeWithdrawn(**about, occurred_at=ends))
            return
        won = draw.random() < 0.5
        outcome = disputes.DisputeOutcome.BUYER_FAVOUR if won else disputes.DisputeOutcome.SELLER_FAVOUR
        given = usd(int(self.total * draw.choice((0.25, 1.0)))) if won else None
        yield self.told(disputes.DisputeResolved(**about, occurred_at=ends, outcome=outcome, refunded=given))

    def rubbish(self) -> Stop:
        draw = self.draw
        topic = draw.choice(("orders", "shipments", "disputes"))
        key = draw.choice((self.plan.key.encode(), self.plan.key.encode(), b"acme/shop/nobody", None))
        value, kind = draw.choice(((b"{", b"io.waybond.OrderPlaced"), (b"{}", b"io.waybond.Unheard"), (None, b"x")))
        headers = (("ce_specversion", b"1.0"), ("ce_id", b"rubbish"), ("ce_type", kind), ("ce_source", b"/nobody"))
        return Rubbish(self.between(0.1, 50), self.plan.number, topic, key, value, headers)


def usd(minor: int) -> Money:
    return Money.of(minor, "USD")
