"""The facts of a case as the interpreter looks at them: by key, by package, with each package's part of the basis."""

from datetime import datetime
from fractions import Fraction

from msgspec import Struct

from waybond_claims.adjudication.terms import Bar, Rule, Terms, terms
from waybond_claims.state import (
    WITHDRAWN,
    Case,
    Cover,
    Interval,
    Line,
    Order,
    Package,
    Policy,
    Referral,
    SeenFact,
    WatchFact,
)

# What says nothing of the parcel's whereabouts does not start the cover of a wording that starts with the first scan.
NOT_PHYSICAL = frozenset({"LABEL_CREATED", "STALE", "UNKNOWN", "CANCELLED"})


class Ruling(Struct, frozen=True, gc=False):
    """What a person decided about a package, or about the order before its packages were known; `minor` if they said
    how much."""

    choice: str
    minor: int | None


class View(Struct, frozen=True, gc=False):
    """A case whose order and policy are known. `units` are the packages, or None for the order as long as it has none.

    `bases` are minor units by package, for None the whole basis.
    """

    case: Case
    order: Order
    policy: Policy
    cover: Cover
    terms: Terms
    now: datetime
    ends_at: datetime
    lines: tuple[Line, ...]
    units: tuple[str | None, ...]
    packages: dict[str, Package]
    watches: dict[tuple[str, str | None], WatchFact]
    seen: dict[tuple[str, str | None], SeenFact]
    bases: dict[str | None, int]
    rulings: dict[str, Referral]
    """Questions that a person decided, by key."""
    barred: dict[str | None, tuple[Bar, ...]]
    """Exclusions that hold, by package; filled as they are looked at."""

    def watch(self, watch_id: str, unit: str | None) -> WatchFact | None:
        """What became of a watch of the package. What fell due for the order before its packages were known stands for
        each of them until tracking has spoken of that package or taken it back."""
        fact = self.watches.get((watch_id, unit))
        if fact is not None or unit is None:
            return fact
        whole_order = self.watches.get((watch_id, None))
        return whole_order if whole_order is not None and whole_order.breached else None

    def ruling(self, about: str, unit: str | None, fact: str = "") -> Ruling | None:
        """What a person decided. What was decided for the order before its packages were known stands for each of
        them, of an amount its part, until the package has a ruling of its own."""
        decided = self.rulings.get(question_key(about, unit, fact))
        if decided is not None or unit is None:
            return Ruling(decided.choice, decided.decided_minor) if decided is not None else None
        decided = self.rulings.get(question_key(about, None, fact))
        if decided is None or decided.decided_minor is None:
            return Ruling(decided.choice, None) if decided is not None else None
        return Ruling(decided.choice, self._part(unit, decided.decided_minor))

    def _part(self, unit: str, minor: int) -> int:
        """The package's part of an amount of the order, by the packages' bases; the parts add up."""
        whole = self.bases[None]
        before = sum(self.bases[each] for each in self.units if each is not None and each < unit)
        return minor * (before + self.bases[unit]) // whole - minor * before // whole if whole else 0

    def arrival(self, rule: Rule, unit: str | None) -> Interval | None:
        """When the package arrived in a way that the clause counts; the order has, once all its packages have."""
        if unit is not None:
            return self._arrival_of(rule, unit)
        if not self.packages:
            return self._arrival_of(rule, None)
        known = [self._arrival_of(rule, each) for each in self.packages]
        found = [each for each in known if each is not None]
        missing = (self.case.packages_in_order or 0) > len(found)
        return None if missing or len(found) < len(known) else max(found, key=_earliest)

    def _arrival_of(self, rule: Rule, unit: str | None) -> Interval | None:
        fact = self.seen.get(("ShipmentDelivered", unit))
        return fact.when if fact is not None and fact.standing and fact.handed_to in rule.delivered_by else None

    def happened(self, event: str, unit: str | None, kinds: tuple[str, ...]) -> SeenFact | None:
        """What tracking says happened to the package; for the order, to the first package that it stands for of which
        a scan of these kinds says so."""
        if unit is not None or not self.packages:
            return self.seen.get((event, unit))
        named = [fact for (name, _), fact in sorted(self.seen.items(), key=_key) if name == event]
        facts = [fact for fact in named if fact.told_by(kinds) is not None]
        return next((fact for fact in facts if fact.standing), facts[0] if facts else None)

    def attached_at(self, unit: str | None) -> datetime | None:
        """From when the package is covered; None if its cover has not begun."""
        if self.terms.wording.cover.starts == "bound":
            return self.policy.attached_at
        scans = [self.packages[unit]] if unit in self.packages else list(self.packages.values())
        starts = [
            each.first_scan[1].latest for each in scans if each.first_scan and each.first_scan[0] not in NOT_PHYSICAL
        ]
        return max(self.policy.attached_at, min(starts)) if starts else None

    def lines_in(self, unit: str | None) -> list[tuple[Line, int]]:
        """Lines and quantities in the package, as far as is known; all lines where it is not."""
        package = self.packages.get(unit or "")
        if package is None or not package.lines:
            return [(line, line.quantity) for line in self.lines]
        by_id = {line.line_id: line for line in self.lines}
        return [(by_id[line_id], quantity) for line_id, quantity in package.lines if line_id in by_id]


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
        now=now,
        ends_at=ends_at,
        lines=lines,
        units=tuple(ids) if ids else (None,),
        packages=packages,
        watches={(fact.watch_id, fact.package_id): fact for fact in case.watches},
        seen={(fact.event, fact.package_id): fact for fact in case.seen},
        bases=bases(case.cover.basis, [packages[each] for each in ids], lines, case.packages_in_order),
        rulings={each.key: each for each in case.referrals if each.choice not in ("", WITHDRAWN)},
        barred={},
    )


def bases(
    whole: int, packages: list[Package], lines: tuple[Line, ...], packages_in_order: int | None
) -> dict[str | None, int]:
    """What shares are taken of, in minor units by package id, and `whole` for None.

    A package whose lines are known has their part of the order's value, and that part of shipping and the like; the
    others share what is left equally, by how many packages the order has. What rounding leaves goes to the first ones.
    """
    found: dict[str | None, int] = {None: whole}
    if not packages:
        return found
    count = max(packages_in_order or 0, len(packages))
    if count == 1 and not packages[0].lines:
        found[packages[0].package_id] = whole
        return found
    parts = _parts(packages, lines, count)
    amounts = [int(part * whole) for part in parts]
    left = int(sum(parts) * whole) - sum(amounts)
    for index, package in enumerate(packages):
        found[package.package_id] = amounts[index] + (index < left)
    return found


def _parts(packages: list[Package], lines: tuple[Line, ...], count: int) -> list[Fraction]:
    value = {line.line_id: Fraction(line.minor, line.quantity) for line in lines}
    total = sum(line.minor for line in lines)
    by_lines = [
        Fraction(sum(value.get(line_id, Fraction(0)) * quantity for line_id, quantity in package.lines), total)
        if package.lines and total
        else None
        for package in packages
    ]
    taken = sum(part for part in by_lines if part is not None)
    without = count - sum(part is not None for part in by_lines)
    rest = max(Fraction(1) - taken, Fraction(0)) / without if without else Fraction(0)
    parts = [rest if part is None else part for part in by_lines]
    # Lines that were packed more often than ordered do not make the order worth more.
    over = max(sum(parts), Fraction(1))
    return [part / over for part in parts]


def _earliest(interval: Interval) -> datetime:
    return interval.earliest


def _key(item: tuple[tuple[str, str | None], SeenFact]) -> tuple[str, str]:
    (event, package_id), _ = item
    return event, package_id or ""
