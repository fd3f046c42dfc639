"""What is owed to each unit of an order at an instant: the wording and the facts, in exact fractions.

It follows decisions 80 to 84 sentence by sentence, keeps nothing between two questions, and is slow on purpose.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.cover import Versions, on_lane
from tests.oracle.elsewhere import came_back, given
from tests.oracle.facts import Case, Cover, Fact, Placed, only
from tests.oracle.parcels import ORDER, REMAINDER, Met, Parcels
from tests.oracle.units import Units, in_proportion, lines_at, total_at, units
from tests.oracle.wordings import Clause, Deductible, Exclusion, Sum, Tier, Wording

Amounts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Owed:
    """What one unit is owed, and by which clause."""

    clause: str
    peril: str
    minor: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the order is owed at an instant."""

    entitled: int = 0
    units: dict[str, Owed] = field(default_factory=dict)
    """By unit (or for the order as a whole), before the bounds of the whole order."""
    values: dict[str, int] = field(default_factory=dict)
    """The insured value of each unit, under the newest version of the policy."""
    back: int = 0
    """What the buyer got back beside Waybond."""

    @property
    def lost(self) -> int:
        """How much of it is for losses."""
        return sum(each.minor for each in self.units.values() if each.peril == "lost")


@dataclass(frozen=True, slots=True)
class Finding:
    """A clause that is met for a unit, under the version of the policy that was in force then."""

    unit: str
    tier: Tier
    due: int
    periods: int
    version: Cover


def owed(case: Case, instant: int) -> Answer:
    """What was owed at this instant, on what was known by then."""
    facts = case.until(instant)
    if not only(Placed, facts) or not only(Cover, facts):
        return Answer()
    return _Question(case, facts, instant).answer()


def rounded(amount: Fraction) -> int:
    """Half up."""
    return int(amount + Fraction(1, 2))


