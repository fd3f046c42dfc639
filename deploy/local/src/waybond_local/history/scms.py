"""Reads the SCMS delivery history: orders (PO) with their packages (ASN), promised and arrived on known days."""

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from statistics import median_low
from types import MappingProxyType

from waybond_local.history.table import CellError, Contradiction, Rejected, Row, cents, count, read_rows

FILE = "SCMS_Delivery_History_Dataset.csv.gz"
COLUMNS = (
    "id",
    "project code",
    "po / so #",
    "asn/dn #",
    "country",
    "fulfill via",
    "shipment mode",
    "pq first sent to client date",
    "po sent to vendor date",
    "scheduled delivery date",
    "delivered to client date",
    "delivery recorded date",
    "product group",
    "item description",
    "line item quantity",
    "line item value",
    "manufacturing site",
    "weight (kilograms)",
    "freight cost (usd)",
    "line item insurance (usd)",
)
MODES = MappingProxyType({"Air": "air", "Air Charter": "air_charter", "Ocean": "ocean", "Truck": "truck", "": None})
NO_DATE = frozenset({"Date Not Captured", "Pre-PQ Process", "N/A - From RDC"})
REFERENCE = re.compile(r"See \S+ \(ID#:(?P<row>\d+)\)")
AMOUNT = re.compile(r"\d{1,12}(\.\d{1,2})?")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: an item in a package. `origin_hint` is where it was made, ISO 3166-1 alpha-2."""

    line_id: str
    item: str
    product_group: str
    quantity: int
    value_usd_cents: int
    insurance_usd_cents: int | None
    promised_on: date
    manufacturing_site: str
    origin_hint: str | None


@dataclass(frozen=True, slots=True)
class Package:
    """One ASN: what travelled together. Weight and freight are the whole package's, references to rows resolved.

    `promised_on` is the latest promise of its lines. Where weight or freight is None, the note says why.
    """

    asn: str
    lines: tuple[Line, ...]
    mode: str | None
    promised_on: date
    arrived_on: date
    recorded_on: date
    weight_kg: int | None
    weight_note: str
    freight_usd_cents: int | None
    freight_note: str

    @property
    def value_usd_cents(self) -> int:
        return sum(line.value_usd_cents for line in self.lines)

    @property
    def days_late(self) -> int:
        """Days from promise to arrival; negative where it came early."""
        return (self.arrived_on - self.promised_on).days


@dataclass(frozen=True, slots=True)
class Order:
    """One PO. `ordered_on_derived` says that the data has no order date: it is the promise minus a median lead time."""

    po: str
    project: str
    fulfilled_via: str
    destination: str
    origin_hint: str | None
    ordered_on: date
    ordered_on_derived: bool
    packages: tuple[Package, ...]

    @property
    def value_usd_cents(self) -> int:
        return sum(package.value_usd_cents for package in self.packages)

    @property
    def promised_on(self) -> date:
        return max(package.promised_on for package in self.packages)


@dataclass(frozen=True, slots=True)
class History:
    """The whole file, orders by number of their first line; what contradicts itself stays in and is listed beside."""

    orders: tuple[Order, ...]
    contradictions: tuple[Contradiction, ...]
    rejected: tuple[Rejected, ...]

    @property
    def line_count(self) -> int:
        """Lines of the file below its header, the rejected ones included."""
        return sum(len(package.lines) for order in self.orders for package in order.packages) + len(self.rejected)

    def contradictions_by_kind(self) -> Mapping[str, int]:
        return dict(sorted(Counter(c.kind for c in self.contradictions).items()))


@dataclass(frozen=True, slots=True)
class _Cells:
    """One row, its cells read."""

    line: Line
    po: str
    asn: str
    project: str
    destination: str
    fulfilled_via: str
    mode: str | None
    quoted_on: date | None
    ordered_on: date | None
    arrived_on: date
    recorded_on: date
    weight: str
    freight: str


@dataclass(frozen=True, slots=True)
class _Places:
    countries: Mapping[str, str]
    sites: Mapping[str, str | None]


def bundled() -> Traversable:
    """The file that comes with the product."""
    return files("waybond_local.history") / "data" / FILE


def read(file: Path | Traversable | None = None) -> History:
    """Read the history from `file` (by default the one that comes with the product).

    Raises HistoryError where the file as a whole cannot be read; a row that cannot be read is in `rejected`.
    """
    places = _places()
    source = file or bundled()
    rejected: list[Rejected] = []
    contradictions: list[Contradiction] = []
    by_order: dict[str, list[_Cells]] = defaultdict(list)
    for line_number, row in read_rows(source, COLUMNS, rejected):
        try:
            cells = _cells(row, places)
        except CellError as error:
            rejected.append(Rejected(source.name, line_number, str(error), tuple(row.values())))
            continue
        contradictions.extend(_line_contradictions(cells))
        by_order[cells.po].append(cells)
    orders = [_order(po, rows, contradictions) for po, rows in by_order.items()]
    return History(tuple(_with_order_dates(orders)), tuple(contradictions), tuple(rejected))


def _places() -> _Places:
    table = tomllib.loads((files("waybond_local.history") / "data" / "scms_places.toml").read_text("utf-8"))
    unknown = dict.fromkeys(table["unknown_sites"]["names"])
    return _Places(countries=table["countries"], sites={**unknown, **table["sites"]})


def _cells(row: Row, places: _Places) -> _Cells:
    country, site, mode = row["country"], row["manufacturing site"], row["shipment mode"]
    if country not in places.countries:
        raise CellError("country", "a country named in scms_places.toml", country)
    if site not in places.sites:
        raise CellError("manufacturing site", "a site named in scms_places.toml", site)
    if mode not in MODES:
        raise CellError("shipment mode", f"one of {', '.join(filter(None, MODES))} or nothing", mode)
    line = Line(
        line_id=row["id"],
        item=row["item description"],
        product_group=row["product group"],
        quantity=count(row, "line item quantity"),
        value_usd_cents=cents(row, "line item value"),
        insurance_usd_cents=cents(row, "line item insurance (usd)") if row["line item insurance (usd)"] else None,
        promised_on=_named_month(row, "scheduled delivery date"),
        manufacturing_site=site,
        origin_hint=places.sites[site],
    )
    return _Cells(
        line=line,
        po=row["po / so #"],
        asn=row["asn/dn #"],
        project=row["project code"],
        destination=places.countries[country],
        fulfilled_via=row["fulfill via"],
        mode=MODES[mode],
        quoted_on=_slashed(row, "pq first sent to client date"),
        ordered_on=_slashed(row, "po sent to vendor date"),
        arrived_on=_named_month(row, "delivered to client date"),
        recorded_on=_named_month(row, "delivery recorded date"),
        weight=row["weight (kilograms)"],
        freight=row["freight cost (usd)"],
    )


def _named_month(row: Row, column: str) -> date:
    try:
        return _parse_named_month(row[column])
    except ValueError as error:
        raise CellError(column, "a date such as 2-Jun-06", row[column]) from error


@lru_cache(maxsize=4096)
def _parse_named_month(text: str) -> date:
    day, month, year = text.split("-")
    return date(2000 + int(year), 1 + MONTHS.index(month), int(day))


def _slashed(row: Row, column: str) -> date | None:
    if row[column] in NO_DATE:
        return None
    try:
        return _parse_slashed(row[column])
    except ValueError as error:
        raise CellError(
            column, f"a date such as 8/27/2014 or one of {', '.join(sorted(NO_DATE))}", row[column]
        ) from error


@lru_cache(maxsize=4096)
def _parse_slashed(text: str) -> date:
    month, day, year = text.split("/")
    return date(int(year), int(month), int(day))


def _line_contradictions(cells: _Cells) -> Iterable[Contradiction]:
    line, ordered = cells.line, cells.ordered_on
    if ordered and ordered > cells.arrived_on:
        yield Contradiction("ordered_after_arrival", line.line_id, f"{ordered} > {cells.arrived_on}")
    if ordered and ordered > line.promised_on:
        yield Contradiction("ordered_after_promise", line.line_id, f"{ordered} > {line.promised_on}")
    if ordered and cells.quoted_on and cells.quoted_on > ordered:
        yield Contradiction("quoted_after_order", line.line_id, f"{cells.quoted_on} > {ordered}")
    if cells.recorded_on < cells.arrived_on:
        yield Contradiction("recorded_before_arrival", line.line_id, f"{cells.recorded_on} < {cells.arrived_on}")
    if line.value_usd_cents == 0:
        yield Contradiction("goods_without_value", line.line_id, f"{line.quantity} packs at 0 USD")


def _order(po: str, rows: list[_Cells], contradictions: list[Contradiction]) -> Order:
    """Gather an order's rows. A missing `ordered_on` stands at its first promise or arrival until it is derived."""
    by_package: dict[str, list[_Cells]] = defaultdict(list)
    for cells in rows:
        by_package[cells.asn].append(cells)
    packages = tuple(_package(asn, lines, contradictions) for asn, lines in by_package.items())
    head = rows[0]
    for name in ("project", "destination", "fulfilled_via", "ordered_on"):
        stated = {getattr(cells, name) for cells in rows}
        if len(stated) > 1:
            contradictions.append(
                Contradiction(f"several_{name}_in_order", po, ", ".join(map(str, sorted(stated, key=str))))
            )
    dearest = max(rows, key=lambda cells: cells.line.value_usd_cents)
    return Order(
        po=po,
        project=head.project,
        fulfilled_via=head.fulfilled_via,
        destination=head.destination,
        origin_hint=dearest.line.origin_hint,
        ordered_on=head.ordered_on or min(min(package.promised_on, package.arrived_on) for package in packages),
        ordered_on_derived=head.ordered_on is None,
        packages=packages,
    )


