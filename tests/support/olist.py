"""What each order of the Olist tables is owed, from the raw tables and the text of a product file alone.

It reads both by itself, and shares no code with the services or with the readers of history. The rule, as the wordings
say it of a feed that tells hand-over and arrival and nothing between:

- One unit for each seller of the order, worth its items with their freight. An order without a parcel is one unit.
- The promise runs out at the end of the promised day, where that ends last. A tier falls due so long after it. Who had
  not surely arrived by then is late: it is paid at once, since a wake comes behind all that is known by then.
- A carrier is asked before a loss is believed, and nobody answers in this data. Up to the worded value silence counts,
  above it a person is asked. What is known to have arrived by then was not lost.
- Silence after the hand-over says nothing: one scan is no feed that speaks.
- A unit gets what its best clause gives; what was paid stays paid when the parcel arrives after all.

Money is in minor units of BRL, instants are aware UTC.
"""

import csv
import gzip
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

BRL_FOR_A_DOLLAR = Fraction("3.19")
FIRST_ZONE, LAST_ZONE = timezone(timedelta(hours=-2)), timezone(timedelta(hours=-5))
"""A time of the tables is local, and no zone is named: it is read where a day begins first, and where it ends last."""
LANE = "BR-BR"
OF_THIS_LANE = frozenset({"*", "domestic", LANE, "BR-*", "*-BR"})
GONE = frozenset({"canceled", "unavailable"})
TOLD = frozenset({"PICKED_UP", "DELIVERED"})
"""The only scans of this feed."""
SPEAKS_AFTER = 2
"""Scans before the arrival that this feed never makes."""

Times = tuple[datetime, datetime]
"""The earliest and the latest instant that a local time may be; it is known at the latest."""


class UnreadError(ValueError):
    """Something in a product file or in an order that this computation has no rule for; it is named, never left out."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order of the tables. `units`: what each parcel is worth, by seller; "" is an order without a parcel."""

    order_id: str
    known_at: datetime
    cancelled_at: datetime | None
    booked_at: datetime | None
    promised: datetime
    arrived: Times | None
    units: Mapping[str, int]

    @property
    def total(self) -> int:
        """What the buyer paid for goods and freight; of an order without a parcel, all payments."""
        return sum(self.units.values())


@dataclass(frozen=True, slots=True)
class Step:
    """After the promise has been missed by so much, a share is due."""

    after: timedelta
    share: Fraction


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause that this data can meet: its steps from the promised day, and what a carrier's silence means."""

    peril: str
    steps: tuple[Step, ...]
    answer_within: timedelta | None
    unanswered: str
    unanswered_up_to: int | None


@dataclass(frozen=True, slots=True)
class Product:
    """What a product file says of an order from Brazil to Brazil in BRL."""

    key: str
    period: timedelta
    limit: int
    most_for_order: int | None
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Owed:
    """What becomes of one order. `payments`: when, and how much more; `entitled`: what the facts give in the end;
    `asked`: when a person is asked."""

    insured: bool
    payments: tuple[tuple[datetime, int], ...] = ()
    entitled: int = 0
    asked: tuple[datetime, ...] = ()


# The tables ----------------------------------------------------------------------------------------------------------


def read(directory: Path) -> list[Order]:
    """All orders of the folder's gzipped tables, as they stand in the file."""
    worth: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in _rows(directory, "olist_order_items_dataset"):
        worth[row["order_id"]][row["seller_id"]] += _cents(row["price"]) + _cents(row["freight_value"])
    paid: dict[str, int] = defaultdict(int)
    for row in _rows(directory, "olist_order_payments_dataset"):
        paid[row["order_id"]] += _cents(row["payment_value"])
    return [_order(row, worth, paid) for row in _rows(directory, "olist_orders_dataset")]


def _rows(directory: Path, table: str) -> Iterator[dict[str, str]]:
    with gzip.open(directory / f"{table}.csv.gz", "rt", encoding="utf-8-sig", newline="") as lines:
        yield from csv.DictReader(lines)


def _cents(amount: str) -> int:
    cents = Decimal(amount) * 100
    if cents != int(cents):
        raise UnreadError(f"{amount} is no whole number of centavos")
    return int(cents)


