"""Builds the facts that tracking reads, for one order from China to Brazil, in days since it was placed."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from tests.support.story import Story
from waybond_contracts.delays import ContentsChanged, DelayEvent, PackageSeen, WatchFellDue
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.orders import OrderAmended, OrderLine, OrderPlaced, Payment, Promise, PromiseChanged
from waybond_contracts.places import Lane
from waybond_contracts.policies import (
    DeclineReason,
    PolicyAmended,
    PolicyCancelled,
    PolicyDeclined,
    PolicyIssued,
    Premium,
)
from waybond_contracts.registry import decode
from waybond_contracts.shipments import (
    Direction,
    HandedTo,
    PackageLine,
    ScanKind,
    ShipmentBooked,
    ShipmentChecked,
    ShipmentScanned,
)
from waybond_contracts.watches import compile_watches
from waybond_contracts.wording import WordingDocument, parse
from waybond_kit.aggregate import Woken
from waybond_tracking.codec import StateCodec
from waybond_tracking.decide import decide
from waybond_tracking.state import State

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
ORDER: dict[str, Any] = {"tenant": "demo", "platform": "shop", "order_id": "1001"}
POLICY_ID = "policy-1001"
LANE = Lane(origin="CN", destination="BR")
USD = "USD"
E_ = TypeVar("E_", bound=Event)

HEAD = """
product = "parcel"
version = "2026.1.1"
title = { en = "Parcel" }
cover = { limit_minor = 50000, limit_currency = "USD", period = "P200D" }
"""
LATE = """
[[clause]]
id = "TG-1"
peril = "late"
clock = "promised_latest"
tiers = [{ after = "P7D", share = "0.10" }, { after = "P15D", share = "0.30" }]
"""
SILENT = """
[[clause]]
id = "LO-1"
peril = "lost"
any_of = [{ scan = "LOST" }, { clock = "last_scan", silent_for = "P30D", live_after = 0 }]
tiers = [{ share = "1.00" }]
"""


def day(days: float) -> datetime:
    """So many days after the order was placed."""
    return START + timedelta(days=days)


def clause(clock: str, after: str, *, name: str = "C", extra: str = "") -> str:
    """A clause with one deadline; its watch is `name`:0:0."""
    return (
        f'[[clause]]\nid = "{name}"\nperil = "late"\nclock = "{clock}"\n'
        f'tiers = [{{ after = "{after}", share = "0.5" }}]\n{extra}\n'
    )


def order_line(line_id: str, minor: int, pieces: int = 1) -> OrderLine:
    """So many pieces that cost `minor` together."""
    return OrderLine(line_id=line_id, sku="thing", quantity=pieces, total=Money.of(minor, USD))


def pieces(**counts: int) -> tuple[PackageLine, ...]:
    """What lies in a package, as pieces by line."""
    return tuple(PackageLine(line_id=line_id, quantity=count) for line_id, count in counts.items())


ONE_LINE = (order_line("1", 4_000),)


def order_placed(
    *, promised: float | None = 20, paid: float | None = None, lines: Sequence[OrderLine] = ONE_LINE
) -> OrderPlaced:
    """Placed on day 0."""
    price = Money.of(sum(each.total.minor for each in lines), USD)
    return OrderPlaced(
        **ORDER,
        occurred_at=START,
        buyer_ref="buyer-1",
        seller_ref="seller-1",
        total=price,
        lines=tuple(lines),
        origin=LANE.origin,
        destination=LANE.destination,
        promise=None if promised is None else Promise(latest=day(promised)),
        payment=Payment(provider="stripe", reference="pay-1", paid_at=None if paid is None else day(paid)),
    )


def order_amended(at: float, *lines: OrderLine, revision: int = 1) -> OrderAmended:
    return OrderAmended(**ORDER, occurred_at=day(at), revision=revision, lines=lines)


def promise_changed(at: float, latest: float, revision: int = 1) -> PromiseChanged:
    return PromiseChanged(**ORDER, occurred_at=day(at), revision=revision, promise=Promise(latest=day(latest)))


def policy_issued(
    *clauses: str, attached: float = 0, ends: float = 200, cover: str = "", body: str = ""
) -> PolicyIssued:
    """Cover with a wording of these clauses; `cover` are more lines of the wording's cover; `body` a whole wording."""
    head = HEAD.replace('period = "P200D"', f'period = "P200D", {cover}') if cover else HEAD
    document = WordingDocument.of(body or head + "\n".join(clauses or (LATE, SILENT)))
    price = Money.of(4_000, USD)
    return PolicyIssued(
        **ORDER,
        occurred_at=day(attached),
        policy_id=POLICY_ID,
        version=1,
        product="parcel",
        product_version="2026.1.1",
        wording=document,
        lane=LANE,
        attached_at=day(attached),
        ends_at=day(ends),
        basis=price,
        limit=price,
        premium=premium(),
        watches=compile_watches(parse(document.body), LANE),
    )


