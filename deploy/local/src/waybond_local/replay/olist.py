"""The Olist history as events. Its times are local and without a zone: they travel as intervals, known at their end."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time, timedelta

from waybond_contracts.money import Money
from waybond_contracts.orders import (
    CoverSelection,
    FxRate,
    Language,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    Payment,
    Promise,
)
from waybond_contracts.shipments import PackageLine, ScanKind, ShipmentBooked, ShipmentScanned
from waybond_local.history import olist
from waybond_local.replay.timed import EPOCH, About, Timed, Told, carried, counted

PLATFORM = "olist"
PRODUCT = "logistics-time-guarantee"
# The data has no exchange rates and the product's limits are in US dollars.
RATE = FxRate(base="USD", quote="BRL", rate="3.19", source="assumed mean of 2017", as_of=EPOCH.replace(year=2017))


def told(history: olist.History, tenant: str) -> Told:
    """The events of all orders; an order without items is placed with one line of nothing known."""
    facts, left_out = carried(history.orders, lambda order: events(order, tenant))
    assumptions = Counter(
        {
            "exchange rate of 3.19 BRL for a dollar all year": len(history.orders),
            "cancelled or unavailable: known with the approval": sum(
                order.status in olist.WITHOUT_PARCEL for order in history.orders
            ),
            "order without items: one line of what was paid": sum(not _items(order) for order in history.orders),
        }
    )
    about = {order.order_id for order in history.orders}
    return Told(facts, counted(history.contradictions, about), len(history.rejected), +assumptions | left_out)


def events(order: olist.Order, tenant: str) -> Iterator[Timed]:
    """What happened to one order; one package for each seller."""
    about = About(tenant=tenant, platform=PLATFORM, order_id=order.order_id)
    yield Timed(order.placed.latest, _placed(order, about))
    if order.status in olist.WITHOUT_PARCEL:
        at = (order.approved or order.placed).latest
        yield Timed(at, OrderCancelled(**about, occurred_at=at, reason=order.status))
    for parcel in order.parcels:
        yield from _parcel_events(order, parcel, about)


def _parcel_events(order: olist.Order, parcel: olist.Parcel, about: About) -> Iterator[Timed]:
    package = f"{order.order_id}-{parcel.seller_id}"
    booked_at = (order.approved or order.placed).latest
    booked = ShipmentBooked(
        **about,
        occurred_at=booked_at,
        package_id=package,
        carrier="olist",
        tracking_number=package,
        lines=tuple(PackageLine(line_id=str(item.item_number), quantity=1) for item in parcel.items),
        packages_in_order=len(order.parcels),
    )
    yield Timed(booked_at, booked)
    for kind, when in ((ScanKind.PICKED_UP, parcel.handed_over), (ScanKind.DELIVERED, parcel.arrived)):
        if when is not None:
            scan = ShipmentScanned(
                **about,
                occurred_at=when.earliest,
                occurred_until=when.latest,
                package_id=package,
                kind=kind,
                provider="olist",
                country="BR",
            )
            yield Timed(when.latest, scan)


def _placed(order: olist.Order, about: About) -> OrderPlaced:
    paid = sum(payment.amount_brl_cents for payment in order.payments)
    lines = tuple(
        OrderLine(
            line_id=str(item.item_number),
            sku=item.product_id,
            quantity=1,
            total=Money.of(item.price_brl_cents + item.freight_brl_cents, "BRL"),
            category=item.category,
        )
        for item in _items(order)
    ) or (OrderLine(line_id="1", sku="unknown", quantity=1, total=Money.of(paid, "BRL")),)
    return OrderPlaced(
        **about,
        occurred_at=order.placed.latest,
        language=Language.PT,
        time_zone="America/Sao_Paulo",
        buyer_ref=order.buyer_ref,
        seller_ref=order.parcels[0].seller_id if order.parcels else "unknown",
        total=Money.of(sum(line.total.minor for line in lines), "BRL"),
        lines=lines,
        origin="BR",
        destination="BR",
        postal_prefix=order.buyer_postal_prefix,
        promise=Promise(latest=_end(order)),
        payment=Payment(
            provider="olist", kind=order.payments[0].kind if order.payments else "unknown", reference=order.order_id
        ),
        cover=CoverSelection(product=PRODUCT),
        settlement_rate=RATE,
    )


def _items(order: olist.Order) -> list[olist.Item]:
    return sorted((item for parcel in order.parcels for item in parcel.items), key=lambda item: item.item_number)


def _end(order: olist.Order) -> datetime:
    """The end of the promised day where it ends last."""
    day = datetime.combine(order.promised_on, time(), olist.WESTERNMOST)
    return day + timedelta(days=1) - timedelta(seconds=1)
