"""Reads the wording against the facts: one finding for each clause and package, with the reason and the benefit."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from functools import reduce

from msgspec.structs import replace as changed

from waybond_claims.adjudication.asked_for import within_asked
from waybond_claims.adjudication.asks import asked, most
from waybond_claims.adjudication.benefits import (
    NoRateError,
    amounts,
    by_credit,
    by_hand,
    started_periods,
    with_deductible_shared,
)
from waybond_claims.adjudication.exclusions import NOTHING, Excluded, circumstance, excluded
from waybond_claims.adjudication.found import MET, Found, better, rank
from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.view import View, on_other_lanes, question_key
from waybond_claims.adjudication.ways import SEEN_BY_SCAN, looked_at
from waybond_claims.adjudication.windows import claimable
from waybond_claims.case.covered import covered_until
from waybond_claims.case.journey import WatchFact
from waybond_contracts.explanation import FindingReason

# Looked up once: see found.py.
_APPLIES, _NOT_MET, _OTHER_LANE = FindingReason.APPLIES, FindingReason.NOT_MET, FindingReason.OTHER_LANE


def findings(view: View, among: Collection[str | None] | None = None) -> tuple[Found, ...]:
    """Every clause of the wording, in its order, for every unit that it looks at; `among`: for no units but these.

    What was met before the order went elsewhere is decided under the lane that it went on then.
    """
    units = view.ids if among is None else [each for each in view.ids if each in among]
    by_rule = _by_rule(view, units)
    for other in on_other_lanes(view) if view.case.covers else ():
        by_rule = [_either(now, then) for now, then in zip(by_rule, _by_rule(other, units), strict=True)]
    return _flat(view, by_rule)


def telling(view: View) -> tuple[Found, ...]:
    """The same without those of clauses of which nothing was heard for the unit: they give no benefit, and ask nobody.

    Scenario: one of 50 packages is late. Of the 49 others each clause says that its day has not come, 539 times. Do not
    call it for a case of which `is_spoken_of` holds.
    """
    heard: dict[str, set[str | None]] = {}
    for what, unit in (*view.watches, *view.seen):
        heard.setdefault(what, set()).add(unit)
    scanned = {unit for _, unit in view.seen} if view.terms.bars else set()
    return _flat(view, [_of_rule(view, rule, _heard_of(view, rule, heard, scanned)) for rule in view.terms.rules])


def is_spoken_of(view: View) -> bool:
    """Whether somebody may have said something of any unit, other than by its watches and scans."""
    return bool(view.case.disputes or view.rulings or view.case.covers)


def number_of(view: View) -> int:
    """How many findings there are in all."""
    return sum([1 if rule.of_order or not rule.on_lane else len(view.ids) for rule in view.terms.rules])


def _heard_of(
    view: View, rule: Rule, heard: Mapping[str, set[str | None]], scanned: set[str | None]
) -> Sequence[str | None]:
    """The units of which something was heard that the clause is about, or that an exclusion may be."""
    names = [timed.watch_id for way in rule.ways for timed in way.tiers]
    for way in rule.ways:
        if way.scan and way.scan not in SEEN_BY_SCAN:
            return view.ids  # A scan that is in the journey alone.
        if way.scan:
            names.append(SEEN_BY_SCAN[way.scan][0])
    told = scanned.union(*[heard[name] for name in names if name in heard])
    return [unit for unit in view.ids if unit in told] if told else ()


def _flat(view: View, by_rule: list[list[Found]]) -> tuple[Found, ...]:
    found: list[Found] = []
    for each in by_rule:
        found += each if len(each) < 2 else _together(each[0].rule, each)
    return within_asked(found) if view.case.disputes else tuple(found)


def _by_rule(view: View, units: Sequence[str | None]) -> list[list[Found]]:
    return [_of_rule(view, rule, units) for rule in view.terms.rules]


def _of_rule(view: View, rule: Rule, units: Sequence[str | None]) -> list[Found]:
    if not rule.on_lane:
        return [Found(rule, None, _OTHER_LANE)]
    if rule.of_order:
        return [_found(view, rule, None)]
    return [_found(view, rule, unit) for unit in units]


def _either(now: list[Found], then: list[Found]) -> list[Found]:
    """Of the findings of one clause on two lanes, by unit the one that says more, or that was met first; what was
    never met on the lane of then is of no interest."""
    met = [each for each in then if rank(each) >= MET]
    if not met:
        return now
    if [each.package_id for each in now] != [each.package_id for each in then]:
        return then  # On the lane of now the clause looks at no unit.
    before = {each.package_id: each for each in met}
    return [better(each, before[each.package_id]) if each.package_id in before else each for each in now]


def _together(rule: Rule, found: list[Found]) -> list[Found]:
    """With a fixed deductible, which is taken once for all units that were met together, spread over them."""
    if rule.deductible is None or rule.deductible.amount is None:
        return found
    worth = [(index, each.amounts) for index, each in enumerate(found) if each.applies and each.amounts is not None]
    if len(worth) < 2:
        return found
    given = with_deductible_shared([each for _, each in worth], [found[index].fact_at for index, _ in worth])
    for (index, _), each in zip(worth, given, strict=True):
        found[index] = changed(found[index], amounts=each)
    return found


def _found(view: View, rule: Rule, unit: str | None) -> Found:
    said = looked_at(view, rule, unit)
    met = reduce(better, said) if said else Found(rule, unit, _NOT_MET)
    if met.reason is _APPLIES and view.terms.bars:
        met = _not_excluded(view, met, said)
    if rule.claimed and (rule.by_claim_alone or met.applies):
        met = claimable(view, met)
    try:
        if not view.terms.bars:
            return _valued(view, met, NOTHING) if met.reason is _APPLIES else met
        out = excluded(view, rule, unit, met.fact_at)
        if out.by is not None:
            return changed(met, reason=FindingReason.EXCLUDED, exclusion_id=out.by.id)
        if met.reason is not _APPLIES:
            return met
        if out.asks is not None:
            question = question_key(circumstance(out.asks), unit)
            met = changed(met, reason=FindingReason.NEEDS_PERSON, exclusion_id=out.asks.id, question=question)
            return changed(met, most=most(view, met))
        return _valued(view, met, out)
    except NoRateError:
        return _by_hand(view, met, "rate") if met.applies else met


def _not_excluded(view: View, met: Found, said: list[Found]) -> Found:
    """Of what meets the clause the best that no exclusion takes away.

    Scenario: 10 % fell due on day 30, customs held the parcel on day 35, 30 % would fall due on day 40. It is 10 %.
    """
    try:
        left = [
            each for each in said if each.applies and excluded(view, met.rule, met.package_id, each.fact_at).by is None
        ]
    except NoRateError:
        return met
    return reduce(better, left) if left else met


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
        worth = by_hand(view, rule, tier_index, basis, met.by_hand)
    else:
        worth = amounts(view, rule, tier_index, unit=unit, basis=basis, periods=periods, out=out.out)
    return changed(met, amounts=by_credit(worth) if met.remedy == "credit" else worth)


def _lasted_until(view: View, rule: Rule, unit: str | None, watch: WatchFact) -> datetime:
    """Until when periods are counted: the arrival or, as long as there is none, what is known by; cover ends them."""
    arrived = view.arrival(rule, unit)
    known = (watch.as_of, view.case.journey_as_of, view.case.grown)
    until = arrived.earliest if arrived else max(each for each in known if each is not None)
    return min(until, covered_until(view.case, watch.due) or until)


def _by_hand(view: View, met: Found, why: str) -> Found:
    """A benefit that the wording alone cannot give: a person says how much is due."""
    decided = asked(view, met, FindingReason.NEEDS_PERSON, f"{why}:{met.rule.clause.id}", met.fact)
    if decided.by_hand is None or not decided.applies:
        return decided
    basis = view.value(met.cover or view.cover, met.rule, met.package_id)
    return changed(decided, amounts=by_hand(view, met.rule, met.tier or 0, basis, decided.by_hand))
