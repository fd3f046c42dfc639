"""Watches: whether one fell due and was broken, what it still waits for, and whether the carrier must be asked."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from waybond_contracts import watches as contract
from waybond_contracts.delays import Feed
from waybond_contracts.shipments import ScanKind
from waybond_contracts.times import EARLIEST
from waybond_contracts.wording import Clock, DeliveredBy, Scope
from waybond_tracking.clocks import Start, looked_at, may_lack, starts
from waybond_tracking.contents import remains
from waybond_tracking.journey import SHORTEST_SILENCE, arrival
from waybond_tracking.state import Asked, Breach, Package, Policy, State, Watch, When, when

ANSWER_WITHIN = timedelta(hours=48)
"""How long a carrier check may take where the wording does not say."""

Key = tuple[str, str | None]
"""Watch and package; None is the order as a whole with scope order, the remainder with scope package."""


class Findings(NamedTuple):
    """All that the watches say now; `asked` are the checks that still matter, the new ones among them."""

    breaches: dict[Key, Breach]
    arrived: dict[Key, When | None]
    asked: tuple[Asked, ...]
    wake_at: datetime | None


class _Order:
    """What is the same for all watches of the order, and what several of them ask for, computed once."""

    __slots__ = ("_arrived", "_starts", "attached_at", "covered_until", "left", "now", "sent_at", "state", "told")

    def __init__(self, state: State, policy: Policy, now: datetime, sent_at: datetime) -> None:
        self.state = state
        self.attached_at = policy.attached_at or EARLIEST
        self.covered_until = policy.covered_until or EARLIEST
        self.left = remains(state)
        """Whether goods are left that no package holds."""
        self.now = now
        self.sent_at = sent_at
        self.told = {(each.breach.watch_id, each.breach.package_id): each.breach for each in state.said if each.stands}
        self._arrived: dict[tuple[str | None, Sequence[DeliveredBy]], When | None] = {}
        self._starts: dict[tuple[str | None, Clock, bool, Scope, int, Sequence[ScanKind]], Sequence[Start]] = {}

    def arrived(self, watch: Watch, package: Package | None) -> When | None:
        """When the package arrived, or the last one of the order, if all of them did that are known to be in it.
        Goods that no package holds never arrive, and without them the order has not."""
        if package is None and (self.left or watch.scope is Scope.PACKAGE):
            return None
        key = (package.id if package else None, watch.delivered_by)
        if key not in self._arrived:
            self._arrived[key] = _arrived(self.state, watch.delivered_by, package)
        return self._arrived[key]

    def starts(self, watch: Watch, package: Package | None) -> Sequence[Start]:
        """When the watch's clock started."""
        if watch.clock is Clock.DELIVERED:
            arrived = self.arrived(watch, package)
            return starts(self.state, watch, package, arrived.latest if arrived else None)
        live = watch.live_after, watch.live_kinds
        key = (package.id if package else None, watch.clock, watch.follow_promise, watch.scope, *live)
        if key not in self._starts:
            self._starts[key] = starts(self.state, watch, package, None)
        return self._starts[key]


class _Verdict(NamedTuple):
    """What one watch says of one package, and when it may say something else."""

    breach: Breach | None = None
    asked: Asked | None = None
    wake_at: datetime | None = None


def watch(given: contract.Watch) -> Watch:
    """A watch of the policy as it is kept, with what the wording leaves open."""
    return Watch(
        id=given.id,
        clock=given.clock,
        kind=given.kind,
        after=max(given.after, SHORTEST_SILENCE) if given.clock is Clock.LAST_SCAN else given.after,
        scope=given.scope,
        delivered_by=given.delivered_by,
        follow_promise=given.follow_promise,
        ask_carrier=given.ask_carrier,
        answer_within=ANSWER_WITHIN if given.answer_within is None else given.answer_within,
        live_after=given.live_after,
        live_kinds=given.live_kinds,
    )


def look(state: State, policy: Policy, now: datetime, sent_at: datetime) -> Findings:
    """What all watches say, from the facts alone; what was said before counts where a bound forgot its fact."""
    breaches: dict[Key, Breach] = {}
    arrived: dict[Key, When | None] = {}
    asked: list[Asked] = []
    wakes: list[datetime] = []
    order = _Order(state, policy, now, sent_at)
    for each, package, until in _watched(order):
        key = (each.id, package.id if package else None)
        if key in breaches:
            continue  # It was missed under an earlier version of the policy.
        arrived[key] = order.arrived(each, package)
        verdict = _verdict(order, each, package, arrived[key], until)
        if verdict.breach is not None:
            breaches[key] = verdict.breach
        if verdict.asked is not None:
            asked.append(verdict.asked)
        if verdict.wake_at is not None:
            wakes.append(verdict.wake_at)
    return Findings(breaches, arrived, tuple(asked), min(wakes, default=None))


def _watched(order: _Order) -> Iterator[tuple[Watch, Package | None, datetime]]:
    """Each package, and beside them the goods that no package holds; with scope order the order as a whole. Each with
    when the watch ends: those of earlier versions of the policy before that, and first."""
    packages: list[Package | None] = [*order.state.packages]
    if order.left:
        packages.append(None)
    former = [(each.watch, min(each.until, order.covered_until)) for each in order.state.former]
    for each, until in (*former, *((each, order.covered_until) for each in order.state.watches)):
        if each.scope is Scope.ORDER:
            yield each, None, until
        else:
            for package in packages:
                yield each, package, until


