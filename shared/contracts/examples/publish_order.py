"""A platform tells Waybond of an order, its package and a scan. Needs aiokafka and waybond-contracts.

python publish_order.py --kafka localhost:9092 --order-id 2026-000123
python publish_order.py --kafka localhost:9092 --order-id 2026-000123 --scan LOST
"""

import argparse
import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaProducer

from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.orders import OrderLine, OrderPlaced, Payment, Promise
from waybond_contracts.publishing import message
from waybond_contracts.shipments import ScanKind, ShipmentBooked, ShipmentScanned

SOURCE = "/platforms/shop"


def story(order_id: str, placed_at: datetime) -> list[Event]:
    """The least that Waybond needs: what was bought and promised, which package carries it, what the carrier says."""
    placed = OrderPlaced(
        tenant="demo",
        platform="shop",
        order_id=order_id,
        occurred_at=placed_at,
        buyer_ref="buyer-8f3a",  # a token of yours, never a name or an address
        seller_ref="seller-17",
        total=Money.of(4600, "USD"),
        lines=(OrderLine(line_id="1", sku="LAMP-7", quantity=1, total=Money.of(4600, "USD")),),
        origin="CN",
        destination="BR",
        promise=Promise(latest=placed_at + timedelta(days=30)),
        payment=Payment(provider="acme-pay", reference="ch_3Nf1", paid_at=placed_at),
    )
    booked = ShipmentBooked(
        tenant="demo",
        platform="shop",
        order_id=order_id,
        occurred_at=placed_at + timedelta(days=1),
        package_id="p1",
        carrier="correios",
        tracking_number="LX123456785CN",
    )
    picked_up = scan(order_id, ScanKind.PICKED_UP, placed_at + timedelta(days=2))
    return [placed, booked, picked_up]


def scan(order_id: str, kind: ScanKind, occurred_at: datetime) -> ShipmentScanned:
    """What the carrier says of the package, with its own words beside Waybond's kind."""
    return ShipmentScanned(
        tenant="demo",
        platform="shop",
        order_id=order_id,
        occurred_at=occurred_at,
        package_id="p1",
        kind=kind,
        provider="correios",
        raw_code="PO" if kind is ScanKind.PICKED_UP else "",
        raw_text="Objeto postado" if kind is ScanKind.PICKED_UP else "",
    )


async def publish(kafka: str, topic_prefix: str, events: Sequence[Event]) -> None:
    # The default partitioner is Kafka's own (murmur2). librdkafka needs partitioner=murmur2_random for the same.
    producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True)
    await producer.start()
    try:
        for event in events:
            topic, key, value, headers = message(event, source=SOURCE)
            await producer.send_and_wait(topic_prefix + topic, value, key=key, headers=headers)
            logging.info("%s: %s of %s", topic, type(event).__name__, event.order_key)
    finally:
        await producer.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kafka", default="localhost:9092", metavar="HOST:PORT")
    parser.add_argument("--order-id", default="2026-000123")
    parser.add_argument("--scan", choices=[kind.value for kind in ScanKind], help="only this, as happening now")
    parser.add_argument("--topic-prefix", default="", help="only where an installation has one")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    now = datetime.now(UTC)
    if options.scan:
        events: list[Event] = [scan(options.order_id, ScanKind(options.scan), now)]
    else:
        events = story(options.order_id, placed_at=now - timedelta(days=2))
    asyncio.run(publish(options.kafka, options.topic_prefix, events))


if __name__ == "__main__":
    main()
