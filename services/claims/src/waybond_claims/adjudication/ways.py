"""The ways in which a clause is met: by a scan, or by a clock that ran out."""

from datetime import datetime

from msgspec.structs import replace as changed

from waybond_claims.adjudication.asks import asked
from waybond_claims.adjudication.benefits import NoRateError, minor_of
from waybond_claims.adjudication.found import Found
from waybond_claims.adjudication.terms import Rule, TimedTier, Way
from waybond_claims.adjudication.view import View
from waybond_claims.case.covered import in_force
from waybond_claims.case.journey import WatchFact
from waybond_contracts.explanation import FindingReason
from waybond_contracts.wording import Clock

# Looked up once: see found.py.
_NOT_MET, _KEPT, _NOT_YET = FindingReason.NOT_MET, FindingReason.KEPT, FindingReason.NOT_YET
_OUTSIDE = frozenset({FindingReason.BEFORE_COVER, FindingReason.AFTER_COVER, FindingReason.OTHER_LANE})
_OPEN = frozenset({FindingReason.APPLIES, FindingReason.NOT_YET, FindingReason.NEEDS_CARRIER_ANSWER})
_PROMISED_LATEST = Clock.PROMISED_LATEST
SEEN_BY_SCAN = {
    "LOST": ("ShipmentLost", ("", "LOST", "DESTROYED")),
    "DESTROYED": ("ShipmentLost", ("DESTROYED",)),
    "DAMAGED": ("ShipmentDamaged", ("", "DAMAGED")),
    "RETURNING": ("ShipmentReturned", ("", "RETURNING", "RETURNED")),
    "RETURNED": ("ShipmentReturned", ("RETURNED",)),
    "DELIVERED": ("ShipmentDelivered", ("", "DELIVERED")),
}
"""Scan of a wording -> tracking's event and the scans in it that meet the wording."""


def looked_at(view: View, rule: Rule, unit: str | None) -> list[Found]:
    """What is found of the rule's ways: one finding for a scan, one a tier for a clock."""
    found: list[Found] = []
    for way in rule.ways:
        if way.scan:
            found.append(_by_scan(view, rule, way, unit))
        found += [_by_clock(view, rule, way, timed, unit) for timed in way.tiers]
    outside = _lost_outside(view, rule, found)
    return found if outside is None else [_same_loss(each, outside) for each in found]


def _lost_outside(view: View, rule: Rule, found: list[Found]) -> Found | None:
    """The scan by which the carrier says that it was lost (or came back) while it was not covered."""
    if rule.of_order or not rule.of_whereabouts:
        return None
    for each in found:
        if each.watch is not None or each.fact_at is None or each.reason not in _OUTSIDE:
            continue
        # Where cover starts with the first scan, a loss may be that scan.
        if each.reason is not FindingReason.BEFORE_COVER or each.fact_at <= view.policy.attached_at:
            return each
    return None


def _same_loss(found: Found, outside: Found) -> Found:
    """What is lost is lost once: a clock that runs out afterwards makes no other loss of it.

    Scenario: cover ended on day 5, lost on day 10, in force again from day 12, promised for day 20, and 45 days later
    it counts as lost: nothing, the loss was met on day 10."""
    due = found.fact_at if found.watch is not None else found.eligible_at
    if due is None or outside.fact_at is None or due < outside.fact_at or found.reason not in _OPEN:
        return found
    return outside


def _by_scan(view: View, rule: Rule, way: Way, unit: str | None) -> Found:
    event, kinds = SEEN_BY_SCAN.get(way.scan or "", ("", ()))
    if not event:
        return _by_journey(view, rule, way, unit)
    fact = view.happened(rule, event, unit, kinds)
    when = fact.told_by(kinds) if fact is not None else None
    if fact is None or when is None:
        return Found(rule, unit, _NOT_MET)
    said = Found(rule, unit, FindingReason.APPLIES, 0, f"{event}/{fact.version}", when.latest)
    if not fact.standing or _undone(view, rule, unit):
        return changed(said, reason=FindingReason.CONTRADICTED, tier=None)
    return _in_cover(view, said, when.latest)


def _by_journey(view: View, rule: Rule, way: Way, unit: str | None) -> Found:
    """A scan that tracking has no event for: it is in the journey, with its time if it is the first or the last one."""
    seen = [each for each in view.packages_of(rule, unit) if way.scan in each.kinds]
    if not seen:
        return Found(rule, unit, FindingReason.NOT_MET)
    scans = [scan for each in seen for scan in (each.first_scan, each.last_scan) if scan and scan[0] == way.scan]
    said = Found(
        rule, unit, FindingReason.APPLIES, 0, f"ShipmentScanned/{way.scan}", scans[0][1].latest if scans else None
    )
    if said.fact_at is None:
        return asked(view, said, FindingReason.NEEDS_PERSON, f"when:{rule.clause.id}")
    return _in_cover(view, said, said.fact_at)


def _undone(view: View, rule: Rule, unit: str | None) -> bool:
    """Whether an arrival says that it was not so, other than where the buyer says just that it never came. What was
    paid before the arrival was known stays beside what is owed, as the wording's `late_arrival` has it (decision 83).
    """
    return rule.undone_by_arrival and view.arrival(rule, unit) is not None