def _order(row: Mapping[str, str], worth: Mapping[str, Mapping[str, int]], paid: Mapping[str, int]) -> Order:
    name, gone = row["order_id"], row["order_status"] in GONE
    placed = _times(row["order_purchase_timestamp"])
    if placed is None:
        raise UnreadError(f"order {name} was never placed")
    approved = _times(row["order_approved_at"]) or placed
    units = {} if gone else worth.get(name, {})
    promised_day = datetime.fromisoformat(row["order_estimated_delivery_date"][:10]).replace(tzinfo=LAST_ZONE)
    return Order(
        order_id=name,
        known_at=placed[1],
        cancelled_at=approved[1] if gone else None,
        booked_at=approved[1] if units else None,
        promised=(promised_day + timedelta(hours=23, minutes=59, seconds=59)).astimezone(UTC),
        arrived=_times(row["order_delivered_customer_date"]) if units else None,
        units=dict(units) or {"": paid.get(name, 0)},
    )


def _times(text: str) -> Times | None:
    if not text:
        return None
    local = datetime.fromisoformat(text)
    return local.replace(tzinfo=FIRST_ZONE).astimezone(UTC), local.replace(tzinfo=LAST_ZONE).astimezone(UTC)


# The product file ----------------------------------------------------------------------------------------------------


def product(text: str) -> Product:
    """Read a product file. Raises UnreadError, naming the field, for a rule that this computation does not have."""
    whole = _table(tomllib.loads(text), "the file", "product version cover terms clause", "title note exclusion")
    cover = _table(
        whole["cover"], "cover", "limit_minor limit_currency period basis", "promise delivered_by replacement"
    )
    terms = _table(
        whole["terms"], "terms", "rating bind_within", "max_order_value needs_promise on_cancel on_refund on_amend"
    )
    _expect(cover["basis"] == "order_total", "cover.basis")
    _expect(cover["limit_currency"] == "USD", "cover.limit_currency")
    _expect("unknown" in cover.get("delivered_by", ["unknown"]), "cover.delivered_by")
    for exclusion in whole.get("exclusion", []):
        _table(exclusion, "exclusion", "id scans", "title perils")
        _expect(TOLD.isdisjoint(exclusion["scans"]), f"exclusion {exclusion['id']}: scans")
    most = terms.get("max_order_value")
    return Product(
        key=f"{whole['product']}@{whole['version']}",
        period=_duration(cover["period"]),
        limit=_half_up(cover["limit_minor"] * BRL_FOR_A_DOLLAR),
        most_for_order=None if most is None else _brl(most),
        clauses=tuple(filter(None, map(_clause, whole["clause"]))),
    )


def _clause(clause: dict[str, Any]) -> Clause | None:
    """The clause as far as this data can meet it; None where only scans do that nobody makes here."""
    name = f"clause {clause.get('id')}"
    _table(
        clause,
        name,
        "id peril tiers",
        "title clock any_of late_arrival ask_carrier answer_within unanswered unanswered_up_to",
    )
    tiers = [_table(tier, f"{name}: tier", "share", "after") for tier in clause["tiers"]]
    if "clock" in clause:
        _expect(clause["clock"] == "promised_latest", f"{name}: clock")
        steps = [Step(_duration(tier["after"]), Fraction(tier["share"])) for tier in tiers]
    else:
        steps = [Step(after, Fraction(tiers[0]["share"])) for after in filter(None, map(_condition, clause["any_of"]))]
    if not steps:
        return None
    _expect(clause["peril"] in ("late", "lost"), f"{name}: peril")
    _expect(clause.get("late_arrival", "keep") == "keep", f"{name}: late_arrival")
    asks = clause.get("ask_carrier", False)
    up_to = clause.get("unanswered_up_to")
    return Clause(
        peril=clause["peril"],
        steps=tuple(steps),
        answer_within=_duration(clause["answer_within"]) if asks else None,
        unanswered=clause.get("unanswered", "refer") if asks else "counts",
        unanswered_up_to=None if up_to is None else _brl(up_to),
    )


