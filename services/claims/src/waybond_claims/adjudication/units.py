"""Units: each package with its contents, and the remainder, and what part of the order each of them is worth.

What is owed is worked out for units. The remainder is what was ordered and no package holds. Scenario: lines of 60 and
40, one package booked with the first line. It is worth 60, the remainder 40; once a second package is booked with the
second line, that one is worth 40 and there is no remainder.

Contents that name a line which the order does not have, or no line, are unknown. Packages with unknown contents, and
those that are announced and not booked, share equally what the known contents leave. Pieces that are booked beyond what
was ordered are a replacement: they take over no value.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction

from msgspec import Struct

from waybond_claims.case.journey import Package
from waybond_claims.case.order import Line

REMAINDER = None
"""Id of the remainder among units."""
NEVER = datetime.max.replace(tzinfo=UTC)

Goods = tuple[tuple[Line, int], ...]
"""Lines of the order, each with how many pieces of it."""


class Units(Struct, frozen=True, gc=False):
    """The units of an order, by id, the remainder last and only where goods are left for it."""

    ids: tuple[str | None, ...]
    parts: tuple[Fraction, ...]
    """Of the order's value, in the order of `ids`; together one."""
    left: Goods
    """What the known contents leave."""
    replacing: dict[str, tuple[str, ...]]
    """For each package whose goods were shipped again: the packages that replace it."""
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
    exact = [Fraction(weight * whole) / total for weight in weights]
    found = [int(each) for each in exact]
    missing = whole - sum(found)
    if missing:
        lost = sorted(range(len(found)), key=lambda index: (found[index] - exact[index], index))
        for index in lost[:missing]:
            found[index] += 1
    return found


def units(packages: Sequence[Package], lines: tuple[Line, ...], packages_in_order: int | None) -> Units:
    """The units of an order of these lines, shipped in these packages (sorted by id)."""
    everything = tuple((line, line.quantity) for line in lines)
    if not packages:
        return Units((REMAINDER,), (Fraction(1),), everything, {}, frozenset())
    if len(packages) == 1 and (packages_in_order or 0) <= 1:
        only = packages[0]
        if not only.lines or only.lines == tuple((line.line_id, line.quantity) for line in lines):
            return Units((only.package_id,), (Fraction(1),), () if only.lines else everything, {}, frozenset())
    return _shared(packages, lines, packages_in_order)


def _shared(packages: Sequence[Package], lines: tuple[Line, ...], packages_in_order: int | None) -> Units:
    by_id = {line.line_id: line for line in lines}
    total = sum(line.minor for line in lines)
    known = [each for each in packages if total and each.lines and all(name in by_id for name, _ in each.lines)]
    left, taken, replaced = _handed_out(known, lines)
    value = {line.line_id: Fraction(line.minor, line.quantity * total) if total else Fraction(0) for line in lines}
    parts = {name: sum((value[line] * count for line, count in held), Fraction(0)) for name, held in taken.items()}
    valueless = frozenset(name for name, held in taken.items() if not held)
    rest = sum((value[name] * count for name, count in left.items()), Fraction(0)) if total else Fraction(1)
    unknown = len(packages) - len(known)
    announced = max(0, (packages_in_order or 0) - (len(packages) - len(valueless)))
    if unknown:
        each_part = rest / (unknown + announced)
        parts |= {each.package_id: each_part for each in packages if each.package_id not in parts}
        rest = each_part * announced
    ids: list[str | None] = [each.package_id for each in packages]
    shares = [parts[each.package_id] for each in packages]
    if rest:
        ids.append(REMAINDER)
        shares.append(rest)
    goods = tuple((line, left[line.line_id]) for line in lines if left[line.line_id])
    return Units(tuple(ids), tuple(shares), goods, _replacing(replaced), valueless)


def _handed_out(
    known: Sequence[Package], lines: tuple[Line, ...]
) -> tuple[dict[str, int], dict[str, list[tuple[str, int]]], list[tuple[str, str]]]:
    """What is left of each line, what each package has of it, and which package replaces which.

    Of packages that hold the same pieces the one that was booked first has them, and one that is said to replace
    another comes last.
    """
    left = {line.line_id: line.quantity for line in lines}
    taken: dict[str, list[tuple[str, int]]] = {}
    holders: dict[str, list[str]] = {}
    replaced: list[tuple[str, str]] = []
    for each in sorted(known, key=_first_booked):
        held = taken[each.package_id] = []
        for name, count in each.lines:
            part = min(count, left[name])
            left[name] -= part
            if part:
                held.append((name, part))
            if part < count:
                first = holders.get(name, [])
                named = [each.replaces] if each.replaces in first else first[:1]
                replaced += [(one, each.package_id) for one in named if one != each.package_id]
            if part:
                holders.setdefault(name, []).append(each.package_id)
    return left, taken, replaced


def _first_booked(package: Package) -> tuple[bool, datetime, str]:
    return bool(package.replaces), package.booked_at or NEVER, package.package_id


def _replacing(replaced: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one, other in replaced:
        if other not in found.get(one, ()):
            found[one] = (*found.get(one, ()), other)
    return found
