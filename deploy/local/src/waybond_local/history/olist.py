"""Reads the Olist data set of Brazilian marketplace orders, which stays where its owner put it: it is never bundled."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from waybond_local.history.table import (
    CellError,
    Contradiction,
    HistoryError,
    Rejected,
    Row,
    cents,
    count,
    iso_date,
    read_rows,
)

DIRECTORY_VARIABLE = "WAYBOND_OLIST_DIR"
TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "olist_orders_dataset": (
        "order_id",
        "customer_id",
        "order_status",
        "order_purchase_timestamp",
        "order_approved_at",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
        "order_estimated_delivery_date",
    ),
    "olist_order_items_dataset": ("order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value"),
    "olist_order_payments_dataset": ("order_id", "payment_sequential", "payment_type", "payment_value"),
    "olist_customers_dataset": ("customer_id", "customer_zip_code_prefix", "customer_state"),
    "olist_sellers_dataset": ("seller_id", "seller_zip_code_prefix", "seller_state"),
    "olist_products_dataset": ("product_id", "product_category_name", "product_weight_g"),
    "product_category_name_translation": ("product_category_name", "product_category_name_english"),
})  # fmt: skip
WITHOUT_PARCEL = frozenset({"canceled", "unavailable"})
# The times carry no offset and the data does not say which of Brazil's zones is meant. In 2017 the clocks of Brazil
# stood between UTC-2 (the islands; the south-east in summer) and UTC-5 (Acre).
EASTERNMOST = timezone(timedelta(hours=-2))
WESTERNMOST = timezone(timedelta(hours=-5))


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A local time of unknown zone: it happened between the two instants (aware, UTC)."""

    text: str
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """One item of an order; money in minor units of BRL. Category in English where it has a translation."""

    item_number: int
    product_id: str
    category: str
    weight_g: int | None
    price_brl_cents: int
    freight_brl_cents: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one seller sent of an order. The data has one hand-over and one arrival for all parcels of an order."""

    seller_id: str
    seller_state: str
    seller_postal_prefix: str
    items: tuple[Item, ...]
    handed_over: LocalTime | None
    arrived: LocalTime | None


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of an order, in minor units of BRL."""

    sequence: str
    kind: str
    amount_brl_cents: int


@dataclass(frozen=True, slots=True)
class Order:
    """One order; origin and destination are Brazil. `promised_on` is the last day on which it may arrive, local."""

    order_id: str
    status: str
    buyer_ref: str
    buyer_state: str
    buyer_postal_prefix: str
    placed: LocalTime
    approved: LocalTime | None
    promised_on: date
    parcels: tuple[Parcel, ...]
    payments: tuple[Payment, ...]

    @property
    def value_brl_cents(self) -> int:
        """Goods and freight of all items."""
        return sum(item.price_brl_cents + item.freight_brl_cents for parcel in self.parcels for item in parcel.items)


@dataclass(frozen=True, slots=True)
class History:
    """All orders, by order of the file; what contradicts itself stays in and is listed beside."""

    orders: tuple[Order, ...]
    contradictions: tuple[Contradiction, ...]
    rejected: tuple[Rejected, ...]

    def contradictions_by_kind(self) -> Mapping[str, int]:
        return dict(sorted(Counter(c.kind for c in self.contradictions).items()))


@dataclass(frozen=True, slots=True)
class _Joined:
    """The tables beside the orders, by the key that an order finds them under."""

    customers: Mapping[str, Row]
    sellers: Mapping[str, Row]
    items: Mapping[str, list[tuple[str, Item]]]
    payments: Mapping[str, list[Payment]]


def read(directory: Path) -> History:
    """Read the data set's gzipped CSV files from `directory`.

    Raises HistoryError where a file as a whole cannot be read; a row that cannot be read is in `rejected`.
    """
    if not directory.is_dir():
        raise HistoryError(f"{directory}: expected the folder of the Olist data set (see {DIRECTORY_VARIABLE})")
    rejected: list[Rejected] = []
    contradictions: list[Contradiction] = []
    joined = _join(directory, rejected)
    orders: list[Order] = []
    for line, row in _table(directory, "olist_orders_dataset", rejected):
        try:
            order = _order(row, joined)
        except CellError as error:
            rejected.append(Rejected("olist_orders_dataset.csv.gz", line, str(error), tuple(row.values())))
            continue
        contradictions.extend(_contradictions(order))
        orders.append(order)
    contradictions.extend(_orphans({order.order_id for order in orders}, joined))
    return History(tuple(orders), tuple(contradictions), tuple(rejected))


def _table(directory: Path, name: str, rejected: list[Rejected]) -> Iterable[tuple[int, Row]]:
    return read_rows(directory / f"{name}.csv.gz", TABLES[name], rejected)