def _condition(condition: dict[str, Any]) -> timedelta | None:
    """How long after the promise it is met; None if it never is on this lane and by these scans."""
    _table(condition, "condition", "", "scan clock after silent_for live_after lanes")
    if OF_THIS_LANE.isdisjoint(condition.get("lanes", ["*"])):
        return None
    if "scan" in condition:
        _expect(condition["scan"] not in TOLD, "condition: scan")
        return None
    if "silent_for" in condition:
        _expect(condition.get("live_after", SPEAKS_AFTER) >= SPEAKS_AFTER, "condition: live_after")
        return None
    _expect(condition["clock"] == "promised_latest", "condition: clock")
    return _duration(condition["after"])


def _table(table: dict[str, Any], where: str, needed: str, may_have: str) -> dict[str, Any]:
    for field in needed.split():
        _expect(field in table, f"{where}: {field} is missing")
    for field in table.keys() - {*needed.split(), *may_have.split()}:
        _expect(False, f"{where}: {field}")
    return table


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise UnreadError(f"no rule for {what}")


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(\d+)H)?", text)
    if found is None or not any(found.groups()):
        raise UnreadError(f"no rule for the duration {text}")
    return timedelta(days=int(found[1] or 0), hours=int(found[2] or 0))


def _brl(amount: Mapping[str, str]) -> int:
    _expect(amount["currency"] == "USD", "an amount in " + amount["currency"])
    return _half_up(Fraction(amount["amount"]) * 100 * BRL_FOR_A_DOLLAR)


def _half_up(minor: Fraction) -> int:
    return int(minor + Fraction(1, 2))


# The rule ------------------------------------------------------------------------------------------------------------


def owed(order: Order, by: Product) -> Owed:
    """What becomes of the order under the product. Raises UnreadError for a parcel that was booked when it was late."""
    if order.total <= 0 or (by.most_for_order is not None and order.total > by.most_for_order):
        return Owed(insured=False)
    until = min(filter(None, (order.known_at + by.period, order.cancelled_at)))
    reached: list[tuple[datetime, str, int]] = []
    stands: dict[str, int] = defaultdict(int)
    asked: set[datetime] = set()
    for clause in by.clauses:
        for step in clause.steps:
            due = order.promised + step.after
            if not order.known_at < due <= until:
                continue
            if order.booked_at is not None and order.booked_at > due:
                raise UnreadError(f"order {order.order_id} was booked at {order.booked_at}, when it was late already")
            met_at = due + (clause.answer_within or timedelta(0))
            if order.arrived is not None and order.arrived[1] <= met_at and not _late(clause, order, due):
                continue
            for unit, worth in order.units.items():
                if not _believed(clause, worth):
                    asked |= {met_at} if clause.unanswered != "not_met" else set()
                    continue
                minor = _half_up(worth * step.share)
                reached.append((met_at, unit, minor))
                if order.arrived is None or _late(clause, order, due):
                    stands[unit] = max(stands[unit], minor)
    most = min(by.limit, order.total)
    return Owed(True, tuple(_paid(reached, most)), min(sum(stands.values()), most), tuple(sorted(asked)))


def _late(clause: Clause, order: Order, due: datetime) -> bool:
    """Whether the parcels came, and surely behind the due: that is a delay for ever, and no loss."""
    return clause.peril == "late" and order.arrived is not None and order.arrived[0] > due


def _believed(clause: Clause, worth: int) -> bool:
    """Whether it counts that the carrier, which was asked, has said nothing."""
    return clause.unanswered == "counts" and (clause.unanswered_up_to is None or worth <= clause.unanswered_up_to)


def _paid(reached: list[tuple[datetime, str, int]], most: int) -> Iterator[tuple[datetime, int]]:
    """Instant by instant what is paid beyond what was paid before."""
    levels: dict[str, int] = defaultdict(int)
    paid = 0
    for instant in sorted({at for at, _, _ in reached}):
        for at, unit, minor in reached:
            if at == instant:
                levels[unit] = max(levels[unit], minor)
        due = min(sum(levels.values()), most)
        if due > paid:
            yield instant, due - paid
            paid = due
