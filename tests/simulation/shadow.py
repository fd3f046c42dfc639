"""Says what each order should have got: a second, simple reading of the wording, of the drawn history alone.

It shares no code with the services; what packages hold, and what that is worth, it asks the oracle. `Shadow` takes the
facts as those outside published them, each with the instant at which the broker had it, what a person decided where the
carrier did not answer, and when claims heard that a policy was amended or ended. Until then a fact may still be paid
under the policy as it was: pricing may be away, and its word may come behind the fact. That bounds what can be paid,
not what is owed.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property, lru_cache

from tests.oracle import facts
from tests.oracle.parcels import REMAINDER, Parcels
from tests.oracle.units import Units, units
from tests.simulation import products
from waybond_contracts import disputes, orders, shipments
from waybond_contracts.event import Event
from waybond_contracts.shipments import ScanKind

BOUND_WITHIN = timedelta(hours=72)
SAME_STRETCH = timedelta(hours=6)
"""Scans nearer to each other are one stretch, in which there is no silence."""
LIVE_SCANS = 2
"""Before so many different scans silence says nothing."""
WON = {disputes.DisputeOutcome.BUYER_FAVOUR, disputes.DisputeOutcome.ACCEPTED, disputes.DisputeOutcome.PAYOUT}
LIMITLESS = 2**63
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
FOUND_AGAIN = {ScanKind.PICKED_UP, ScanKind.IN_TRANSIT, ScanKind.CUSTOMS_HELD}

Fact = tuple[datetime, Event]


@dataclass(frozen=True, slots=True)
class Span:
    """When something happened, between the two."""

    first: datetime
    last: datetime


@dataclass
class Parcel:
    """What is known of one package. What it says is asked once all of it is known."""

    lines: dict[str, int] = field(default_factory=dict)
    in_order: int = 0
    replaces: str = ""
    said_at: datetime | None = None
    """When the booking was made that the fields above are of."""
    scans: list[tuple[ScanKind, Span]] = field(default_factory=list)
    checked: datetime | None = None
    booked_at: datetime | None = None

    def of(self, *kinds: ScanKind) -> list[Span]:
        """When scans of these kinds were made, the first first."""
        return sorted((span for kind, span in self.scans if kind in kinds), key=_first)

    @cached_property
    def arrived(self) -> Span | None:
        for span in self.of(ScanKind.DELIVERED):
            if not any(moved.first > span.last for moved in self.of(ScanKind.IN_TRANSIT)):
                return span
        return None

    @cached_property
    def lost(self) -> Span | None:
        for span in self.of(ScanKind.LOST):
            if not any(moved.first > span.last for moved in self.of(*FOUND_AGAIN)):
                return span
        return None

    @cached_property
    def silences(self) -> list[datetime]:
        """When silence had lasted long enough, each time that it did."""
        stretches: list[Span] = []
        for span in self.of(*ScanKind):
            if stretches and span.first - stretches[-1].last < SAME_STRETCH:
                stretches[-1] = Span(stretches[-1].first, max(stretches[-1].last, span.last))
            else:
                stretches.append(span)
        told = sorted({span.first for span in self.of(*ScanKind)})
        found = []
        for index, stretch in enumerate(stretches):
            due = stretch.last + timedelta(days=products.SILENT_DAYS)
            if len(told) < LIVE_SCANS or told[LIVE_SCANS - 1] > stretch.last:
                continue  # one scan is no feed that speaks
            follows = stretches[index + 1].first if index + 1 < len(stretches) else None
            if (follows is None or follows > due) and (self.arrived is None or self.arrived.first > due):
                found.append(due)
        return found


@dataclass(frozen=True, slots=True)
class Worth:
    """What an order is owed on the facts up to some time: by package (None: goods in no package), and in all."""

    units: dict[str | None, int]
    """The highest clause of each."""
    kept: dict[str | None, int]
    """What claims may pay for each now, of clauses that the buyer keeps, or has offset, if their reason falls away: for
    time, whatever came back for the goods."""
    kept_goods: dict[str | None, int]
    """The same of clauses for the worth of the goods."""
    left: dict[str | None, int]
    """What is left of the worth of each, where something came back for it or was amended away."""
    most: dict[str | None, int]
    """What claims may pay for each now, of all clauses."""
    whole: int
    """The amount that these are parts of."""
    cap: int
    owed: int
    worth: dict[str | None, int]
    """Of each unit, the worth of the goods in it."""


@dataclass(frozen=True, slots=True)
class Met:
    """A clause that is met."""

    share: str
    at: datetime
    """When it was met."""
    keeps: bool
    """Whether it stays if its reason falls away."""
    goods: bool
    """Whether it is for the worth of the goods, not for time."""


NOTHING = Worth({}, {}, {}, {}, {}, 0, 0, 0, {})


@dataclass(frozen=True, slots=True)
class View:
    """What the first facts of an order say, however far time has come."""

    until: datetime | None
    """When cover ended, as far as that is known."""
    changes: int
    """How often pricing has to speak of the policy again, at least."""
    parcels: dict[str, Parcel]
    cap: int
    given: int
    """What came back elsewhere, for no goods in particular."""
    lowered: bool
    insured: int
    bases: dict[str | None, int]
    goods: Units
    """What each package holds, and which are shipped again in others."""
    first: dict[str | None, int]
    """The parts of the order as it was placed."""
    widest: dict[str | None, int]
    """The parts of the order as it was placed, where that was worth more."""


class Shadow:
    """One order's facts, in the order in which they became known; `believed`: a person takes silence for a loss."""

    def __init__(
        self,
        product: str,
        facts: Sequence[Fact],
        believed: bool,
        heard: Sequence[datetime] = (),
        amended: Sequence[datetime] = (),
    ) -> None:
        self._product = product
        self._facts = sorted(facts, key=_known)
        self._believed = believed
        self._heard = heard
        self._amended = amended
        self._views: dict[int, View] = {}
        """By how many facts are known."""
        self.placed: orders.OrderPlaced | None = None
        self.attached_at: datetime | None = None
        for known, event in self._facts:
            if isinstance(event, orders.OrderPlaced) and self.placed is None:
                self.placed, self.attached_at = event, known

    def covered(self) -> bool:
        """Whether the order had cover at all."""
        if self.placed is None or self.attached_at is None or not self.placed.cover.wanted:
            return False
        gone = [known for known, event in self._facts if isinstance(event, orders.OrderCancelled)]
        if gone and gone[0] < self.attached_at:
            return False
        return self.attached_at - self.placed.occurred_at <= BOUND_WITHIN

    def instants(self) -> list[datetime]:
        """When what is owed may have changed."""
        if self.placed is None or self.placed.promise is None:
            return []
        days = [*(each for each, _ in products.LATE_TIERS), products.LOST_DAYS]
        found = {self.placed.promise.latest + timedelta(days=each) for each in days} | set(self._heard)
        for known, event in self._facts:
            found.add(known)
            if isinstance(event, shipments.ShipmentScanned):
                last = event.occurred_until or event.occurred_at
                found |= {last, last + timedelta(days=products.SILENT_DAYS)}
        return sorted(found)

    def worth(self, at: datetime) -> Worth:
        """What is owed on what was known by then, with time having come so far."""
        count = bisect_right(self._facts, at, key=_known)
        if not self.covered() or self.placed is None or self.attached_at is None or at < self.attached_at:
            return NOTHING
        view = self._views.get(count)
        if view is None:
            view = self._views[count] = self._view(self.placed, self._facts[:count])
        older = view.changes > sum(heard <= at for heard in self._heard)
        whole = max(view.insured, self.placed.total.minor) if older else view.insured
        widest = view.widest if older else view.bases
        units, kept, goods, most = {}, {}, {}, {}
        met = {name: self._met(view, at, view.until, name) for name in view.bases}
        harmed = {
            name: max(self._basis(view, name, each) for each in found if each.goods)
            for name, found in met.items()
            if any(each.goods for each in found)
        }
        left = _left(view, harmed)
        for name, basis in view.bases.items():
            paid = self._met(view, at, None, name) if older else met[name]
            shares = [(_share(self._basis(view, name, each), each.share), each.goods) for each in met[name]]
            bound = left.get(name, basis) if view.given else LIMITLESS
            units[name] = max((min(minor, bound) if of_goods else minor for minor, of_goods in shares), default=0)
            kept[name] = _highest(widest[name], [each for each in paid if each.keeps and not each.goods])
            goods[name] = _highest(widest[name], [each for each in paid if each.keeps and each.goods])
            most[name] = _highest(widest[name], paid)
        owed = min(view.cap, sum(units.values()))
        return Worth(units, kept, goods, left, most, whole, view.cap, owed, view.bases)

    def _basis(self, view: View, name: str | None, met: "Met") -> int:
        """What shares are taken of: of the policy as it was when the clause was met."""
        before = any(made > met.at for made in self._amended)
        return (view.first if before else view.bases)[name]

    def _view(self, placed: orders.OrderPlaced, known: Sequence[Fact]) -> View:
        facts = [event for _, event in known]
        until = _covered_until(placed, known)
        insured = _total(placed, [event for at, event in known if not until or at < until])
        parcels = _parcels(facts)
        given, total = sum(_given(placed, facts).values()), _total(placed, facts)
        cap = min(products.LIMIT_MINOR, max(0, total - given))
        changes = any(isinstance(event, orders.OrderAmended) for event in facts) + (until is not None)
        goods, whole = _units(placed, parcels), placed.total.minor
        bases, first = _values(goods, insured), _values(goods, whole)
        lowered = total < placed.total.minor
        widest = first if whole > insured else bases
        return View(until, changes, parcels, cap, given, lowered, insured, bases, goods, first, widest)

    def _met(self, view: View, at: datetime, until: datetime | None, name: str | None) -> list["Met"]:
        """The clauses that are met. Goods that no parcel holds are watched like a parcel of which nothing is heard."""
        assert self.placed is not None and self.placed.promise is not None and self.attached_at is not None
        parcel = view.parcels.get(name or "", Parcel())
        promised, arrived, attached_at = self.placed.promise.latest, _arrived(view, name), self.attached_at

        def within(instant: datetime) -> bool:
            return attached_at < instant <= at and (until is None or instant <= until)

        def due_after(days: int) -> datetime:
            return promised + timedelta(days=days)

        def missed(days: int) -> bool:
            due = due_after(days)
            return within(due) and (arrived is None or arrived.first > due)

        def in_cover(scan: Span) -> bool:
            return attached_at < scan.last and (until is None or scan.last <= until)

        late = [(due_after(days), share) for days, share in products.LATE_TIERS if missed(days)]
        found = [Met(share, due, keeps=True, goods=False) for due, share in late]
        damaged = [span.last for span in parcel.of(ScanKind.DAMAGED)[:1] if in_cover(span)]
        found += [Met("1.00", last, keeps=True, goods=True) for last in damaged]
        keeps = products.late_arrival(self._product)
        gone = parcel.lost
        lost = [gone.last] if gone is not None and in_cover(gone) else []
        dues = [due for due in parcel.silences if within(due)][:1]
        dues += [due_after(products.LOST_DAYS)] if missed(products.LOST_DAYS) else []
        lost += [due for due in dues if self._counts(parcel, due, in_no_parcel=name is None)]
        if arrived is None:
            found += [Met("1.00", last, keeps=keeps != "return", goods=True) for last in lost[:1]]
        return found

    def _counts(self, parcel: Parcel, due: datetime, *, in_no_parcel: bool) -> bool:
        """Whether a clock that ran out counts where the carrier has to be asked first."""
        if not products.asks_carrier(self._product) or parcel.arrived is not None:
            return True
        return (parcel.checked is not None and parcel.checked >= due and not in_no_parcel) or self._believed


