"""What is owed to each unit of an order at an instant: the wording and the facts, in exact fractions.

It follows decisions 80 to 84 sentence by sentence, keeps nothing between two questions, and is slow on purpose.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.asked import Answered, answered
from tests.oracle.counting import counting, in_order
from tests.oracle.cover import Versions, on_lane
from tests.oracle.elsewhere import came_back, given
from tests.oracle.facts import Case, Cover, Fact, Placed, only
from tests.oracle.parcels import ORDER, Met, Parcels
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
            own = {name: pieces for name, pieces in self.units.pieces.items() if pieces}
            self.parcels.made_good, self.parcels.pieces = self.units.replaces, self.units.booked | own

    def answer(self) -> Answer:
        newest = self.versions.newest()
        if self.versions.void or newest is None:
            return Answer()
        movements = given(self.facts, self.paid)
        back = sum(each.minor for each in movements)
        found = {clause.id: self._findings(clause) for clause in self.wording.clauses}
        benefits = {clause.id: self._benefits(clause, found[clause.id]) for clause in self.wording.clauses}
        due = {
            unit
            for clause in self.wording.clauses
            for unit, minor in benefits[clause.id].items()
            if clause.indemnity and minor
        }
        by_unit = came_back(movements, self.units, self.lines, newest.basis, due) | {ORDER: back}
        nets = {
            clause.id: {
                unit: self._net(clause, found[clause.id][unit], minor, by_unit[unit])
                for unit, minor in benefits[clause.id].items()
            }
            for clause in self.wording.clauses
        }
        best = counting(nets, self._limits())
        whole = best.pop(ORDER, None)
        alone = sum(minor for _, minor in best.values())
        if whole is not None and whole[1] and whole[1] >= alone:
            best = {ORDER: whole}
        under = {unit: found[clause][unit].version for unit, (clause, _) in best.items()}
        kept = self.paid + rounded(self.paid * Fraction(self.wording.uplift or 0))
        entitled = min(self._within_limits(best, under), max(0, kept - back))
        perils = {clause.id: clause.peril for clause in self.wording.clauses}
        paying = {unit: Owed(clause, perils[clause], minor) for unit, (clause, minor) in best.items() if minor}
        values = self.units.values(newest.basis)
        return Answer(max(0, entitled), paying, {unit: values[unit] for unit in self.units.parts}, back)

    def _limits(self) -> Amounts:
        """The limits of clauses that have one."""
        return {each.id: rounded(self._sum(each.limit)) for each in self.wording.clauses if each.limit is not None}

    def _net(self, clause: Clause, finding: Finding, minor: int, back: int) -> int:
        """The benefit within the limits of the version that it was met under; for the worth of goods, with what came
        back for them, no more than their insured value."""
        version = finding.version
        if self.versions.several:
            minor = min(minor, version.limit)
        if version.package_limit is not None and finding.unit != ORDER:
            minor = min(minor, version.package_limit)
        if not clause.indemnity:
            return minor
        return min(minor, max(0, self.units.values(version.basis)[finding.unit] - back))

    def _within_limits(self, best: Mapping[str, tuple[str, int]], under: Mapping[str, Cover]) -> int:
        """What was met under one version is together no more than its limit, and all no more than the highest one."""
        sums: dict[int, int] = defaultdict(int)
        limits = {version.version: version.limit for version in under.values()}
        for unit, (_, minor) in best.items():
            sums[under[unit].version] += minor
        return min(sum(min(minor, limits[each]) for each, minor in sums.items()), max(limits.values(), default=0))

    def _findings(self, clause: Clause) -> dict[str, Finding]:
        """For each unit the highest tier that was met in cover; of `any_of` what was met first."""
        names = [ORDER] if clause.scope == "order" else self.units.names
        found: dict[str, Finding] = {}
        for unit in names:
            met = self.parcels.met(clause, unit, self.units.awaited)
            outside = self._lost_outside(clause, met)
            for each in sorted(met, key=_highest):
                if each.asked and outside is not None and each.due >= outside:
                    continue
                finding = self._covered(clause, unit, each)
                if finding is not None:
                    found[unit] = finding
                    break
        return found

    def _lost_outside(self, clause: Clause, met: Sequence[Met]) -> int | None:
        """When a scan said that it was lost, or came back, while it was not covered: no clock makes another loss of it
        afterwards."""
        if clause.peril not in ("lost", "returned", "not_received"):
            return None
        versions = [(each.due, self.versions.at(each.due)) for each in met if not each.asked]
        return min(
            (due for due, version in versions if version is None or not on_lane(version.lane, clause.lanes)),
            default=None,
        )

    def _covered(self, clause: Clause, unit: str, met: Met) -> Finding | None:
        version = self.versions.at(met.due)
        if version is None or not on_lane(version.lane, clause.lanes):
            return None
        if any(self._excludes(exclusion, clause, unit, met.due) for exclusion in self.wording.exclusions):
            return None
        if clause.ask_carrier and met.asked and not self._believed(clause, unit, met, version):
            return None
        ends = self.versions.until(version)
        periods = sum(due == met.due or due < ends for due in met.periods)
        return Finding(unit, clause.tiers[met.tier], met.due, periods, version)

    def _believed(self, clause: Clause, unit: str, met: Met, version: Cover) -> bool:
        """Whether a clock that ran out counts where the carrier is asked first."""
        answer = answered(self.facts, self.parcels.now, clause, unit, met.due)
        if answer is not Answered.NOT:
            return answer is Answered.PROVEN
        most = clause.unanswered_up_to
        within = most is None or self.units.values(version.basis)[unit] <= rounded(self._sum(most))
        return clause.unanswered == "counts" and within

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
            if not any(scan.kind in exclusion.scans and scan.first <= until for scan in scans):
                return False
        if exclusion.categories:
            return set(self.units.goods(unit, self.lines)) <= set(exclusion.categories)
        return True

    def _benefits(self, clause: Clause, found: Mapping[str, Finding]) -> Amounts:
        """What the clause gives each unit, less the deductible."""
        exact = {unit: self._benefit(clause, each) for unit, each in found.items()}
        deductible = clause.deductible or self.wording.deductible
        if deductible is None:
            return {unit: rounded(benefit) for unit, benefit in exact.items()}
        touched = {unit: exact[unit] * self._part(clause, deductible, each) for unit, each in found.items()}
        taken = self._fixed(deductible, touched, found) if deductible.amount is not None else {}
        share = Fraction(deductible.share or 0)
        return {
            unit: rounded(exact[unit] - min(whole, max(whole * share, taken.get(unit, Fraction(0)))))
            for unit, whole in touched.items()
        }

    def _benefit(self, clause: Clause, finding: Finding) -> Fraction:
        """Unrounded."""
        tier = finding.tier
        if tier.share is not None:
            benefit = self._insured(clause, finding) * Fraction(tier.share)
        else:
            benefit = self._sum(tier.amount) if tier.amount else Fraction(0)
        benefit *= finding.periods
        if tier.at_least is not None:
            benefit = max(benefit, self._sum(tier.at_least))
        if tier.at_most is not None:
            benefit = min(benefit, self._sum(tier.at_most))
        return benefit

    def _insured(self, clause: Clause, finding: Finding) -> int:
        """The unit's insured value without what an exclusion takes out, in whole minor units."""
        value = self.units.values(finding.version.basis)[finding.unit]
        goods = self.units.goods(finding.unit, self.lines)
        out = self._excluded_categories(clause)
        left = sum((worth for category, worth in goods.items() if category not in out), Fraction(0))
        return rounded(value * left / sum(goods.values(), Fraction(0))) if out else value

    def _excluded_categories(self, clause: Clause) -> set[str]:
        barring = (each for each in self.wording.exclusions if not each.perils or clause.peril in each.perils)
        return {category for each in barring for category in each.categories}

    def _part(self, clause: Clause, deductible: Deductible, finding: Finding) -> Fraction:
        """Which part of the unit's benefit the deductible is taken of: that for covered goods of its categories, whose
        insured value is in whole minor units."""
        if not deductible.categories:
            return Fraction(1)
        out = self._excluded_categories(clause)
        goods = {name: worth for name, worth in self.units.goods(finding.unit, self.lines).items() if name not in out}
        named = sum((worth for name, worth in goods.items() if name in deductible.categories), Fraction(0))
        whole, value = sum(goods.values(), Fraction(0)), self._insured(clause, finding)
        if named in (0, whole) or not value:
            return Fraction(bool(named))
        return Fraction(rounded(value * named / whole), value)

    def _fixed(
        self, deductible: Deductible, touched: Mapping[str, Fraction], found: Mapping[str, Finding]
    ) -> dict[str, Fraction]:
        """What a fixed deductible takes of each unit: once for all units that were met at the same instant, from each
        in proportion and in whole minor units; from one unit alone unrounded."""
        whole = self._sum(deductible.amount) if deductible.amount is not None else Fraction(0)
        events: dict[int, list[str]] = defaultdict(list)
        for unit, benefit in touched.items():
            if benefit:
                events[found[unit].due].append(unit)
        taken: dict[str, Fraction] = {}
        for together in events.values():
            if len(together) == 1:
                taken[together[0]] = whole
                continue
            weights = {unit: touched[unit] for unit in in_order(together)}
            taken |= {unit: Fraction(part) for unit, part in in_proportion(rounded(whole), weights).items()}
        return taken

    def _sum(self, amount: Sum) -> Fraction:
        return amount.minor(self.currency, self.rates)


def _highest(met: Met) -> tuple[int, int]:
    return -met.tier, met.due
