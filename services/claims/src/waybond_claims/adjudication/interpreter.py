"""Reads the wording against the facts: one finding for each clause and package, with the reason and the benefit."""

from datetime import datetime
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace as changed

from waybond_claims.adjudication.benefits import (
    Amounts,
    NoRateError,
    amounts,
    by_hand,
    minor_of,
    shared,
    started_periods,
)
from waybond_claims.adjudication.complaints import claimed_in_cover, made_at, standing
from waybond_claims.adjudication.exclusions import NOTHING, Excluded, circumstance, excluded
from waybond_claims.adjudication.terms import Rule, TimedTier, Way
from waybond_claims.adjudication.view import Ruling, View, on_other_lanes, question_key
from waybond_claims.covered import covered_until, in_force
from waybond_claims.state import Cover, WatchFact
from waybond_claims.told import Dispute
from waybond_contracts.explanation import FindingReason
from waybond_contracts.wording import Clock, Peril

# What an arrival says was not so after all. A parcel that arrives was late all the same.
UNDONE_BY_ARRIVAL = frozenset({Peril.LOST, Peril.NOT_RECEIVED, Peril.RETURNED})

SEEN_BY_SCAN = {
    "LOST": ("ShipmentLost", ("", "LOST", "DESTROYED")),
    "DESTROYED": ("ShipmentLost", ("DESTROYED",)),
    "DAMAGED": ("ShipmentDamaged", ("", "DAMAGED")),
    "RETURNING": ("ShipmentReturned", ("", "RETURNING", "RETURNED")),
    "RETURNED": ("ShipmentReturned", ("RETURNED",)),
    "DELIVERED": ("ShipmentDelivered", ("", "DELIVERED")),
}
"""Scan of a wording -> tracking's event and the scans in it that meet the wording."""

_R = FindingReason
RANK = {
    reason: rank
    for rank, reason in enumerate(
        (
            _R.OTHER_LANE,
            _R.NOT_MET,
            _R.KEPT,
            _R.CONTRADICTED,
            _R.AFTER_COVER,
            _R.BEFORE_COVER,
            _R.EXCLUDED,
            _R.NOT_YET,
            _R.NEEDS_CLAIM,
            _R.NEEDS_CARRIER_ANSWER,
            _R.NEEDS_PERSON,
            _R.APPLIES,
        )
    )
}
"""Of several ways in which a clause can be met the one that says most counts."""


class Found(Struct, frozen=True, gc=False):
    """One clause looked at for one unit (None: the remainder), or for the order (None)."""

    rule: Rule
    package_id: str | None
    reason: FindingReason
    tier: int | None = None
    fact: str = ""
    fact_at: datetime | None = None
    watch: WatchFact | None = None
    eligible_at: datetime | None = None
    exclusion_id: str = ""
    question: str = ""
    """Key of what a person has to decide, if the reason is that."""
    by_hand: int | None = None
    """How much a person said."""
    most: int | None = None
    """With a question: how much a person can say, as far as that is known."""
    cover: Cover | None = None
    """The version of the policy that was in force when it was met."""
    amounts: Amounts | None = None

    @property
    def applies(self) -> bool:
        return self.reason is _R.APPLIES

    @property
    def of_remainder(self) -> bool:
        return self.package_id is None and not self.rule.of_order

    @property
    def benefit(self) -> int:
        return self.amounts.benefit if self.amounts is not None else 0


def findings(view: View) -> tuple[Found, ...]:
    """Every clause of the wording, in its order, for every unit that it looks at.

    What was met before the order went elsewhere is decided under the lane that it went on then.
    """
    by_rule = _by_rule(view)
    for other in on_other_lanes(view) if view.case.covers else ():
        by_rule = [_either(now, then) for now, then in zip(by_rule, _by_rule(other), strict=True)]
    found: list[Found] = []
    for each in by_rule:
        found += each if len(each) == 1 else _together(each[0].rule, each)
    return tuple(found)


def _by_rule(view: View) -> list[list[Found]]:
    found: list[list[Found]] = []
    for rule in view.terms.rules:
        if not rule.on_lane:
            found.append([Found(rule, None, _R.OTHER_LANE)])
        elif rule.of_order:
            found.append([_found(view, rule, None)])
        else:
            found.append([_found(view, rule, unit) for unit in view.ids])
    return found


