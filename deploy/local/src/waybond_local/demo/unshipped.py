"""The story of an order of two lines of which the seller ships one: what platform and carrier said, and when.

60.00 USD arrive in time. The other 40.00 are in no package that anybody booked, and go late and lost by themselves:
4.00 are paid after a week, 12.00 in all after 15 days, 40.00 in all once they count as lost.
"""

from datetime import UTC, datetime, timedelta

from waybond_contracts.money import Money
from waybond_contracts.orders import CoverSelection, OrderLine, OrderPlaced, Payment, Promise
from waybond_contracts.shipments import HandedTo, PackageLine, ScanKind, ShipmentBooked, ShipmentScanned
from waybond_local.demo.brazil import PLATFORM, PRODUCT
from waybond_local.replay.timed import About, Timed

ORDER_ID = "BR-1002"
PACKAGE = "LX200000005CN"
PROMISED_DAY = 20
TOLD_FOR = timedelta(days=75)
"""After the order: 45 days after the promise the goods count as lost, and a carrier would have three days to answer."""


def told(year: int, tenant: str) -> tuple[Timed, ...]:
    """The story's facts in the order in which they became known; it begins on 1 July of the year."""
    start = datetime(year, 7, 1, 9, tzinfo=UTC)
    about = About(tenant=tenant, platform=PLATFORM, order_id=ORDER_ID)
    placed = OrderPlaced(
        **about,
        occurred_at=start,
        buyer_ref="buyer-2c41",
        seller_ref="seller-19",
        total=Money.of(10_000, "USD"),
        lines=(
            OrderLine(line_id="1", sku="lamp-4", quantity=1, total=Money.of(6_000, "USD"), title="Lamp"),
            OrderLine(line_id="2", sku="shade-4", quantity=1, total=Money.of(4_000, "USD"), title="Shade"),
        ),
        origin="CN",
        destination="BR",
        promise=Promise(latest=start + timedelta(days=PROMISED_DAY)),
        payment=Payment(provider="sandbox", kind="card", reference="fate:paid"),
        cover=CoverSelection(product=PRODUCT),
    )
    booked = ShipmentBooked(
        **about,
        occurred_at=start + timedelta(days=2),
        package_id=PACKAGE,
        carrier="china-post",
        tracking_number=PACKAGE,
        lines=(PackageLine(line_id="1", quantity=1),),
    )
    scans = (
        _scanned(about, ScanKind.PICKED_UP, start + timedelta(days=3)),
        _scanned(about, ScanKind.DELIVERED, start + timedelta(days=15)),
    )
    return tuple(Timed(event.occurred_at, event) for event in (placed, booked, *scans))


def order_key(tenant: str) -> str:
    """The story's order."""
    return f"{tenant}/{PLATFORM}/{ORDER_ID}"


def _scanned(about: About, kind: ScanKind, at: datetime) -> ShipmentScanned:
    handed_to = HandedTo.DOOR if kind is ScanKind.DELIVERED else None
    return ShipmentScanned(
        **about, occurred_at=at, package_id=PACKAGE, kind=kind, handed_to=handed_to, provider="china-post"
    )