def _covered_until(placed: orders.OrderPlaced, facts: Sequence[Fact]) -> datetime | None:
    """When cover ended: as soon as it was known that the order was cancelled or given back in full."""
    ended: datetime | None = None
    seen: list[Event] = []
    for known, event in facts:
        seen.append(event)
        if isinstance(event, orders.OrderCancelled):
            return known
        if not isinstance(event, orders.OrderRefunded | orders.OrderAmended):
            continue
        given = sum(_given(placed, [each for each in seen if isinstance(each, orders.OrderRefunded)]).values())
        full = bool(given) and given >= _total(placed, seen)
        ended = (ended or known) if full else None
    return ended


def _parcels(facts: Sequence[Event]) -> dict[str, Parcel]:
    found: dict[str, Parcel] = {}
    for event in facts:
        if isinstance(event, shipments.ShipmentBooked):
            parcel = found.setdefault(event.package_id, Parcel())
            if parcel.said_at is None or event.occurred_at > parcel.said_at:
                parcel.lines = {line.line_id: line.quantity for line in event.lines}
                parcel.in_order, parcel.replaces = event.packages_in_order or 0, event.replaces or ""
                parcel.said_at = event.occurred_at
            parcel.booked_at = min(parcel.booked_at or event.occurred_at, event.occurred_at)
        elif isinstance(event, shipments.ShipmentScanned):
            span = Span(event.occurred_at, event.occurred_until or event.occurred_at)
            found.setdefault(event.package_id, Parcel()).scans.append((event.kind, span))
        elif isinstance(event, shipments.ShipmentChecked):
            parcel = found.setdefault(event.package_id, Parcel())
            parcel.checked = max(parcel.checked or event.as_of, event.as_of)
    return found