def _either(now: list[Found], then: list[Found]) -> list[Found]:
    """Of the findings of one clause on two lanes, by unit the one that says more; what was never met on the lane of
    then is of no interest."""
    met = [each for each in then if RANK[each.reason] >= RANK[_R.NEEDS_CARRIER_ANSWER]]
    if not met:
        return now
    if now[0].reason is _R.OTHER_LANE:
        return then
    before = {each.package_id: each for each in met}
    return [
        before[each.package_id]
        if each.package_id in before and RANK[before[each.package_id].reason] > RANK[each.reason]
        else each
        for each in now
    ]


def _together(rule: Rule, found: list[Found]) -> list[Found]:
    """With what is of the clause, not of a unit, spread over the units."""
    worth = [(index, each.amounts) for index, each in enumerate(found) if each.applies and each.amounts is not None]
    if len(worth) < 2 or (rule.clause.limit is None and rule.deductible is None):
        return found
    given = shared(rule, [each for _, each in worth], [found[index].fact_at for index, _ in worth])
    for (index, _), each in zip(worth, given, strict=True):
        found[index] = changed(found[index], amounts=each)
    return found


def _found(view: View, rule: Rule, unit: str | None) -> Found:
    met = None
    for way in rule.ways:
        said = _by_scan(view, rule, way, unit) if way.scan else _by_clock(view, rule, way, unit)
        met = said if met is None else _better(met, said)
    if met is None:
        met = Found(rule, unit, _R.NOT_MET)
    if rule.clause.trigger == "claim" and (met.applies or rule.clause.by_claim_alone):
        met = _claimable(view, met)
    try:
        out = excluded(view, rule, unit, met.fact_at) if view.terms.bars else NOTHING
        if out.by is not None:
            return changed(met, reason=_R.EXCLUDED, exclusion_id=out.by.id)
        if not met.applies:
            return met
        if out.asks is not None:
            question = question_key(circumstance(out.asks), unit)
            return changed(met, reason=_R.NEEDS_PERSON, exclusion_id=out.asks.id, question=question)
        return _valued(view, met, out)
    except NoRateError:
        return _by_hand(view, met, "rate") if met.applies else met


def _claimable(view: View, met: Found) -> Found:
    """It pays what somebody claims within the clause's window: a person looks at the complaint.

    What the person decides is of that complaint: it ends when the complaint is withdrawn, and another one is looked at
    anew if the ones before were refused.
    """
    rule, unit = met.rule, met.package_id
    complaints = standing(view.case, rule.clause, unit)
    window = rule.clause.claim_window
    start = _window_start(view, met) if window is not None else None
    if rule.clause.by_claim_alone:
        outside, cover = claimed_in_cover(view, rule, unit, start, complaints)
        if outside is not None:
            return changed(met, reason=outside)
        met = changed(met, cover=cover)
    closes = start + rule.closes if start is not None and rule.closes is not None else None
    if closes is not None:
        complaints = [each for each in complaints if made_at(each) <= closes]
    about = f"claim:{rule.clause.id}"
    rulings = [_of_complaint(view, about, unit, each) for each in complaints]
    pay = max([each for each in rulings if each is not None and each.choice == "pay"], key=_generous, default=None)
    if pay is not None:
        return changed(met, reason=_R.APPLIES, by_hand=pay.minor)
    waiting = [each for each, ruled in zip(complaints, rulings, strict=True) if ruled is None and not each.over]
    if any(rulings) and not waiting:
        return changed(met, reason=_R.NOT_MET)
    if window is not None and start is None:
        return changed(met, reason=_R.NOT_YET)
    if start is not None and rule.opens is not None and view.now < start + rule.opens:
        return changed(met, reason=_R.NOT_YET, eligible_at=start + rule.opens)
    if closes is not None and view.now > closes and not complaints:
        return changed(met, reason=_R.NOT_MET)
    if not waiting:
        return changed(met, reason=_R.NEEDS_CLAIM)
    question = question_key(about, unit, waiting[0].dispute_id)
    return changed(met, reason=_R.NEEDS_CLAIM, question=question, most=_most(view, met))


def _of_complaint(view: View, about: str, unit: str | None, complaint: Dispute) -> Ruling | None:
    """What a person decided about the complaint. Earlier files have rulings that name none: such a one is of all that
    were known when it was asked."""
    ruling = view.ruling(about, unit, complaint.dispute_id)
    if ruling is not None:
        return ruling
    asked = view.rulings.get(question_key(about, unit)) or view.rulings.get(question_key(about, None))
    return view.ruling(about, unit) if asked is not None and complaint.known_at <= asked.opened_at else None


def _generous(ruling: Ruling) -> tuple[bool, int]:
    return ruling.minor is None, ruling.minor or 0