def _in_cover(view: View, said: Found, at: datetime) -> Found:
    attached_at = view.attached_at(said.rule, said.package_id)
    if attached_at is None or at <= attached_at:
        return changed(said, reason=FindingReason.BEFORE_COVER, tier=None)
    cover = in_force(view.case, at)
    if cover is None:
        return changed(said, reason=FindingReason.AFTER_COVER, tier=None)
    if view.case.lane_of(cover) != view.lane:
        return changed(said, reason=FindingReason.OTHER_LANE, tier=None)
    return changed(said, cover=cover)


def _by_clock(view: View, rule: Rule, way: Way, timed: TimedTier, unit: str | None) -> Found:
    fact = view.watch(timed.watch_id, unit)
    if fact is not None and fact.breached:
        return _ran_out(view, rule, timed, fact, unit)
    if fact is not None and fact.arrived is not None:
        told = f"{fact.event}/{fact.version}"
        return Found(rule, unit, _KEPT, fact=told, fact_at=fact.arrived.latest, watch=fact)
    return _running(view, rule, way, timed, unit)


def _ran_out(view: View, rule: Rule, timed: TimedTier, fact: WatchFact, unit: str | None) -> Found:
    said = Found(rule, unit, FindingReason.APPLIES, timed.tier, f"{fact.event}/{fact.version}", fact.due, fact)
    if fact.due > view.now:
        # Whoever says so, nothing is paid before the clock has run out here too.
        return changed(said, reason=FindingReason.NOT_YET, tier=None, eligible_at=fact.due)
    said = _in_cover(view, said, fact.due)
    if not said.applies:
        return said
    arrived = view.arrival(rule, unit) if view.units.replacing else None
    if arrived is not None and arrived.earliest <= fact.due:
        # Tracking watches each package alone; what replaces it was there in time.
        return changed(said, reason=FindingReason.KEPT, tier=None)
    if _undone(view, rule, unit) or (fact.arrived is not None and rule.undone_by_arrival):
        return changed(said, reason=FindingReason.CONTRADICTED, tier=None)
    if not rule.clause.ask_carrier or _carrier_answered(fact):
        return said
    if rule.clause.unanswered == "not_met":
        return changed(said, reason=FindingReason.NOT_MET, tier=None)
    if rule.clause.unanswered == "counts" and _within(view, said):
        return said
    return asked(
        view, said, FindingReason.NEEDS_CARRIER_ANSWER, f"carrier:{fact.watch_id}", f"{fact.due:%Y-%m-%dT%H:%M}"
    )


def _within(view: View, said: Found) -> bool:
    """Whether the unit is worth no more than silence may count for without the carrier's answer; without an exchange
    rate to tell by, it is not."""
    most = said.rule.clause.unanswered_up_to
    try:
        return most is None or view.value(said.cover or view.cover, said.rule, said.package_id) <= minor_of(view, most)
    except NoRateError:
        return False


def _carrier_answered(fact: WatchFact) -> bool:
    """Silence is the carrier's only if it was asked after the clock ran out; without a package there is no carrier."""
    if fact.feed == "not_asked":
        return fact.package_id is None
    return fact.feed == "answered" and (fact.checked_as_of is None or fact.checked_as_of >= fact.due)


def _running(view: View, rule: Rule, way: Way, timed: TimedTier, unit: str | None) -> Found:
    arrived = view.arrival(rule, unit)
    if arrived is not None:
        return Found(rule, unit, _KEPT, fact="ShipmentDelivered", fact_at=arrived.latest)
    if view.now >= view.ends_at:
        return Found(rule, unit, FindingReason.AFTER_COVER)
    start = started(view, way.clock, unit)
    due = start + timed.after if start is not None else None
    if due is not None and due > view.ends_at:
        return Found(rule, unit, FindingReason.AFTER_COVER)
    if due is not None and due <= view.now and not rule.clause.ask_carrier:
        due = None  # Tracking has nothing to say of it, or is about to: no day to tell any more.
    return Found(rule, unit, _NOT_YET, eligible_at=due)


def started(view: View, clock: Clock | None, unit: str | None) -> datetime | None:
    """When the clock started, as far as claims can know: to tell a date, never to pay by it."""
    if clock is _PROMISED_LATEST:
        amended = view.case.amended
        follows = amended is not None and view.terms.wording.cover.promise == "as_amended"
        return (amended.promised_latest if follows and amended else None) or view.order.promised_latest
    package = view.packages.get(unit or "")
    match clock:
        case Clock.ORDER:
            return view.order.placed_at
        case Clock.PAYMENT:
            return view.order.payment.paid_at
        case Clock.FULFILMENT:
            return package.booked_at if package is not None else None
        case Clock.FIRST_SCAN:
            return package.first_scan[1].latest if package is not None and package.first_scan else None
        case Clock.LAST_SCAN:
            return package.last_scan[1].latest if package is not None and package.last_scan else None
        case Clock.CARRIER_ETA:
            return package.carrier_eta if package is not None else None
        case _:
            return None
