"""Tracking's judgement: add the fact, conclude anew from all facts, publish what differs from what was said."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from waybond_contracts.event import Event
from waybond_contracts.fields import MAX_PACKAGES
from waybond_contracts.orders import OrderAmended, OrderLine, OrderPlaced, PromiseChanged
from waybond_contracts.policies import PolicyAmended, PolicyCancelled, PolicyDeclined, PolicyIssued
from waybond_contracts.shipments import ShipmentBooked, ShipmentChecked, ShipmentScanned
from waybond_kit.aggregate import Outcome, Woken
from waybond_tracking import returns
from waybond_tracking.clocks import MAX_PROMISES
from waybond_tracking.contents import changed
from waybond_tracking.difference import MAX_AT_ONCE, PERILS, difference
from waybond_tracking.journey import dated, with_booking, with_check, with_scan
from waybond_tracking.policy import amended, cancelled, issued
from waybond_tracking.state import Line, Package, Promised, State
from waybond_tracking.watches import look

KEPT_WITHOUT_POLICY = timedelta(days=400)
"""How long facts wait for pricing's word, from when the order became known: as long as in claims. Pricing declines an
order within minutes, but it may hold one until a defect is mended; then its journey still has to be known."""
KEPT_AFTER_END = timedelta(days=7)
"""How long an order is kept after its cover ended, of which no peril was ever told, if nothing is open."""
KEPT_WITH_PERIL = timedelta(days=400)
"""How long one is kept after that of which a peril was told: what was told may have to be taken back (S: paid as lost,
then cancelled, and the parcel arrives ten days later; the wording wants the refund back). So is one with a return:
goods come back when cover is long over."""
KEPT_CANCELLED = timedelta(days=40)
"""How long one is kept after its cover was cancelled: pricing may put it in force again for 33 days.

Scenario: an order over the limit is amended back two weeks later; its parcel has to be known then."""
OF_ANOTHER = timedelta(days=180)
"""A scan so much older than the order is of another parcel (S: carriers give a tracking number again after half a year
or more; the parcel of last year was delivered, and that of today seems to have arrived)."""
TICK = timedelta(microseconds=1)


def decide(state: State | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None) -> Outcome[State]:
    """One order's next step. Raises ContractError for a second policy, which an order cannot have."""
    known = _learn(state, fact, now)
    # Nothing else is known: it comes after its time (S: a policy that ended a year ago is published again, and all
    # of its watches fall due anew).
    if known is None or (state is None and _kept_until(known) <= now):
        return Outcome(None)
    events: tuple[Event, ...] = ()
    wake_at: datetime | None = None
    if known.policy is not None:
        findings = look(known, known.policy, now, sent_at or now)
        known, events, more = difference(known, known.policy, findings, now, contents=changed(state, known))
        wake_at = now + TICK if more else findings.wake_at
    if known.returns or known.returned:
        # First, since claims takes back what it heard of a package that turns out to be a return.
        known, moved, more = returns.told(known, now, MAX_AT_ONCE - len(events))
        events, wake_at = (*moved, *events), now + TICK if more else wake_at
    if wake_at is None:
        wake_at = _kept_until(known)
        if known.watched_to is not None and known.watched_to >= wake_at:
            return Outcome(None, events)
    # A due that lies between the watermark and the last fact's time is looked at just after that fact's time.
    later = max(wake_at, now + TICK) if isinstance(fact, Woken) else wake_at
    return Outcome(known, events, later, status=_status(known))


def _learn(state: State | None, fact: Event | Woken, now: datetime) -> State | None:
    """The state with the fact added; None if there is nothing to keep."""
    match fact:
        case Woken(due=due) if state is not None:
            return state if state.watched_to and state.watched_to >= due else replace(state, watched_to=due)
        case OrderPlaced():
            return _placed(state or _new(fact, now), fact, now)
        case OrderAmended(lines=lines) if lines is not None:
            return _amended(state or _new(fact, now), fact.revision, lines)
        case PromiseChanged():
            return _promised(state or _new(fact, now), fact)
        case ShipmentBooked() | ShipmentScanned() | ShipmentChecked():
            return _shipped(state or _new(fact, now), fact, now)
        case PolicyIssued():
            return issued(state or _new(fact, now), fact)
        case PolicyAmended():
            return amended(state or _new(fact, now), fact)
        case PolicyCancelled():
            return cancelled(state or _new(fact, now), fact)
        case PolicyDeclined() if state is not None and state.policy is None:
            return None
        case _:
            return state


