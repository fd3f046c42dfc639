"""The SCMS history as events: what its dates allow to be said, and when it could have been known.

An order is known on its day at 00:00, with its packages, and each package's promise holds until the end of its day. An
arrival is known at the end of its day: the file has dates alone, so it happened somewhere in that day. The day on which
the arrival was written down is left aside: that is the client's bookkeeping, not the carrier's scan.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from waybond_contracts.fields import MAX_ID_CHARACTERS
from waybond_contracts.money import Money
from waybond_contracts.orders import CoverSelection, OrderLine, OrderPlaced, Payment, Promise
from waybond_contracts.shipments import HandedTo, PackageLine, ScanKind, ShipmentBooked, ShipmentScanned
from waybond_local.history import scms
from waybond_local.replay.timed import Timed, Told, carried, counted

PLATFORM = "scms"
PRODUCT = "freight-time-guarantee"
DAY_LESS_A_SECOND = timedelta(days=1) - timedelta(seconds=1)


def told(history: scms.History, tenant: str, wanted: Callable[[scms.Order], bool] = lambda order: True) -> Told:
    """The events of the orders that are wanted."""
    orders = [order for order in history.orders if wanted(order)]
    facts, left_out = carried(orders, lambda order: events(order, tenant))
    assumptions = Counter(
        {
            "order date derived from the promise and the lane's median lead time": sum(
                order.ordered_on_derived for order in orders
            ),
            "origin unknown, taken to be the destination": sum(order.origin_hint is None for order in orders),
        }
    )
    about = {order.po for order in orders}
    about |= {package.asn for order in orders for package in order.packages}
    about |= {line.line_id for order in orders for package in order.packages for line in package.lines}
    return Told(facts, counted(history.contradictions, about), len(history.rejected), +assumptions | left_out)


def placed_in(year: int) -> Callable[[scms.Order], bool]:
    """Orders of one year."""
    return lambda order: order.ordered_on.year == year


def events(order: scms.Order, tenant: str) -> Iterator[Timed]:
    """What happened to one order."""
    ordered_at = _start(order.ordered_on)
    yield Timed(ordered_at, _placed(order, tenant))
    for package in order.packages:
        yield Timed(ordered_at, _booked(order, package, tenant))
    for package in order.packages:
        yield Timed(_end(package.arrived_on), _delivered(order, package, tenant))


def _placed(order: scms.Order, tenant: str) -> OrderPlaced:
    lines = tuple(
        OrderLine(
            line_id=line.line_id,
            sku=line.item[:MAX_ID_CHARACTERS],
            quantity=max(line.quantity, 1),
            total=Money.of(line.value_usd_cents, "USD"),
            category=line.product_group,
        )
        for package in order.packages
        for line in package.lines
    )
    return OrderPlaced(
        tenant=tenant,
        platform=PLATFORM,
        order_id=order.po,
        occurred_at=_start(order.ordered_on),
        buyer_ref=order.project,
        seller_ref=order.fulfilled_via,
        total=Money.of(order.value_usd_cents, "USD"),
        lines=lines,
        origin=order.origin_hint or order.destination,
        destination=order.destination,
        promise=Promise(latest=_end(order.promised_on)),
        service=order.packages[0].mode or "",
        payment=Payment(provider="scms", kind="transfer", reference=order.po),
        cover=CoverSelection(product=PRODUCT),
    )


def _booked(order: scms.Order, package: scms.Package, tenant: str) -> ShipmentBooked:
    return ShipmentBooked(
        tenant=tenant,
        platform=PLATFORM,
        order_id=order.po,
        occurred_at=_start(order.ordered_on),
        package_id=package.asn,
        carrier="scms",
        tracking_number=package.asn,
        lines=tuple(PackageLine(line_id=line.line_id, quantity=max(line.quantity, 1)) for line in package.lines),
        packages_in_order=len(order.packages),
        promise=Promise(latest=_end(package.promised_on)),
        service=package.mode or "",
    )


def _delivered(order: scms.Order, package: scms.Package, tenant: str) -> ShipmentScanned:
    return ShipmentScanned(
        tenant=tenant,
        platform=PLATFORM,
        order_id=order.po,
        occurred_at=_start(package.arrived_on),
        occurred_until=_end(package.arrived_on),
        package_id=package.asn,
        kind=ScanKind.DELIVERED,
        handed_to=HandedTo.DOOR,
        provider="scms",
        raw_code="Delivered to Client",
        country=order.destination,
    )


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _end(day: date) -> datetime:
    """The last second of the day, so that a day late is a day late: an arrival on the promised day is in time."""
    return _start(day) + DAY_LESS_A_SECOND
