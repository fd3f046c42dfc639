"""The facts of a case as the interpreter looks at them: by key and by unit, with what each unit is worth."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace as changed

from waybond_claims.adjudication.terms import Bar, Rule, Terms, terms
from waybond_claims.adjudication.units import REMAINDER, Goods, Units, spread, units
from waybond_claims.case.cover import Cover, Policy
from waybond_claims.case.journey import Interval, Package, SeenFact, WatchFact
from waybond_claims.case.order import Line, Order
from waybond_claims.case.question import WITHDRAWN, Referral
from waybond_claims.case.state import Case

# What says nothing of the parcel's whereabouts does not start the cover of a wording that starts with the first scan.
NOT_PHYSICAL = frozenset({"LABEL_CREATED", "STALE", "UNKNOWN", "CANCELLED"})


class Ruling(Struct, frozen=True, gc=False):
    """What a person decided about a package, or about the order before its packages were known; `minor` if they said
    how much."""

    choice: str
    minor: int | None


class View(Struct, frozen=True, gc=False):
    """A case whose order and policy are known, read under the wording's terms on one lane.

    `ids` are the units: the packages, and None for the remainder where there is one. In a clause of scope order None is
    the order.
    """

    case: Case
    order: Order
    policy: Policy
    cover: Cover
    """The policy's highest version."""
    terms: Terms
    lane: tuple[str, str]
    """Origin and destination that the terms are for."""
    now: datetime
    ends_at: datetime
    lines: tuple[Line, ...]
    units: Units
    packages: dict[str, Package]
    watches: dict[tuple[str, str | None], WatchFact]
    seen: dict[tuple[str, str | None], SeenFact]
    worths: dict[int, dict[str | None, int]]
    """Insured values of the units by the basis that they are parts of; filled as they are looked at."""
    rulings: dict[str, Referral]
    """Questions that a person decided, by key."""
    barred: dict[tuple[bool, str | None], tuple[Bar, ...]]
    """Exclusions that hold, for the order (True) or a unit; filled as they are looked at."""
    refunded: dict[datetime | None, frozenset[str | None]]
    """The units whose goods the platform had given back by then (None: by now); filled as they are looked at."""

    @property
    def ids(self) -> tuple[str | None, ...]:
        return self.units.ids

    def values(self, cover: Cover) -> dict[str | None, int]:
        """The insured value of each unit under a version of the policy."""
        found = self.worths.get(cover.basis)
        if found is None:
            found = self.worths[cover.basis] = self.units.values(cover.basis)
        return found

    def value(self, cover: Cover, rule: Rule, unit: str | None) -> int:
        """The insured value of the unit, or of the order where the clause looks at that."""
        return cover.basis if rule.of_order else self.values(cover).get(unit, 0)

    def watch(self, watch_id: str, unit: str | None) -> WatchFact | None:
        """What became of a watch of the unit, or of the order."""
        return self.watches.get((watch_id, unit))

    def ruling(self, rule: Rule, about: str, unit: str | None, fact: str = "") -> Ruling | None:
        """What a person decided. What was decided for goods before their package was known stands for each unit that
        was not beside them then, of an amount its part, until the unit has a ruling of its own."""
        decided = self.rulings.get(question_key(about, unit, fact))
        if decided is not None and (unit is not None or rule.of_order):
            return Ruling(decided.choice, decided.decided_minor)
        decided = self.rulings.get(question_key(about, None, fact))
        if decided is None or unit in decided.among:
            return None
        heirs = [index for index, each in enumerate(self.ids) if each not in decided.among]
        if decided.decided_minor is None or len(heirs) < 2:
            return Ruling(decided.choice, decided.decided_minor)
        parts = spread(decided.decided_minor, [self.units.parts[index] for index in heirs])
        ids = [self.ids[index] for index in heirs]
        return Ruling(decided.choice, dict(zip(ids, parts, strict=True)).get(unit, decided.decided_minor))

    def arrival(self, rule: Rule, unit: str | None) -> Interval | None:
        """When the unit arrived in a way that the clause counts; the order has, once all its packages have."""
        if not rule.of_order or not self.packages:
            return self._made_good(rule, unit, {}) if self.units.replacing else self._arrival_of(rule, unit)
        good: dict[str | None, Interval | None] = {}
        known = [self._made_good(rule, each, good) for each in self.packages if each not in self.units.valueless]
        found = [each for each in known if each is not None]
        missing = REMAINDER in self.ids or (self.case.packages_in_order or 0) > len(found)
        return None if missing or len(found) < len(known) else max(found, key=_earliest)

    def _made_good(self, rule: Rule, unit: str | None, good: dict[str | None, Interval | None]) -> Interval | None:
        """When the unit arrived, or before that all of its goods in packages that replace it, where the wording counts
        those. `good` keeps what was found for each (Scenario: a replacement is lost and shipped again itself)."""
        if unit not in good:
            good[unit] = self._arrival_or_that_of_others(rule, unit, good)
        return good[unit]

    def _arrival_or_that_of_others(
        self, rule: Rule, unit: str | None, good: dict[str | None, Interval | None]
    ) -> Interval | None:
        arrived = self._arrival_of(rule, unit)
        others = self.units.replacing.get(unit) if unit is not None else None
        if unit is None or not others or self.terms.wording.cover.replacement != "makes_good":
            return arrived
        found = [(self._made_good(rule, each, good), pieces) for each, pieces in others.items()]
        missing = dict(self.units.held.get(unit) or self.packages[unit].lines)
        for when, pieces in sorted(
            [(when, pieces) for when, pieces in found if when is not None], key=lambda each: each[0].earliest
        ):
            missing = {} if pieces is None else _less(missing, pieces)
            if not missing:
                return when if arrived is None else min(when, arrived, key=_earliest)
        return arrived

    def _arrival_of(self, rule: Rule, unit: str | None) -> Interval | None:
        fact = self.seen.get(("ShipmentDelivered", unit))
        return fact.when if fact is not None and fact.standing and fact.handed_to in rule.delivered_by else None

    def happened(self, rule: Rule, event: str, unit: str | None, kinds: tuple[str, ...]) -> SeenFact | None:
        """What tracking says happened to the unit; for the order, to the first package that it stands for of which a
        scan of these kinds says so."""
        if not rule.of_order or not self.packages:
            return self.seen.get((event, unit))
        named = [fact for (name, _), fact in sorted(self.seen.items(), key=_key) if name == event]
        facts = [fact for fact in named if fact.told_by(kinds) is not None]
        return next((fact for fact in facts if fact.standing), facts[0] if facts else None)

    def attached_at(self, rule: Rule, unit: str | None) -> datetime | None:
        """From when the unit is covered; None if its cover has not begun."""
        if self.terms.wording.cover.starts == "bound":
            return self.policy.attached_at
        starts = [
            each.first_scan[1].latest
            for each in self.packages_of(rule, unit)
            if each.first_scan and each.first_scan[0] not in NOT_PHYSICAL
        ]
        return max(self.policy.attached_at, min(starts)) if starts else None

    def packages_of(self, rule: Rule, unit: str | None) -> list[Package]:
        """The package that the unit is, all packages of the order, or none of the remainder."""
        if rule.of_order:
            return list(self.packages.values())
        return [self.packages[unit]] if unit in self.packages else []

    def goods(self, rule: Rule, unit: str | None) -> Goods:
        """Lines and pieces in the unit, as far as is known; what the known contents leave where it is not."""
        held = self.units.held.get(unit or "") if not rule.of_order else None
        if held:
            by_id = {line.line_id: line for line in self.lines}
            return tuple((by_id[name], count) for name, count in held)
        left = () if rule.of_order else self.units.left
        return left or tuple((line, line.quantity) for line in self.lines)