def _arrived(view: View, name: str | None) -> Span | None:
    """When the parcel arrived, or the last of its pieces did in others in which they are shipped again (which may be
    shipped again too), whichever was first."""
    if name not in view.parcels:
        return None
    own = view.parcels[name].arrived
    again = view.goods.replaces.get(name or "", {})
    arrived = [(_arrived(view, other), pieces) for other, pieces in again.items()]
    missing = view.goods.pieces.get(name or "") or view.parcels[name or ""].lines
    for span, pieces in sorted([(span, pieces) for span, pieces in arrived if span is not None], key=_first_of):
        missing = {line: count - pieces.get(line, 0) for line, count in missing.items()} if pieces is not None else {}
        if all(count <= 0 for count in missing.values()):
            return span if own is None else min(own, span, key=_first)
    return own


def _first_of(arrived: tuple[Span, dict[str, int] | None]) -> datetime:
    return arrived[0].first


def _units(placed: orders.OrderPlaced, parcels: dict[str, Parcel]) -> Units:
    """The packages with their goods, and the goods that no package holds, as the oracle reads the bookings."""
    lines = tuple(facts.Line(each.line_id, each.total.minor, each.quantity) for each in placed.lines)
    told: list[facts.Fact] = [facts.Placed(known=0, lines=lines, promise=0)]
    for name, each in parcels.items():
        told.append(facts.Scanned(known=0, package=name, kind="UNKNOWN", first=0, last=0))
        if each.booked_at is not None and each.said_at is not None:
            told.append(facts.Booked(known=0, at=_microseconds(each.booked_at), package=name))
            told.append(
                facts.Booked(
                    known=1,
                    at=_microseconds(each.said_at),
                    package=name,
                    lines=tuple(each.lines.items()),
                    announced=each.in_order or None,
                    replaces=each.replaces,
                )
            )
    return units(Parcels(told, 0), lines)


