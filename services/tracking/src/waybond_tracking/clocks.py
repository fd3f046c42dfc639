"""The clocks of a wording: when each starts for a package or the order, as the facts that occurred have it.

A start may be replaced: a newer scan, another arrival expected, another promise. A replacement counts only if it was
said before the earlier start's time was up, so that a miss cannot be undone by promising anew afterwards, and a
silence not by a scan that comes when it was over. Of two starts that were said at one instant nobody knows which came
first: the later start counts.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from waybond_contracts.shipments import ScanKind
from waybond_contracts.times import EARLIEST
from waybond_contracts.wording import Clock, Scope
from waybond_tracking.contents import replacements
from waybond_tracking.journey import MAX_ETAS, MAX_PACKAGE_PROMISES, first_heard, first_scan, heard_of
from waybond_tracking.state import Package, Promised, State, Watch

MAX_PROMISES = 8
"""Changes of the order's promise that are kept; of more, the lowest revisions are forgotten."""


class Start(NamedTuple):
    """From `said` on, until the next one is said, the clock starts at `at`, because of `source`. Of the
    starts that were said at one instant the last one counts."""

    said: datetime
    at: datetime
    source: str


def starts(state: State, watch: Watch, package: Package | None, delivered: datetime | None) -> Sequence[Start]:
    """The starts of the watch's clock, by when they were said; none while the clock does not run.

    For the order as a whole a package's clock is that of the package whose clock started last, at any time, but not of
    one that holds nothing but goods shipped again: a seller cannot start the order's time anew with it. The remainder
    has the clocks of the order alone.
    """
    match watch.clock:
        case Clock.ORDER:
            return _one(state.placed_at, "OrderPlaced")
        case Clock.PAYMENT:
            return _one(state.paid_at, "OrderPlaced.payment.paid_at")
        case Clock.DELIVERED:
            return _one(delivered, "ShipmentScanned/DELIVERED")
        case Clock.PROMISED_LATEST:
            return _promise(state, package, watch.follow_promise)
        case _ if package is not None:
            return _of_package(watch, package)
        case _ if watch.scope is Scope.ORDER:
            again = replacements(state)
            own = _latest([_of_package(watch, each) for each in state.packages if each.id not in again])
            # Of what was shipped first nothing may be known: then what was shipped again is the first word of it.
            return own or _latest([_of_package(watch, each) for each in state.packages])
        case _:
            return ()


def looked_at(state: State, watch: Watch, package: Package | None) -> Sequence[Package]:
    """The package, or all of them with scope order. With scope package None is the remainder: it has no package."""
    if package is not None:
        return (package,)
    return state.packages if watch.scope is Scope.ORDER else ()


def may_lack(state: State, watch: Watch, package: Package | None) -> bool:
    """Whether a bound may have made starts of the watch's clock be forgotten."""
    packages = looked_at(state, watch, package)
    match watch.clock:
        case Clock.CARRIER_ETA:
            return any(len(each.etas) >= MAX_ETAS for each in packages)
        case Clock.PROMISED_LATEST:
            own = any(len(each.promises) >= MAX_PACKAGE_PROMISES for each in packages)
            return own or len(state.promises) >= MAX_PROMISES
        case _:
            return False


def _one(at: datetime | None, source: str) -> Sequence[Start]:
    return () if at is None else (Start(at, at, source),)


def _of_package(watch: Watch, package: Package) -> Sequence[Start]:
    match watch.clock:
        case Clock.FULFILMENT:
            return _one(package.booked_at, "ShipmentBooked")
        case Clock.LABEL:
            label = next((each for each in package.scans if each.kind is ScanKind.LABEL_CREATED), None)
            if label is None:
                return _one(package.booked_at, "ShipmentBooked")
            return (Start(label.when.earliest, label.when.latest, "ShipmentScanned/LABEL_CREATED"),)
        case Clock.FIRST_SCAN:
            scan = first_scan(package)
            if scan is None:
                return ()
            return (Start(scan.when.earliest, scan.when.latest, f"ShipmentScanned/{scan.kind}"),)
        case Clock.LAST_SCAN:
            heard = [each for each in heard_of(package) if spoke(package, watch, each.when.latest)]
            return [Start(each.when.earliest, each.when.latest, f"ShipmentScanned/{each.kind}") for each in heard]
        case _:
            source = "ShipmentScanned.carrier_eta"
            first = [Start(each.first_said, each.eta, source) for each in package.etas]
            last = [Start(each.last_said, each.eta, source) for each in package.etas]
            return sorted((*first, *last))


def spoke(package: Package, watch: Watch, by: datetime) -> bool:
    """Whether the package's feed had said enough by then for its silence to mean something, as the wording has it.

    Scenario: a feed tells hand-over and arrival alone. Between the two there is nothing to hear.
    """
    if not watch.live_after and not watch.live_kinds:
        return True
    if 0 < watch.live_after <= sum(at <= by for at in first_heard(package)):
        return True
    return any(each.kind in watch.live_kinds and each.when.earliest <= by for each in package.scans)


def _promise(state: State, package: Package | None, follow: bool) -> Sequence[Start]:
    """The order's promise, the package's own, and the changed ones where the wording follows them.

    Where it does not, no booking moves the promise beyond what was bound: the order's, or without one the package's
    first (S: the seller books a parcel that is late already with a promise of half a year, and nothing is ever late).
    """
    found: list[Start] = []
    placed_at = state.placed_at or EARLIEST
    if state.promised is not None:
        found.append(Start(placed_at, state.promised, "OrderPlaced.promise.latest"))
    own = package.promises if package is not None else ()
    if own and not follow:
        bound = state.promised or own[0].latest
        own = [each for each in own if each.latest <= bound]
    if state.promised is not None and any(each.latest < state.promised and each.said <= placed_at for each in own):
        # The package's own promise is the more precise one: it is in force from the order on.
        found.clear()
    found += [Start(each.said, each.latest, "ShipmentBooked.promise.latest") for each in own]
    if follow:
        found += [Start(each.said, each.latest, "PromiseChanged.promise.latest") for each in in_force(state.promises)]
    return sorted(found)


def in_force(promises: Sequence[Promised]) -> Sequence[Promised]:
    """The changed promises that were in force at some time, by revision: a higher revision ends a lower one, and
    one that was said after a higher one never was in force."""
    found: list[Promised] = []
    for each in sorted(promises, key=lambda promise: promise.revision, reverse=True):
        if not found or each.said < found[-1].said:
            found.append(each)
    return found[::-1]


def _latest(of_packages: Sequence[Sequence[Start]]) -> Sequence[Start]:
    """The start of the package that started last, at every time at which one was said."""
    said = sorted((start, i) for i, each in enumerate(of_packages) for start in each)
    current: dict[int, Start] = {}
    found: list[Start] = []
    for start, i in said:
        current[i] = start
        last = max(current.values(), key=lambda each: (each.at, each.source))
        found.append(Start(start.said, last.at, last.source))
    return found