def _less(pieces: Mapping[str, int], there: Mapping[str, int]) -> dict[str, int]:
    """What is left of the pieces by line."""
    return {line: left for line, count in pieces.items() if (left := count - there.get(line, 0)) > 0}


def on_other_lanes(view: View) -> list[View]:
    """The case under the terms of each other lane that its order went on before it was amended."""
    lanes = dict.fromkeys(view.case.lane_of(cover) for cover in view.case.covers)
    others = [lane for lane in lanes if lane != view.lane]
    return [changed(view, terms=terms(view.case.wording, *lane), lane=lane, barred={}) for lane in others]


def question_key(about: str, unit: str | None, fact: str = "") -> str:
    """What a question to a person about a package (None: the order) is kept under, and its answer."""
    return f"{about}:{unit or ''}:{fact}" if fact else f"{about}:{unit or ''}"


def view(case: Case, now: datetime) -> View | None:
    """The case as the interpreter looks at it; None as long as the order or the policy is not known."""
    ends_at = case.ends_at
    if case.order is None or case.policy is None or case.cover is None or ends_at is None:
        return None
    packages = {each.package_id: each for each in case.packages}
    for fact in (*case.watches, *case.seen):
        if fact.package_id is not None and fact.package_id not in packages:
            packages[fact.package_id] = Package(fact.package_id)
    ids = sorted(packages)
    lines = case.amended.lines if case.amended is not None and case.amended.lines_revision >= 0 else case.order.lines
    return View(
        case=case,
        order=case.order,
        policy=case.policy,
        cover=case.cover,
        terms=terms(case.wording, *case.lane),
        lane=case.lane,
        now=now,
        ends_at=ends_at,
        lines=lines,
        units=units([packages[each] for each in ids], lines, case.packages_in_order),
        packages=packages,
        watches={(fact.watch_id, fact.package_id): fact for fact in case.watches},
        seen={(fact.event, fact.package_id): fact for fact in case.seen},
        worths={},
        rulings={each.key: each for each in case.referrals if each.choice not in ("", WITHDRAWN)},
        barred={},
        refunded={},
    )


def _earliest(interval: Interval) -> datetime:
    return interval.earliest


def _key(item: tuple[tuple[str, str | None], SeenFact]) -> tuple[str, str]:
    (event, package_id), _ = item
    return event, package_id or ""