def _new(fact: Event, now: datetime) -> State:
    return State(fact.tenant, fact.platform, fact.order_id, since=now)


def _placed(state: State, fact: OrderPlaced, now: datetime) -> State:
    if state.placed_at is not None:
        return state
    promised = fact.promise.latest if fact.promise else None
    paid_at = dated(fact.payment.paid_at, now) if fact.payment.paid_at else None
    placed = replace(state, since=now, placed_at=fact.occurred_at, paid_at=paid_at, promised=promised)
    return placed if state.lines_revision is not None else _with_lines(placed, fact.lines)


def _amended(state: State, revision: int, lines: Sequence[OrderLine]) -> State:
    """The highest revision counts."""
    minor = sum(line.total.minor for line in lines)
    amended = _with_lines(replace(state, lines_revision=revision, lines_minor=minor), lines)
    newest = -1 if state.lines_revision is None else state.lines_revision
    known = newest, state.lines_minor, _pieces(state)
    return amended if (revision, minor, _pieces(amended)) > known else state


def _with_lines(state: State, lines: Sequence[OrderLine]) -> State:
    free = tuple(each.line_id for each in lines if not each.total.minor)
    return replace(state, lines=tuple(Line(each.line_id, each.quantity) for each in lines), free=free)


def _pieces(state: State) -> Sequence[tuple[str, int]]:
    return [(each.line_id, each.quantity) for each in state.lines]


def _promised(state: State, fact: PromiseChanged) -> State:
    new = Promised(fact.revision, fact.occurred_at, fact.promise.latest)
    if any(each.revision == new.revision for each in state.promises):
        return state
    promises = sorted((*state.promises, new), key=_revision)
    forgotten = max(0, len(promises) - MAX_PROMISES)
    return replace(state, promises=tuple(promises[forgotten:]), dropped=state.dropped + forgotten)


def _revision(promised: Promised) -> int:
    return promised.revision


def _shipped(state: State, fact: ShipmentBooked | ShipmentScanned | ShipmentChecked, now: datetime) -> State:
    """A package is known from the first fact that names it."""
    if isinstance(fact, ShipmentScanned) and (fact.occurred_until or fact.occurred_at) < state.since - OF_ANOTHER:
        return state
    if returns.speaks_of_return(state, fact):
        return returns.shipped(state, fact, now)
    before = next((each for each in state.packages if each.id == fact.package_id), None)
    if before is None and len(state.packages) >= MAX_PACKAGES:
        return replace(state, dropped=state.dropped + 1)
    package = before or Package(fact.package_id)
    forgotten = 0
    match fact:
        case ShipmentBooked():
            package, forgotten = with_booking(package, fact, now)
        case ShipmentScanned():
            package, forgotten = with_scan(package, fact, now)
        case ShipmentChecked():
            package = with_check(package, fact, now)
    if package is before:
        return state if not forgotten else replace(state, dropped=state.dropped + forgotten)
    others = (each for each in state.packages if each is not before)
    packages = sorted((*others, package), key=_id)
    return replace(state, packages=tuple(packages), dropped=state.dropped + forgotten)


def _id(package: Package) -> str:
    return package.id


def _kept_until(state: State) -> datetime:
    ended_at = state.policy.ended_at if state.policy else None
    if ended_at is None:
        return state.since + KEPT_WITHOUT_POLICY
    if state.said or state.returns or any(each.kind in PERILS for each in state.seen):
        return ended_at + KEPT_WITH_PERIL
    return ended_at + (KEPT_CANCELLED if state.policy and state.policy.cancelled else KEPT_AFTER_END)


def _status(state: State) -> str:
    """For people: no_policy, watching, checking (a carrier was asked), breached, ended; `/dropped` after it says that
    facts lay beyond a bound and were left out."""
    word = "watching"
    ended_at = state.policy.ended_at if state.policy else None
    if ended_at is None:
        word = "no_policy"
    elif any(each.stands for each in state.said):
        word = "breached"
    elif state.asked:
        word = "checking"
    elif state.watched_to is not None and state.watched_to >= ended_at:
        word = "ended"
    return f"{word}/dropped" if state.dropped else word