def policy_amended(*clauses: str, at: float, ends: float = 200, version: int = 2) -> PolicyAmended:
    issued = policy_issued(*clauses)
    return PolicyAmended(
        **ORDER,
        occurred_at=day(at),
        policy_id=POLICY_ID,
        version=version,
        basis=issued.basis,
        limit=issued.limit,
        premium=premium(),
        ends_at=day(ends),
        watches=issued.watches,
        reason="order_amended",
    )


def policy_cancelled(at: float, *, from_start: bool = False, version: int = 2) -> PolicyCancelled:
    return PolicyCancelled(
        **ORDER,
        occurred_at=day(at),
        policy_id=POLICY_ID,
        version=version,
        reason="order_cancelled",
        from_start=from_start,
        premium_returned=Money.of(0, USD),
    )


def policy_declined(at: float = 0) -> PolicyDeclined:
    return PolicyDeclined(**ORDER, occurred_at=day(at), reason=DeclineReason.NOT_OFFERED)


def premium() -> Premium:
    price = Money.of(60, USD)
    return Premium(total=price, net=price, tax=price.zero(), rating="synthetic@1", factors=())


def booked(
    at: float,
    package_id: str = "A",
    *,
    packages: int | None = None,
    promised: float | None = None,
    tracking_number: str = "LB1CN",
    lines: Iterable[PackageLine] = (),
    replaces: str | None = None,
    returns: str | None = None,
) -> ShipmentBooked:
    """`returns`: it is a return, of this complaint (empty: of none)."""
    return ShipmentBooked(
        **ORDER,
        occurred_at=day(at),
        package_id=package_id,
        carrier="china-post",
        tracking_number=tracking_number,
        packages_in_order=packages,
        promise=None if promised is None else Promise(latest=day(promised)),
        lines=tuple(lines),
        replaces=replaces,
        direction=Direction.OUTBOUND if returns is None else Direction.RETURN,
        dispute_id=returns or None,
    )


def scanned(
    kind: ScanKind,
    at: float,
    package_id: str = "A",
    *,
    until: float | None = None,
    handed_to: HandedTo | None = None,
    eta: float | None = None,
    provider: str = "17track",
    raw_code: str = "",
    direction: Direction | None = None,
) -> ShipmentScanned:
    """Occurred on day `at`, or from then to day `until` where the zone is unknown."""
    return ShipmentScanned(
        **ORDER,
        occurred_at=day(at),
        occurred_until=None if until is None else day(until),
        package_id=package_id,
        kind=kind,
        handed_to=handed_to,
        carrier_eta=None if eta is None else day(eta),
        provider=provider,
        raw_code=raw_code,
        raw_text=f"{kind} as the carrier says it",
        direction=direction,
    )


def checked(as_of: float, package_id: str = "A") -> ShipmentChecked:
    return ShipmentChecked(
        **ORDER, occurred_at=day(as_of), package_id=package_id, as_of=day(as_of), provider="17track", scans_known=3
    )


class CheckedStory(Story[State]):
    """A story in which everything published is read back through the contract, strictly."""

    def _step(self, fact: Event | Woken, at: datetime) -> None:
        before = len(self.published)
        super()._step(fact, at)
        for each in self.published[before:]:
            read = decode(each.event.event_type, each.event.model_dump_json().encode(), strict=True).event
            assert read == each.event
            assert read.model_dump() == each.event.model_dump()


def story() -> Story[State]:
    """Every step passes through the codec, as in the service, and all that is published through the contract."""
    return CheckedStory(decide, StateCodec())


def only(kind: type[E_], events: Iterable[Event]) -> list[E_]:
    """The events of one type."""
    return [each for each in events if isinstance(each, kind)]


def verdicts(events: Iterable[Event]) -> list[Event]:
    """All but what packages hold."""
    return [each for each in events if not isinstance(each, ContentsChanged)]


def the(kind: type[E_], events: Iterable[Event]) -> E_:
    """The one event of this type."""
    found = only(kind, events)
    assert len(found) == 1, f"{len(found)} {kind.__name__} were published: {found}"
    return found[0]


def watch_says(events: Iterable[Event]) -> dict[tuple[str, str | None], WatchFellDue]:
    """The highest version by watch and package: what claims believes."""
    return _highest((each.watch_id, each.package_id, each) for each in only(WatchFellDue, events))


def seen_says(events: Iterable[Event]) -> dict[tuple[str, str | None], PackageSeen]:
    """The highest version by type and package."""
    return _highest((type(each).__name__, each.package_id, each) for each in only(PackageSeen, events))


D_ = TypeVar("D_", bound=DelayEvent)


def _highest(events: Iterable[tuple[str, str | None, D_]]) -> dict[tuple[str, str | None], D_]:
    found: dict[tuple[str, str | None], D_] = {}
    for name, package_id, event in events:
        before = found.get((name, package_id))
        assert before is None or before.version != event.version, f"version {event.version} was published twice"
        if before is None or event.version > before.version:
            found[name, package_id] = event
    return found