def _package(asn: str, rows: list[_Cells], contradictions: list[Contradiction]) -> Package:
    stated = {
        "promise": sorted({cells.line.promised_on for cells in rows}),
        "arrival": sorted({cells.arrived_on for cells in rows}),
    }
    for name, dates in stated.items():
        if len(dates) > 1:
            contradictions.append(Contradiction(f"several_{name}s_in_package", asn, ", ".join(map(str, dates))))
    weight_kg, weight_note = _shared(rows, "weight", contradictions)
    freight, freight_note = _shared(rows, "freight", contradictions)
    return Package(
        asn=asn,
        lines=tuple(cells.line for cells in rows),
        mode=rows[0].mode,
        promised_on=stated["promise"][-1],
        arrived_on=stated["arrival"][-1],
        recorded_on=max(cells.recorded_on for cells in rows),
        weight_kg=None if weight_kg is None else int(weight_kg),
        weight_note=weight_note,
        freight_usd_cents=None if freight is None else int(freight * 100),
        freight_note=freight_note,
    )


def _shared(rows: list[_Cells], field: str, contradictions: list[Contradiction]) -> tuple[Decimal | None, str]:
    """Sum what the package's rows state; a row may refer to another row of its package, which states it for both."""
    own_rows = {cells.line.line_id for cells in rows}
    amounts: list[Decimal] = []
    notes: dict[str, None] = {}
    for cells in rows:
        text: str = getattr(cells, field)
        reference = REFERENCE.fullmatch(text)
        if reference and reference["row"] not in own_rows:
            contradictions.append(Contradiction(f"{field}_refers_to_no_row_of_its_package", cells.line.line_id, text))
        elif AMOUNT.fullmatch(text):
            amounts.append(Decimal(text))
        elif not reference:
            notes[text] = None
    return (sum(amounts, Decimal(0)) if amounts else None), "; ".join(notes)


def _with_order_dates(orders: list[Order]) -> Iterable[Order]:
    """Derive missing order dates: first promise minus the median lead time of the lane, its destination, or all.

    Where the goods came before their promise, it is the arrival minus the lead time: an estimate of ours must not make
    an order come after its own arrival.
    """
    leads: dict[str, list[int]] = defaultdict(list)
    for order in orders:
        lead_days = (order.promised_on - order.ordered_on).days
        if not order.ordered_on_derived and lead_days >= 0:
            for group in _lead_groups(order):
                leads[group].append(lead_days)
    medians = {group: median_low(days) for group, days in leads.items()}
    for order in orders:
        if order.ordered_on_derived:
            lead = next((medians[group] for group in _lead_groups(order) if group in medians), 0)
            yield replace(order, ordered_on=order.ordered_on - timedelta(days=lead))
        else:
            yield order


def _lead_groups(order: Order) -> tuple[str, str, str]:
    return f"{order.origin_hint}-{order.destination}", f"*-{order.destination}", "*"
