"""Packages that buyers send back: followed by the same scans, beside the order's packages and never among them.

An order's package that goes missing is lost, and its delivery is an arrival; a return is neither. So returns are kept
in a list of their own, which no watch and no journey looks at, and are told as ReturnMoved.

- A booking says which way a package goes. One that was booked outbound too is the order's: otherwise a platform that
  uses an id twice would make goods vanish.
- Before its booking a package is the order's, unless its provider says that it is a return. Scenario: the scans come
  before the booking; once that comes, claims is told, and takes back what it heard.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from waybond_contracts.delays import ReturnMoved
from waybond_contracts.event import Event
from waybond_contracts.fields import MAX_PACKAGES, Interval
from waybond_contracts.making import maker
from waybond_contracts.shipments import Direction, PackageLine, ShipmentBooked, ShipmentChecked, ShipmentScanned
from waybond_tracking.journey import (
    DELIVERIES,
    LOSSES,
    MOVED,
    MOVED_ON,
    RETURNS,
    TOWARDS_BUYER,
    dated,
    first_scan,
    seen,
    with_booking,
    with_check,
    with_scan,
)
from waybond_tracking.state import Package, SaidReturn, Scan, State

MAX_RETURNS = MAX_PACKAGES
_RETURN = Direction.RETURN
_MOVED = maker(ReturnMoved)
_LINE = maker(PackageLine)
_INTERVAL = maker(Interval)

Fact = ShipmentBooked | ShipmentScanned | ShipmentChecked


def is_known(state: State, package_id: str) -> bool:
    """Whether the package is a return."""
    return any(each.id == package_id for each in state.returns)


def speaks_of_return(state: State, fact: Fact) -> bool:
    """Whether the fact is about a return, or makes a package one."""
    if not isinstance(fact, ShipmentChecked) and fact.direction is _RETURN:
        return True
    return bool(state.returns) and is_known(state, fact.package_id)


def shipped(state: State, fact: Fact, now: datetime) -> State:
    """The state with a fact of which `speaks_of_return` holds."""
    outbound = next((each for each in state.packages if each.id == fact.package_id), None)
    if outbound is not None and outbound.booked_at is not None:
        # It was booked as a package of the order, or a scan of another parcel bears its id.
        return replace(state, dropped=state.dropped + 1) if isinstance(fact, ShipmentBooked) else state
    before = next((each for each in state.returns if each.id == fact.package_id), None)
    if isinstance(fact, ShipmentBooked) and fact.direction is not _RETURN:
        return _of_order(state, before or Package(fact.package_id), fact, now)
    if before is None and len(state.returns) >= MAX_RETURNS:
        return replace(state, dropped=state.dropped + 1)
    package, forgotten = _with(before or outbound or Package(fact.package_id), fact, now)
    if package is before and not forgotten:
        return state
    if outbound is not None:
        state = _taken_out(state, outbound)
    kept = (*(each for each in state.returns if each.id != package.id), package)
    return replace(state, returns=tuple(sorted(kept, key=_id)), dropped=state.dropped + forgotten)


def _of_order(state: State, before: Package, booking: ShipmentBooked, now: datetime) -> State:
    """A return turns out to be a package of the order. Scans of which only their provider says that they are of a
    return are of another parcel."""
    if len(state.packages) >= MAX_PACKAGES:
        return replace(state, dropped=state.dropped + 1)
    before = before if before.booked_at is not None else Package(before.id)
    package, forgotten = with_booking(replace(before, dispute_id=None), booking, now)
    return replace(
        state,
        returns=tuple([each for each in state.returns if each.id != package.id]),
        packages=tuple(sorted((*state.packages, package), key=_id)),
        dropped=state.dropped + forgotten,
    )


def _with(package: Package, fact: Fact, now: datetime) -> tuple[Package, int]:
    match fact:
        case ShipmentScanned():
            return with_scan(package, fact, now)
        case ShipmentChecked():
            return with_check(package, fact, now), 0
        case _:
            return _booked(package, fact, now)


def _booked(package: Package, booking: ShipmentBooked, now: datetime) -> tuple[Package, int]:
    """Which complaint it is of is the newest booking's word."""
    newest, at = package.contents_as_of, dated(booking.occurred_at, now)
    newer = newest is None or at > newest or (at == newest and (booking.dispute_id or "") > (package.dispute_id or ""))
    package, forgotten = with_booking(package, booking, now)
    return (replace(package, dispute_id=booking.dispute_id) if newer else package), forgotten


def _taken_out(state: State, package: Package) -> State:
    """Without a package that seemed to be of the order. What was seen of it is forgotten: claims does the same."""
    return replace(
        state,
        packages=tuple([each for each in state.packages if each is not package]),
        seen=tuple([each for each in state.seen if each.package_id != package.id]),
    )


def _id(package: Package) -> str:
    return package.id


# what is told


def told(state: State, now: datetime, room: int) -> tuple[State, tuple[Event, ...], bool]:
    """Tell what is new about returns, `room` events at most; the last value says whether there is more to tell."""
    new = list(_new(state))
    if not new:
        return state, (), False
    now_told = new[:room]
    said = {each.package_id: each for each in (*state.returned, *now_told)}
    packages = {each.id: each for each in state.returns}
    events = tuple([_event(state, each, packages.get(each.package_id), now) for each in now_told])
    return replace(state, returned=tuple(said[name] for name in sorted(said))), events, len(new) > room


def _new(state: State) -> Iterator[SaidReturn]:
    known = {each.package_id: each for each in state.returned}
    for package in state.returns:
        said = known.pop(package.id, None)
        current = _concluded(package, said.version if said is not None else 0)
        if current != said:
            yield replace(current, version=current.version + 1)
    for said in known.values():
        if said.stands:
            yield SaidReturn(said.package_id, said.version + 1, stands=False)


def _concluded(package: Package, version: int) -> SaidReturn:
    lost, turned = seen(package, LOSSES, MOVED), seen(package, RETURNS, TOWARDS_BUYER)
    return SaidReturn(
        package.id,
        version,
        booked_at=package.booked_at,
        dispute_id=package.dispute_id,
        carrier=package.carrier,
        tracking_number=package.tracking_number,
        lines=package.lines,
        handed_in=first_scan(package),
        back=seen(package, DELIVERIES, MOVED_ON),
        lost=lost,
        sent_back=turned,
    )


def _event(state: State, said: SaidReturn, package: Package | None, now: datetime) -> Event:
    fields = {
        "tenant": state.tenant,
        "platform": state.platform,
        "order_id": state.order_id,
        "occurred_at": now,
        "policy_id": state.policy.id if state.policy is not None else None,
        "package_id": said.package_id,
        "version": said.version,
        "as_of": now,
        "standing": said.stands,
        "dispute_id": said.dispute_id,
    }
    if package is None:
        return _MOVED(fields)
    lines = tuple([_LINE({"line_id": each.line_id, "quantity": each.quantity}) for each in said.lines])
    return _MOVED(
        fields
        | {
            "lines": lines,
            "carrier": said.carrier,
            "tracking_number": said.tracking_number,
            "booked_at": said.booked_at,
            "handed_in": _when(said.handed_in),
            "back": _when(said.back),
            "lost": _when(said.lost),
            "sent_back": _when(said.sent_back),
        }
    )


def _when(scan: Scan | None) -> Interval | None:
    return _INTERVAL({"earliest": scan.when.earliest, "latest": scan.when.latest}) if scan is not None else None
