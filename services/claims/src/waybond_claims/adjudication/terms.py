"""A wording made ready for one lane: conditions with their watches, shares as decimals. Kept, since few differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

from waybond_contracts.business_days import calendar_of
from waybond_contracts.places import Lane
from waybond_contracts.watches import conditions, watch_id
from waybond_contracts.wording import (
    PARAMETRIC,
    Clause,
    Clock,
    Condition,
    Deductible,
    Exclusion,
    Peril,
    Scope,
    Tier,
    Wording,
    duration_on,
    parse,
)

TERMS_KEPT = 1_024
# What an arrival says was not so after all. A parcel that arrives was late all the same.
UNDONE_BY_ARRIVAL = frozenset({Peril.LOST, Peril.NOT_RECEIVED, Peril.RETURNED})
HARMS = frozenset({"LOST", "DESTROYED", "DAMAGED", "RETURNING", "RETURNED"})


@dataclass(frozen=True, slots=True)
class TimedTier:
    """A tier that is reached when a watch falls due."""

    watch_id: str
    after: timedelta
    tier: int


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which the clause is met on this lane: by a scan, or by a clock and its tiers, the lowest first."""

    scan: str | None
    clock: Clock | None
    tiers: tuple[TimedTier, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A clause on this lane; without `ways` nothing but a claim can meet it."""

    clause: Clause
    on_lane: bool
    ways: tuple[Way, ...]
    shares: tuple[Decimal | None, ...]
    deductible: Deductible | None
    delivered_by: frozenset[str]
    opens: timedelta | None
    """Of the claim window, after its clock's start; None: at once."""
    closes: timedelta | None
    of_order: bool
    """Whether it looks at the order as a whole, not at each unit."""
    claimed: bool
    """Whether it pays only what somebody claims."""
    by_claim_alone: bool
    """Whether neither a clock nor a scan meets it either."""
    has_sums: bool
    """Whether a tier or its limit names a sum of money, beside the deductible."""
    indemnifies: bool
    """Whether it makes good what the goods were worth: then what came back for them elsewhere counts."""
    of_whereabouts: bool
    """Whether its peril is that the parcel did not come."""
    undone_by_arrival: bool
    """Whether an arrival says that it was not so, other than where the buyer says just that it never came."""
    guided: bool
    """Whether the wording says more of a claim than that a person decides it."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A tier that pays for each started period once its watch fell due."""

    per: timedelta
    last: int | None
    """The period that reaches `at_most`, where that follows from the wording alone."""
    delivered_by: frozenset[str]


@dataclass(frozen=True, slots=True)
class Bar:
    """An exclusion, its lists as sets."""

    exclusion: Exclusion
    perils: frozenset[str]
    scans: frozenset[str]
    categories: frozenset[str]


@dataclass(frozen=True, slots=True)
class Terms:
    """A wording on one lane."""

    wording: Wording
    rules: tuple[Rule, ...]
    bars: tuple[Bar, ...]
    """The exclusions that speak of this lane or of no lane."""
    growing: dict[str, Growth]
    """The watches of tiers that pay by the period, by their id."""
    heeds_journeys: bool
    """Whether a scan meets a clause that tracking has no event for: not loss, damage or return."""
    heard_after: timedelta
    """How long after cover ended a carrier may still answer, or somebody claim, what cover reaches."""
    heeds_signals: bool
    """Whether a clause heeds what signals tell of other orders."""


@lru_cache(TERMS_KEPT)
def terms(body: str, origin: str, destination: str) -> Terms:
    """The wording `body` (TOML) on the lane. Raises ContractError for a text that is no wording."""
    wording = parse(body)
    lane = Lane(origin=origin, destination=destination)
    rules = tuple(_rule(wording, clause, lane) for clause in wording.clause)
    return Terms(
        wording=wording,
        rules=rules,
        bars=tuple(
            Bar(
                each,
                frozenset(peril.value for peril in each.perils),
                frozenset(kind.value for kind in each.scans),
                frozenset(each.categories),
            )
            for each in wording.exclusion
            if not each.lanes or any(lane.matches(one) for one in each.lanes)
        ),
        growing={timed.watch_id: growth for rule in rules for timed, growth in _growths(rule)},
        heeds_journeys=any(way.scan and way.scan not in HARMS for rule in rules for way in rule.ways),
        heard_after=max(
            [each for rule in rules if rule.on_lane for each in _ends(wording, rule)], default=timedelta(0)
        ),
        heeds_signals=any(rule.clause.refer_when for rule in rules),
    )


def _rule(wording: Wording, clause: Clause, lane: Lane) -> Rule:
    on_lane = clause.on(lane)
    window = clause.claim_window
    ways = (_way(clause, c, condition, lane) for c, condition in enumerate(conditions(clause)) if condition.on(lane))
    return Rule(
        clause=clause,
        on_lane=on_lane,
        ways=tuple(ways) if on_lane else (),
        shares=tuple(Decimal(tier.share) if tier.share is not None else None for tier in clause.tiers),
        deductible=clause.deductible or wording.cover.deductible,
        delivered_by=frozenset(each.value for each in clause.delivered_by or wording.cover.delivered_by),
        opens=duration_on(lane, window.opens, window.opens_by_lane) if window else None,
        closes=duration_on(lane, window.closes, window.closes_by_lane) if window else None,
        of_order=clause.scope is Scope.ORDER,
        claimed=clause.trigger == "claim",
        by_claim_alone=clause.by_claim_alone,
        has_sums=clause.limit is not None or any(_named_sums(tier) for tier in clause.tiers),
        indemnifies=clause.peril not in PARAMETRIC,
        of_whereabouts=clause.peril in UNDONE_BY_ARRIVAL,
        undone_by_arrival=clause.peril in UNDONE_BY_ARRIVAL and not _disputes_delivery(clause),
        guided=clause.guided,
    )


def _ends(wording: Wording, rule: Rule) -> Iterator[timedelta]:
    """How long after cover the clause may still be claimed, or a carrier answer."""
    window, answer_within = rule.clause.claim_window, rule.clause.answer_within
    business = window.closes_business if window is not None else None
    if business is not None:
        yield calendar_of(wording.calendar, business).longest(business.days)
    otherwise = window.otherwise.closes if window is not None and window.otherwise is not None else None
    yield from (each for each in (rule.closes, otherwise, answer_within) if each)


def _named_sums(tier: Tier) -> bool:
    return any(each is not None for each in (tier.amount, tier.at_least, tier.at_most))


def _disputes_delivery(clause: Clause) -> bool:
    return clause.trigger == "claim" and clause.peril is Peril.NOT_RECEIVED


def _growths(rule: Rule) -> Iterator[tuple[TimedTier, Growth]]:
    for timed in (timed for way in rule.ways for timed in way.tiers):
        tier = rule.clause.tiers[timed.tier]
        if tier.per is None:
            continue
        last = None
        if tier.amount is not None and tier.at_most is not None and tier.amount.currency == tier.at_most.currency:
            each, most = Decimal(tier.amount.amount), Decimal(tier.at_most.amount)
            last = int((most / each).to_integral_value(ROUND_CEILING)) if each else 1
        yield timed, Growth(tier.per, last, rule.delivered_by)


def _way(clause: Clause, ordinal: int, condition: Condition, lane: Lane) -> Way:
    tiers: list[TimedTier] = []
    if condition.clock is not None:
        for t, tier in enumerate(clause.tiers):
            after = condition.after_on(lane) if condition.timed else tier.after_on(lane)
            if after is not None:
                tiers.append(TimedTier(watch_id(clause, ordinal, t), after, t))
    return Way(
        scan=condition.scan.value if condition.scan is not None else None,
        clock=condition.clock,
        tiers=tuple(tiers),
    )