def _window_start(view: View, met: Found) -> datetime | None:
    """When the clock of the claim window started."""
    rule, unit = met.rule, met.package_id
    clock = rule.clause.claim_window.clock if rule.clause.claim_window is not None else None
    if met.watch is not None and met.watch.clock == clock:
        return met.watch.start
    arrived = view.arrival(rule, unit) if clock is Clock.DELIVERED else None
    return arrived.latest if arrived is not None else started(view, clock, unit)


def _asked(view: View, said: Found, reason: FindingReason, about: str, fact: str = "") -> Found:
    """What a person decided about it, or that a person is asked."""
    ruling = view.ruling(about, said.package_id, fact)
    if ruling is None:
        question = question_key(about, said.package_id, fact)
        return changed(said, reason=reason, question=question, most=_most(view, said))
    return changed(said, reason=_R.APPLIES if ruling.choice == "pay" else _R.NOT_MET, by_hand=ruling.minor)


def _better(one: Found, other: Found) -> Found:
    """Of two ways in which a clause may be met the one that says more; the earlier date, where neither is met yet."""
    difference = RANK[one.reason] - RANK[other.reason] or (one.tier or 0) - (other.tier or 0)
    if one.reason is _R.NOT_YET and other.reason is _R.NOT_YET and other.eligible_at is not None:
        return other if one.eligible_at is None or other.eligible_at < one.eligible_at else one
    return one if difference >= 0 else other


# by a scan


def _by_scan(view: View, rule: Rule, way: Way, unit: str | None) -> Found:
    event, kinds = SEEN_BY_SCAN.get(way.scan or "", ("", ()))
    if not event:
        return _by_journey(view, rule, way, unit)
    fact = view.happened(rule, event, unit, kinds)
    when = fact.told_by(kinds) if fact is not None else None
    if fact is None or when is None:
        return Found(rule, unit, _R.NOT_MET)
    said = Found(rule, unit, _R.APPLIES, 0, f"{event}/{fact.version}", when.latest)
    if not fact.standing or _undone(view, rule, unit):
        return changed(said, reason=_R.CONTRADICTED, tier=None)
    return _in_cover(view, said, when.latest)


def _by_journey(view: View, rule: Rule, way: Way, unit: str | None) -> Found:
    """A scan that tracking has no event for: it is in the journey, with its time if it is the first or the last one."""
    seen = [each for each in view.packages_of(rule, unit) if way.scan in each.kinds]
    if not seen:
        return Found(rule, unit, _R.NOT_MET)
    scans = [scan for each in seen for scan in (each.first_scan, each.last_scan) if scan and scan[0] == way.scan]
    said = Found(rule, unit, _R.APPLIES, 0, f"ShipmentScanned/{way.scan}", scans[0][1].latest if scans else None)
    if said.fact_at is None:
        return _asked(view, said, _R.NEEDS_PERSON, f"when:{rule.clause.id}")
    return _in_cover(view, said, said.fact_at)


def _undone(view: View, rule: Rule, unit: str | None) -> bool:
    """Whether an arrival says that it was not so. What was paid before the arrival was known stays beside what is owed,
    as the wording's `late_arrival` has it (decision 83)."""
    return rule.clause.peril in UNDONE_BY_ARRIVAL and view.arrival(rule, unit) is not None


def _in_cover(view: View, said: Found, at: datetime) -> Found:
    attached_at = view.attached_at(said.rule, said.package_id)
    if attached_at is None or at <= attached_at:
        return changed(said, reason=_R.BEFORE_COVER, tier=None)
    cover = in_force(view.case, at)
    if cover is None:
        return changed(said, reason=_R.AFTER_COVER, tier=None)
    if view.case.lane_of(cover) != view.lane:
        return changed(said, reason=_R.OTHER_LANE, tier=None)
    return changed(said, cover=cover)


# by a clock


def _by_clock(view: View, rule: Rule, way: Way, unit: str | None) -> Found:
    best = None
    for timed in way.tiers:
        fact = view.watch(timed.watch_id, unit)
        if fact is not None and fact.breached:
            said = _ran_out(view, rule, timed, fact, unit)
        elif fact is not None and fact.arrived is not None:
            told = f"{fact.event}/{fact.version}"
            said = Found(rule, unit, _R.KEPT, fact=told, fact_at=fact.arrived.latest, watch=fact)
        else:
            said = _running(view, rule, way, timed, unit)
        best = said if best is None else _better(best, said)
    return best if best is not None else Found(rule, unit, _R.NOT_MET)