def _join(directory: Path, rejected: list[Rejected]) -> _Joined:
    english = {
        row["product_category_name"]: row["product_category_name_english"]
        for _, row in _table(directory, "product_category_name_translation", rejected)
    }
    products = {row["product_id"]: row for _, row in _table(directory, "olist_products_dataset", rejected)}
    items: dict[str, list[tuple[str, Item]]] = defaultdict(list)
    for line, row in _table(directory, "olist_order_items_dataset", rejected):
        try:
            items[row["order_id"]].append((row["seller_id"], _item(row, products, english)))
        except CellError as error:
            rejected.append(Rejected("olist_order_items_dataset.csv.gz", line, str(error), tuple(row.values())))
    payments: dict[str, list[Payment]] = defaultdict(list)
    for line, row in _table(directory, "olist_order_payments_dataset", rejected):
        try:
            payment = Payment(row["payment_sequential"], row["payment_type"], cents(row, "payment_value"))
        except CellError as error:
            rejected.append(Rejected("olist_order_payments_dataset.csv.gz", line, str(error), tuple(row.values())))
            continue
        payments[row["order_id"]].append(payment)
    return _Joined(
        customers={row["customer_id"]: row for _, row in _table(directory, "olist_customers_dataset", rejected)},
        sellers={row["seller_id"]: row for _, row in _table(directory, "olist_sellers_dataset", rejected)},
        items=items,
        payments=payments,
    )


def _item(row: Row, products: Mapping[str, Row], english: Mapping[str, str]) -> Item:
    product = products.get(row["product_id"], {})
    category = product.get("product_category_name", "")
    weight = product.get("product_weight_g", "")
    return Item(
        item_number=count(row, "order_item_id"),
        product_id=row["product_id"],
        category=english.get(category, category),
        weight_g=int(weight) if weight.isdigit() else None,
        price_brl_cents=cents(row, "price"),
        freight_brl_cents=cents(row, "freight_value"),
    )


def _order(row: Row, joined: _Joined) -> Order:
    customer = joined.customers.get(row["customer_id"])
    if customer is None:
        raise CellError("customer_id", "a customer of olist_customers_dataset", row["customer_id"])
    return Order(
        order_id=row["order_id"],
        status=row["order_status"],
        buyer_ref=row["customer_id"],
        buyer_state=customer["customer_state"],
        buyer_postal_prefix=customer["customer_zip_code_prefix"],
        placed=_local(row, "order_purchase_timestamp"),
        approved=_local_or_none(row, "order_approved_at"),
        promised_on=iso_date(row, "order_estimated_delivery_date"),
        parcels=_parcels(row, joined),
        payments=tuple(joined.payments.get(row["order_id"], ())),
    )


def _parcels(row: Row, joined: _Joined) -> tuple[Parcel, ...]:
    """One parcel for each seller; a cancelled or unavailable order has none."""
    if row["order_status"] in WITHOUT_PARCEL:
        return ()
    by_seller: dict[str, list[Item]] = defaultdict(list)
    for seller_id, item in joined.items.get(row["order_id"], ()):
        by_seller[seller_id].append(item)
    handed_over = _local_or_none(row, "order_delivered_carrier_date")
    arrived = _local_or_none(row, "order_delivered_customer_date")
    return tuple(
        Parcel(
            seller_id=seller_id,
            seller_state=joined.sellers.get(seller_id, {}).get("seller_state", ""),
            seller_postal_prefix=joined.sellers.get(seller_id, {}).get("seller_zip_code_prefix", ""),
            items=tuple(items),
            handed_over=handed_over,
            arrived=arrived,
        )
        for seller_id, items in by_seller.items()
    )


def _local(row: Row, column: str) -> LocalTime:
    try:
        local = datetime.fromisoformat(row[column])
    except ValueError as error:
        raise CellError(column, "a time such as 2017-10-02 10:56:33", row[column]) from error
    return LocalTime(
        text=row[column],
        earliest=local.replace(tzinfo=EASTERNMOST).astimezone(UTC),
        latest=local.replace(tzinfo=WESTERNMOST).astimezone(UTC),
    )


def _local_or_none(row: Row, column: str) -> LocalTime | None:
    return _local(row, column) if row[column] else None


def _contradictions(order: Order) -> Iterable[Contradiction]:
    """Times of one order are compared as written: the zone is unknown, yet the same for all steps of one place."""
    steps = {"placed": order.placed, "approved": order.approved}
    if order.parcels:
        steps |= {"handed_over": order.parcels[0].handed_over, "arrived": order.parcels[0].arrived}
    known = [(name, time) for name, time in steps.items() if time]
    for (before, first), (after, second) in pairwise(known):
        if second.text < first.text:
            yield Contradiction(f"{after}_before_{before}", order.order_id, f"{second.text} < {first.text}")
    if order.status == "delivered" and not any(parcel.arrived for parcel in order.parcels):
        yield Contradiction("delivered_without_arrival", order.order_id, "status delivered, no date")
    if order.status not in WITHOUT_PARCEL and not order.parcels:
        yield Contradiction("order_without_items", order.order_id, f"status {order.status}")
    paid = sum(payment.amount_brl_cents for payment in order.payments)
    if order.parcels and paid != order.value_brl_cents:
        yield Contradiction("paid_other_than_value", order.order_id, f"{paid} != {order.value_brl_cents} centavos")


def _orphans(known: set[str], joined: _Joined) -> Iterable[Contradiction]:
    for order_id in joined.items.keys() - known:
        yield Contradiction("items_without_order", order_id, f"{len(joined.items[order_id])} items")
    for order_id in joined.payments.keys() - known:
        yield Contradiction("payments_without_order", order_id, f"{len(joined.payments[order_id])} payments")