def _microseconds(instant: datetime) -> int:
    return (instant - EARLIEST) // timedelta(microseconds=1)


def _values(goods: Units, whole: int) -> dict[str | None, int]:
    """What each package is worth, and what the goods are that no package holds (None, where there are any)."""
    found = goods.values(whole)
    worth: dict[str | None, int] = {name: found[name] for name in goods.parts if name != REMAINDER}
    return worth | ({None: found[REMAINDER]} if goods.parts[REMAINDER] else {})


def _total(placed: orders.OrderPlaced, facts: Sequence[Event]) -> int:
    amended = [event for event in facts if isinstance(event, orders.OrderAmended) and event.total is not None]
    last = max(amended, key=lambda event: event.revision, default=None)
    return last.total.minor if last is not None and last.total is not None else placed.total.minor


def _given(placed: orders.OrderPlaced, facts: Sequence[Event]) -> dict[str, int]:
    """What others gave back, each money once: of a refund and a dispute that are one the newest word."""
    found: dict[str, int] = {}
    amounts = {event.dispute_id: event.amount for event in facts if isinstance(event, disputes.DisputeOpened)}
    told = [event for event in facts if isinstance(event, orders.OrderRefunded | disputes.DisputeResolved)]
    for event in sorted(told, key=_occurred):
        if isinstance(event, orders.OrderRefunded):
            found[event.provider_refund_ref or event.dispute_id or event.refund_ref] = event.amount.minor
            continue
        name = event.provider_refund_ref or event.dispute_id
        if event.refunded is not None:
            found[name] = event.refunded.minor
        elif event.outcome in WON and name not in found:
            disputed = amounts.get(event.dispute_id)
            found[name] = disputed.minor if disputed is not None else _total(placed, facts)
    return found


def _left(view: View, harmed: dict[str | None, int]) -> dict[str | None, int]:
    """What is left of the worth of each unit, if anything came back, or the order became worth less: what came back
    counts first where goods were harmed (their worth by name), in the order of names."""
    if not view.given and not view.lowered:
        return {}
    left, rest = view.bases | harmed, view.given
    for name in sorted(harmed, key=_none_last):
        part = min(rest, left[name])
        left[name] -= part
        rest -= part
    return left | ({} if None in harmed else {None: max(0, view.insured - view.given)})


def _highest(basis: int, found: Sequence[Met]) -> int:
    return max((_share(basis, each.share) for each in found), default=0)


@lru_cache(4_096)
def _share(basis: int, share: str) -> int:
    return int((Decimal(basis) * Decimal(share)).quantize(Decimal(1), ROUND_HALF_UP))


def _first(span: Span) -> datetime:
    return span.first


_none_last: Callable[[str | None], tuple[bool, str]] = lambda name: (name is None, name or "")  # noqa: E731  # a key
_occurred: Callable[[Event], datetime] = lambda event: event.occurred_at  # noqa: E731  # a key, not a function
_known: Callable[[Fact], datetime] = lambda fact: fact[0]  # noqa: E731  # a key, not a function
