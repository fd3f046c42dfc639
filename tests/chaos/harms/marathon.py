"""One order of which there is no end of news."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.chaos.flow import SOURCE, Record
from tests.chaos.harms.harm import Dose, Harm
from tests.chaos.lives import PACKAGE, life
from tests.chaos.world import World
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.orders import OrderAmended
from waybond_contracts.publishing import message
from waybond_contracts.shipments import ScanKind, ShipmentScanned

EVENTS = 100_000
AN_AMENDMENT_EVERY = 100
_KINDS = (ScanKind.IN_TRANSIT, ScanKind.CUSTOMS_HELD, ScanKind.CUSTOMS_RELEASED, ScanKind.OUT_FOR_DELIVERY)


async def marathon(world: World, dose: Dose) -> None:
    """Scans and amendments of one order, which is lost in the end, and paid."""
    order = life(dose.draw, f"marathon{dose.draw.getrandbits(40)}").order
    placed = order.placed(datetime.now(UTC))
    world.flow.meter.expect(placed.order_key, pays=True)
    await world.flow.publish(placed)
    world.flow.meter.known(placed.order_key, pays=True)
    await world.flow.publish(order.booked(0).build(datetime.now(UTC)))

    def news() -> Iterator[Record]:
        for number in range(int(EVENTS * dose.amount)):
            at = datetime.now(UTC) + timedelta(microseconds=number)
            event: Event = ShipmentScanned(
                **order.about, occurred_at=at, package_id=PACKAGE, kind=dose.draw.choice(_KINDS), provider="carrier"
            )
            if number % AN_AMENDMENT_EVERY == 0:
                total = Money.of(order.total.minor + number % 7, order.total.currency)
                event = OrderAmended(**order.about, occurred_at=at, revision=number + 1, total=total)
            topic, key, value, headers = message(event, source=SOURCE)
            yield topic, key, value, headers, None

    dose.tally["events of one order"] += await world.flow.pour(news())
    await world.flow.publish(order.scan(0, ScanKind.LOST).build(datetime.now(UTC)))


HARMS = (Harm("marathon", "one order with 100,000 events", marathon),)