class _Question:
    """One order at one instant."""

    def __init__(self, case: Case, facts: Sequence[Fact], instant: int) -> None:
        self.wording: Wording = case.wording
        self.facts, self.rates = facts, case.rates
        self.parcels = Parcels(facts, instant)
        self.versions = Versions(facts)
        self.currency = self.parcels.placed.currency
        self.lines = lines_at(self.parcels, instant)
        self.units: Units = units(self.parcels, self.lines)
        self.paid = total_at(self.parcels, instant)
        if self.wording.replacement == "makes_good":
            self.parcels.made_good = self.units.replaces

    def answer(self) -> Answer:
        newest = self.versions.newest()
        if self.versions.void or newest is None:
            return Answer()
        movements = given(self.facts, self.paid)
        back = sum(each.minor for each in movements)
        found = {clause.id: self._findings(clause) for clause in self.wording.clauses}
        benefits = {clause.id: self._benefits(clause, found[clause.id]) for clause in self.wording.clauses}
        values = self.units.values(newest.basis)
        due = {
            unit
            for clause in self.wording.clauses
            for unit, minor in benefits[clause.id].items()
            if clause.indemnity and minor
        }
        by_unit = came_back(movements, self.units, values, due) | {ORDER: Fraction(back)}
        best: dict[str, Owed] = {}
        for clause in self.wording.clauses:
            for unit, minor in benefits[clause.id].items():
                each = Owed(clause.id, clause.peril, minor)
                if clause.indemnity:
                    insured = self.units.values(found[clause.id][unit].version.basis)[unit]
                    each = Owed(clause.id, clause.peril, int(min(minor, max(Fraction(0), insured - by_unit[unit]))))
                if unit not in best or each.minor > best[unit].minor:
                    best[unit] = each
        whole = best.pop(ORDER, None)
        alone = sum(each.minor for each in best.values())
        if whole is not None and whole.minor and whole.minor >= alone:
            best = {ORDER: whole}
        limit = max((each.version.limit for by in found.values() for each in by.values()), default=newest.limit)
        kept = self.paid + rounded(self.paid * Fraction(self.wording.uplift or 0))
        entitled = min(sum(each.minor for each in best.values()), limit, max(0, kept - back))
        paying = {unit: each for unit, each in best.items() if each.minor}
        return Answer(max(0, entitled), paying, {unit: values[unit] for unit in self.units.parts}, back)

    def _findings(self, clause: Clause) -> dict[str, Finding]:
        """For each unit the highest tier that was met in cover; of `any_of` what was met first."""
        names = [ORDER] if clause.scope == "order" else self.units.names
        found: dict[str, Finding] = {}
        for unit in names:
            for each in sorted(self.parcels.met(clause, unit, self.units.awaited), key=_highest):
                finding = self._covered(clause, unit, each)
                if finding is not None:
                    found[unit] = finding
                    break
        return found

    def _covered(self, clause: Clause, unit: str, met: Met) -> Finding | None:
        version = self.versions.at(met.due)
        if version is None or not on_lane(version.lane, clause.lanes):
            return None
        if any(self._excludes(exclusion, clause, unit, met.due) for exclusion in self.wording.exclusions):
            return None
        periods = sum(self.versions.at(due) is not None for due in met.periods)
        return Finding(unit, clause.tiers[met.tier], met.due, periods, version)

    def _excludes(self, exclusion: Exclusion, clause: Clause, unit: str, due: int) -> bool:
        """Whether all holds that the exclusion names. Goods are another matter: they are taken out of the value."""
        if exclusion.perils and clause.peril not in exclusion.perils:
            return False
        until = self.parcels.now if exclusion.applies == "always" else due
        if exclusion.value_above is not None:
            above = exclusion.value_above.minor(self.currency, self.rates)
            if total_at(self.parcels, until) <= above:
                return False
        if exclusion.scans:
            packages = self.parcels.names if unit == ORDER else [unit]
            scans = [scan for package in packages for scan in self.parcels.scans(package)]
            if not any(scan.kind in exclusion.scans and scan.last <= until for scan in scans):
                return False
        if exclusion.categories:
            return self.units.part_of(unit, self.lines, exclusion.categories) == 1
        return True

    def _benefits(self, clause: Clause, found: Mapping[str, Finding]) -> Amounts:
        """What the clause gives each unit: the benefit, less the deductible, within the limits."""
        exact = {unit: self._benefit(clause, each) for unit, each in found.items()}
        amounts = self._less_deductible(clause.deductible or self.wording.deductible, exact, found)
        if clause.limit is not None:
            limit = rounded(self._sum(clause.limit))
            if sum(amounts.values()) > limit:
                amounts = in_proportion(limit, {unit: Fraction(minor) for unit, minor in amounts.items()})
        for unit, each in found.items():
            if each.version.package_limit is not None and unit != ORDER:
                amounts[unit] = min(amounts[unit], each.version.package_limit)
        return amounts

    def _benefit(self, clause: Clause, finding: Finding) -> Fraction:
        """Unrounded."""
        tier = finding.tier
        if tier.share is not None:
            value = Fraction(self.units.values(finding.version.basis)[finding.unit])
            for exclusion in self.wording.exclusions:
                if exclusion.categories and (not exclusion.perils or clause.peril in exclusion.perils):
                    value *= 1 - self.units.part_of(finding.unit, self.lines, exclusion.categories)
            benefit = value * Fraction(tier.share)
        else:
            benefit = self._sum(tier.amount) if tier.amount else Fraction(0)
        benefit *= finding.periods
        if tier.at_least is not None:
            benefit = max(benefit, self._sum(tier.at_least))
        if tier.at_most is not None:
            benefit = min(benefit, self._sum(tier.at_most))
        return benefit

    def _less_deductible(
        self, deductible: Deductible | None, exact: Mapping[str, Fraction], found: Mapping[str, Finding]
    ) -> Amounts:
        """A share is of the unit. A fixed sum is taken once an event: once for all units that were met together."""
        if deductible is None:
            return {unit: rounded(benefit) for unit, benefit in exact.items()}
        part = {unit: self._part(deductible, unit) for unit in exact}
        share = Fraction(deductible.share or 0)
        by_share = {unit: rounded(benefit * (1 - part[unit] * share)) for unit, benefit in exact.items()}
        if deductible.amount is None:
            return by_share
        amounts: Amounts = {}
        events: dict[int, list[str]] = defaultdict(list)
        for unit, finding in found.items():
            events[finding.due].append(unit)
        for together in events.values():
            whole = {unit: rounded(exact[unit]) for unit in together}
            weights = {unit: whole[unit] * part[unit] for unit in _in_order(together)}
            taken = in_proportion(
                rounded(min(self._sum(deductible.amount), sum(weights.values(), Fraction(0)))), weights
            )
            fixed = {unit: whole[unit] - taken[unit] for unit in together}
            larger = sum(fixed.values()) <= sum(by_share[unit] for unit in together)
            amounts |= fixed if larger else {unit: by_share[unit] for unit in together}
        return amounts

    def _part(self, deductible: Deductible, unit: str) -> Fraction:
        """Which part of the unit's benefit the deductible is taken of."""
        if not deductible.categories:
            return Fraction(1)
        return self.units.part_of(unit, self.lines, deductible.categories)

    def _sum(self, amount: Sum) -> Fraction:
        return amount.minor(self.currency, self.rates)


def _highest(met: Met) -> tuple[int, int]:
    return -met.tier, met.due


def _in_order(names: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: (name == REMAINDER, name))
