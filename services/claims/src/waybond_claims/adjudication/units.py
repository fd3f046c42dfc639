"""Units: each package with its contents, and the remainder, and what part of the order each of them is worth.

What is owed is worked out for units. The remainder is what was ordered and no package holds. Scenario: lines of 60 and
40, one package booked with the first line. It is worth 60, the remainder 40; once a second package is booked with the
second line, that one is worth 40 and there is no remainder.

Contents that name a line which the order does not have, or no line, are unknown. Packages with unknown contents, and
those that are announced and not booked, share equally what the known contents leave. Pieces that are booked beyond what
was ordered are a replacement: they take over no value. So are pieces that a booking has in common with the package that
it says it replaces, and all of its pieces where the contents of either are unknown. Tracking reads contents in the same
way, to tell whether there is a remainder to watch.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from math import lcm

from msgspec import Struct

from waybond_claims.case.journey import Package
from waybond_claims.case.order import Line

REMAINDER = None
"""Id of the remainder among units."""
NEVER = datetime.max.replace(tzinfo=UTC)

Goods = tuple[tuple[Line, int], ...]
"""Lines of the order, each with how many pieces of it."""

Replacing = dict[str, dict[str, dict[str, int] | None]]
"""By package: the packages that replace it, with the pieces of it by line; None: all of it."""


class Units(Struct, frozen=True, gc=False):
    """The units of an order, by id, the remainder last and only where goods are left for it."""

    ids: tuple[str | None, ...]
    parts: tuple[int, ...]
    """Of the order's value, in the order of `ids`: their proportions."""
    left: Goods
    """What the known contents leave."""
    held: dict[str, tuple[tuple[str, int], ...]]
    """What each package with known contents has of the order's lines: pieces by line, without those of replacements."""
    replacing: Replacing
    """The packages whose goods were shipped again."""
    valueless: frozenset[str]
    """Packages that hold nothing but replacements."""

    def values(self, basis: int) -> dict[str | None, int]:
        """The insured value of each unit, in minor units: together the basis."""
        if len(self.ids) == 1:
            return {self.ids[0]: basis}
        return dict(zip(self.ids, spread(basis, self.parts), strict=True))


def spread(whole: int, weights: Sequence[Fraction | int]) -> list[int]:
    """Parts of `whole` (zero or more) in proportion to the weights, whole numbers that add up to it: each is rounded
    down, and those that lost most by it get one more (of equal ones the first)."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    found = [int(weight * whole // total) for weight in weights]
    missing = whole - sum(found)
    if missing:
        lost = sorted(range(len(found)), key=lambda index: (-(weights[index] * whole % total), index))
        for index in lost[:missing]:
            found[index] += 1
    return found


def units(packages: Sequence[Package], lines: tuple[Line, ...], packages_in_order: int | None) -> Units:
    """The units of an order of these lines, shipped in these packages (sorted by id)."""
    everything = tuple((line, line.quantity) for line in lines)
    if not packages:
        return Units((REMAINDER,), (1,), everything, {}, {}, frozenset())
    if len(packages) == 1 and (packages_in_order or 0) <= 1:
        only = packages[0]
        if not only.lines or only.lines == tuple((line.line_id, line.quantity) for line in lines):
            held = {only.package_id: only.lines} if only.lines else {}
            return Units((only.package_id,), (1,), () if held else everything, held, {}, frozenset())
    return _shared(packages, lines, packages_in_order)


def _shared(packages: Sequence[Package], lines: tuple[Line, ...], packages_in_order: int | None) -> Units:
    by_id = {line.line_id: line for line in lines}
    total = sum(line.minor for line in lines)
    clear = [each for each in packages if total and each.lines and all(name in by_id for name, _ in each.lines)]
    left, taken, replacing = _handed_out(packages, {each.package_id: each for each in clear}, lines)
    # What a piece of each line is worth, in whole numbers of one measure.
    measure = lcm(*(line.quantity for line in lines))
    value = {line.line_id: line.minor * (measure // line.quantity) for line in lines}
    parts = {name: sum([value[line] * count for line, count in held]) for name, held in taken.items()}
    valueless = frozenset(name for name, held in taken.items() if not held)
    rest = sum([value[name] * count for name, count in left.items()]) if total else 1
    unknown = len(packages) - len(taken)
    announced = max(0, (packages_in_order or 0) - (len(packages) - len(valueless)))
    if unknown:
        sharers = unknown + announced
        parts = {name: part * sharers for name, part in parts.items()}
        parts |= {each.package_id: rest for each in packages if each.package_id not in parts}
        rest *= announced
    ids: list[str | None] = [each.package_id for each in packages]
    shares = [parts[each.package_id] for each in packages]
    if rest:
        ids.append(REMAINDER)
        shares.append(rest)
    goods = tuple((line, left[line.line_id]) for line in lines if left[line.line_id])
    held = {name: tuple(pieces) for name, pieces in taken.items() if pieces}
    return Units(tuple(ids), tuple(shares), goods, held, replacing, valueless)


def _handed_out(
    packages: Sequence[Package], known: Mapping[str, Package], lines: tuple[Line, ...]
) -> tuple[dict[str, int], dict[str, list[tuple[str, int]]], Replacing]:
    """What is left of each line, what each package has of it (where that is known), and which package replaces which.

    Of packages that hold the same pieces the one that was booked first has them, and one that is said to replace
    another comes behind it.
    """
    left = {line.line_id: line.quantity for line in lines}
    taken: dict[str, list[tuple[str, int]]] = {}
    holders: dict[str, list[str]] = {}
    replacing: Replacing = {}
    behind = _behind(packages)
    for each in sorted(packages, key=lambda each: (behind.get(each.package_id, 0), *_first_booked(each))):
        name = each.package_id
        original = each.replaces if name in behind else None
        if original is not None and (name not in known or original not in known):
            taken[name] = []
            replacing.setdefault(original, {})[name] = None
            continue
        if name not in known:
            continue
        again = dict(known[original].lines) if original is not None else {}
        held = taken[name] = []
        for line, count in each.lines:
            common = min(count, again.get(line, 0))
            part = min(count - common, left[line])
            left[line] -= part
            if common and original is not None:
                _replaces(replacing, original, name, line, common)
            if common + part < count and holders.get(line):
                _replaces(replacing, holders[line][0], name, line, count - common - part)
            if part:
                held.append((line, part))
                holders.setdefault(line, []).append(name)
    return left, taken, replacing


def _replaces(replacing: Replacing, original: str, name: str, line: str, count: int) -> None:
    pieces = replacing.setdefault(original, {}).setdefault(name, {})
    if pieces is not None and original != name:
        pieces[line] = pieces.get(line, 0) + count


def _first_booked(package: Package) -> tuple[datetime, str]:
    return package.booked_at or NEVER, package.package_id


def _behind(packages: Sequence[Package]) -> dict[str, int]:
    """For each package that is said to replace another one of the order: how many it stands behind, the one that it
    names, the one that that one names, and so on. Names that lead in a circle say nothing."""
    named = {each.package_id: each.replaces for each in packages if each.replaces}
    ids = {each.package_id for each in packages} if named else set()
    found: dict[str, int] = {}
    for name in named:
        steps, at = 0, name
        while steps <= len(named) and named.get(at) in ids:
            steps, at = steps + 1, named[at]
        if 0 < steps <= len(named):
            found[name] = steps
    return found