def _ran_out(view: View, rule: Rule, timed: TimedTier, fact: WatchFact, unit: str | None) -> Found:
    said = Found(rule, unit, _R.APPLIES, timed.tier, f"{fact.event}/{fact.version}", fact.due, fact)
    if fact.due > view.now:
        # Whoever says so, nothing is paid before the clock has run out here too.
        return changed(said, reason=_R.NOT_YET, tier=None, eligible_at=fact.due)
    said = _in_cover(view, said, fact.due)
    if not said.applies:
        return said
    if _undone(view, rule, unit) or (fact.arrived is not None and rule.clause.peril in UNDONE_BY_ARRIVAL):
        return changed(said, reason=_R.CONTRADICTED, tier=None)
    if not rule.clause.ask_carrier or _carrier_answered(fact):
        return said
    if rule.clause.unanswered == "not_met":
        return changed(said, reason=_R.NOT_MET, tier=None)
    if rule.clause.unanswered == "counts" and _within(view, said):
        return said
    return _asked(view, said, _R.NEEDS_CARRIER_ANSWER, f"carrier:{fact.watch_id}", f"{fact.due:%Y-%m-%dT%H:%M}")


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
        return Found(rule, unit, _R.KEPT, fact="ShipmentDelivered", fact_at=arrived.latest)
    if view.now >= view.ends_at:
        return Found(rule, unit, _R.AFTER_COVER)
    start = started(view, way.clock, unit)
    due = start + timed.after if start is not None else None
    if due is not None and due > view.ends_at:
        return Found(rule, unit, _R.AFTER_COVER)
    if due is not None and due <= view.now and not rule.clause.ask_carrier:
        due = None  # Tracking has nothing to say of it, or is about to: no day to tell any more.
    return Found(rule, unit, _R.NOT_YET, eligible_at=due)


def started(view: View, clock: Clock | None, unit: str | None) -> datetime | None:
    """When the clock started, as far as claims can know: to tell a date, never to pay by it."""
    package = view.packages.get(unit or "")
    match clock:
        case Clock.ORDER:
            return view.order.placed_at
        case Clock.PAYMENT:
            return view.order.payment.paid_at
        case Clock.PROMISED_LATEST:
            amended = view.case.amended
            follows = view.terms.wording.cover.promise == "as_amended" and amended is not None
            return (amended.promised_latest if follows and amended else None) or view.order.promised_latest
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


# what it is worth


def _valued(view: View, met: Found, out: Excluded) -> Found:
    rule, unit = met.rule, met.package_id
    tier = rule.clause.tiers[met.tier or 0]
    periods = None
    if tier.per:
        if met.watch is None or met.watch.event != "ShipmentDelayed":
            # How long a silence lasted is known to tracking alone once it has ended.
            return _by_hand(view, met, "periods")
        until = _lasted_until(view, rule, unit, met.watch)
        periods = started_periods(tier, met.watch.due, until)
    tier_index, basis = met.tier or 0, view.value(met.cover or view.cover, rule, unit)
    if out.part_by is not None:
        basis = int(basis * out.part + Fraction(1, 2))
        met = changed(met, exclusion_id=out.part_by.id)
    if met.by_hand is not None:
        return changed(met, amounts=by_hand(view, rule, tier_index, basis, met.by_hand))
    worth = amounts(view, rule, tier_index, unit=unit, basis=basis, periods=periods, out=out.out)
    return changed(met, amounts=worth)


def _lasted_until(view: View, rule: Rule, unit: str | None, watch: WatchFact) -> datetime:
    """Until when periods are counted: the arrival or, as long as there is none, what is known by; cover ends them."""
    arrived = view.arrival(rule, unit)
    known = (watch.as_of, view.case.journey_as_of, view.case.grown)
    until = arrived.earliest if arrived else max(each for each in known if each is not None)
    return min(until, covered_until(view.case, watch.due) or until)


def _by_hand(view: View, met: Found, why: str) -> Found:
    """A benefit that the wording alone cannot give: a person says how much is due."""
    decided = _asked(view, met, _R.NEEDS_PERSON, f"{why}:{met.rule.clause.id}", met.fact)
    if decided.by_hand is None or not decided.applies:
        return decided
    basis = view.value(met.cover or view.cover, met.rule, met.package_id)
    return changed(decided, amounts=by_hand(view, met.rule, met.tier or 0, basis, decided.by_hand))


def _most(view: View, met: Found) -> int:
    """How much a person can say is due, as far as that is known before the exclusions are looked at."""
    basis = view.value(met.cover or view.cover, met.rule, met.package_id)
    return by_hand(view, met.rule, met.tier or 0, basis, basis).benefit