def _arrived(state: State, delivered_by: Sequence[DeliveredBy], package: Package | None) -> When | None:
    packages = state.packages if package is None else (package,)
    scans = [arrival(each, delivered_by) for each in packages]
    found = [scan.when for scan in scans if scan is not None]
    if not found or len(found) < len(packages):
        return None
    if package is not None:
        return found[0]
    if len(found) < (state.packages_in_order or 0):
        return None
    return when(max(each.earliest for each in found), max(each.latest for each in found))


def _verdict(order: _Order, watch: Watch, package: Package | None, arrived: When | None, until: datetime) -> _Verdict:
    clock = order.starts(watch, package)
    broken, wake_at = _run_out(order, clock, watch.after, arrived, until)
    told = _told(order, watch, package, clock)
    if told is not None:
        still, _ = _run_out(order, (told,), watch.after, arrived, until)
        broken = min(filter(None, (broken, still)), key=_at, default=None)
    if broken is None:
        return _Verdict(wake_at=wake_at)
    breach = Breach(
        watch_id=watch.id,
        package_id=package.id if package else None,
        scope=watch.scope,
        kind=watch.kind,
        clock=watch.clock,
        start=broken.at,
        source=broken.source,
        due=broken.at + watch.after,
        arrived=arrived,
    )
    if not watch.ask_carrier:
        return _Verdict(breach, wake_at=wake_at)
    verdict = _checked(order, watch, breach, package)
    wakes = (each for each in (wake_at, verdict.wake_at) if each is not None)
    return verdict._replace(wake_at=min(wakes, default=None))


def _told(order: _Order, watch: Watch, package: Package | None, clock: Sequence[Start]) -> Start | None:
    """The start of the breach that was told and stands, if a bound forgot it since: facts alone take it back (S: the
    carrier expects the parcel on a ninth day, and that it missed the first is no longer known)."""
    told = order.told.get((watch.id, package.id if package else None))
    if told is None or any(each.at == told.start for each in clock) or not may_lack(order.state, watch, package):
        return None
    return Start(told.start, told.start, told.source)


def _run_out(
    order: _Order, clock: Sequence[Start], after: timedelta, arrived: When | None, covered_until: datetime
) -> tuple[Start | None, datetime | None]:
    """The first start whose time was up before it was replaced and before the arrival; else when one may be up.

    Of the starts that were said at one instant only the latest counts, even if the time of another was up by then.
    Scenario: at 10:00 one scan says that the carrier expects the parcel at 02:00, another says 08:00. It is 08:00.

    That time is up is concluded only of what was read: on a wake, whose due the watermark has reached, not on a fact
    that happens to be known later (S: an order event of day 31 comes while the delivery of day 29 is still unread).
    One that was up before cover attached counts only if there is no other (S: a date of long ago in a carrier's
    history hides a later silence).
    """
    watched_to = order.state.watched_to
    before_cover: Start | None = None
    broken: Start | None = None
    wake_at: datetime | None = None
    for i, start in enumerate(clock):
        due = start.at + after
        if i + 1 < len(clock) and clock[i + 1].said <= max(due, start.said):
            continue
        if (arrived is not None and arrived.earliest <= due) or due > covered_until:
            continue
        if watched_to is None or due > watched_to:
            wake_at = due if wake_at is None else min(wake_at, due)
        elif due <= order.attached_at:
            before_cover = start if before_cover is None else min(before_cover, start, key=_at)
        else:
            broken = start if broken is None else min(broken, start, key=_at)
    return (broken, None) if broken is not None else (before_cover, wake_at)


def _at(start: Start) -> datetime:
    return start.at


def _checked(order: _Order, watch: Watch, breach: Breach, package: Package | None) -> _Verdict:
    """A breach counts once the carrier knew no more when it was over, or did not answer in time (S: our webhook's
    endpoint was down for a week, and every parcel looked lost). It is asked once for each package and due."""
    state = order.state
    known = (each for each in state.asked if each.due == breach.due)
    asked = next((each for each in known if (each.watch_id, each.package_id) == (watch.id, breach.package_id)), None)
    proven_to = _proven_to(order, watch, breach, package)
    if proven_to is not None:
        asked_at = asked.asked_at if asked else None
        return _Verdict(replace(breach, feed=Feed.ANSWERED, asked_at=asked_at, checked_as_of=proven_to), asked)
    if asked is None:
        asked = Asked(watch.id, breach.package_id, breach.due, order.now, order.sent_at + watch.answer_within)
    if state.watched_to is not None and state.watched_to >= asked.answer_by:
        return _Verdict(replace(breach, feed=Feed.UNANSWERED, asked_at=asked.asked_at), asked)
    return _Verdict(asked=asked, wake_at=asked.answer_by)


def _proven_to(order: _Order, watch: Watch, breach: Breach, package: Package | None) -> datetime | None:
    """Up to when the carrier's word is known, if that is the due or later. An arrival after the due is its word too;
    goods and packages that nobody booked cannot be asked about."""
    state = order.state
    if breach.arrived is not None:
        return breach.arrived.latest
    silent = unarrived(state, watch, package)
    if not silent:
        return None
    known = [each.checked_as_of for each in silent if each.checked_as_of is not None]
    proven_to = min(known, default=None)
    if proven_to is None or len(known) < len(silent) or proven_to < breach.due:
        return None
    missing = order.left or len(state.packages) < (state.packages_in_order or 0)
    return None if package is None and missing else proven_to


def unarrived(state: State, watch: Watch, package: Package | None) -> Sequence[Package]:
    """The packages about which the carrier can be asked."""
    return [each for each in looked_at(state, watch, package) if arrival(each, watch.delivered_by) is None]
