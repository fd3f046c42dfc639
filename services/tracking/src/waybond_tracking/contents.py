"""What packages hold: whether goods are left that no package holds (the remainder), and whether contents changed.

Decision 80 says what is whose. Scenario: lines of one piece each, one package booked with the first line. The second
line is the remainder until a package is booked with it; it is watched like a package that nobody has heard of.

- Contents that name a line which the order does not have, or no line, are unknown. So are all contents of an order that
  cost nothing.
- Each piece is of the package that was booked with it first. Pieces beyond what was ordered are a replacement. So are
  those that a booking with `replaces` has in common with the package that it names, and all of its pieces where the
  contents of either are unknown.
- Packages with unknown contents share what the known contents leave with those that are announced
  (`packages_in_order`) and not booked. Only the share of the announced ones is of the remainder. Where all contents are
  known, all that they leave is.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from waybond_tracking.state import Package, State

NEVER = datetime.max.replace(tzinfo=UTC)


def remains(state: State) -> bool:
    """Whether goods are left that no package holds: the whole order, as long as no package is known.

    Without the order's lines nobody can tell, and there are none beside known packages.
    """
    packages = state.packages
    if not packages or not state.lines:
        return not packages
    only = packages[0]
    if len(packages) == 1 and (only.packages_in_order or 0) <= 1 and (not only.lines or only.lines == state.lines):
        return False
    return _beside(state)


def changed(before: State | None, state: State) -> bool:
    """Whether the packages of the state hold something else than was told last, which is what they held before."""
    if not state.contents_version or before is None:
        return bool(state.packages)
    if before.packages is state.packages:
        return False
    if len(before.packages) != len(state.packages):
        return True
    for index, package in enumerate(state.packages):
        known = before.packages[index]
        if package is not known and _contents(package) != _contents(known):
            return True
    return False


def _contents(package: Package) -> tuple[object, ...]:
    """What units depend on; a scan changes none of it."""
    booked = package.booked_at, package.rebooked_at
    return package.id, package.lines, booked, package.replaces, package.packages_in_order


def replacements(state: State) -> frozenset[str]:
    """The ids of packages that hold nothing but what another one held: goods that were shipped again."""
    if len(state.packages) < 2:
        return frozenset()
    return _shared(state).replacements


class _Shared(NamedTuple):
    """The pieces that are left of each line, the packages that got none, and how many have unknown contents."""

    left: dict[str, int]
    replacements: frozenset[str]
    unknown: int


def _beside(state: State) -> bool:
    """Whether goods are left beside the packages."""
    left, again, unknown = _shared(state)
    priced = [name for name in left if name not in state.free]
    if not any(left[name] for name in priced or left):
        return False
    return not unknown or (state.packages_in_order or 0) > len(state.packages) - len(again)


def _shared(state: State) -> _Shared:
    """Hand each package its pieces."""
    left = {line.line_id: line.quantity for line in state.lines}
    priced = [name for name in left if name not in state.free]
    behind = _behind(state.packages)
    known = {
        each.id: each
        for each in state.packages
        if priced and each.lines and all(line.line_id in left for line in each.lines)
    }
    unknown, nothing = 0, set[str]()
    for each in sorted(state.packages, key=lambda each: (behind.get(each.id, 0), each.booked_at or NEVER, each.id)):
        again = each.id in behind
        replaced = known.get(each.replaces or "") if again else None
        if each.id in known and (replaced is not None or not again):
            if not _take(each, replaced, left):
                nothing.add(each.id)
        elif again:
            nothing.add(each.id)
        else:
            unknown += 1
    return _Shared(left, frozenset(nothing), unknown)


def _take(package: Package, replaced: Package | None, left: dict[str, int]) -> int:
    """How many pieces of what is left the package holds; they are taken off."""
    again = {line.line_id: line.quantity for line in replaced.lines} if replaced is not None else {}
    taken = 0
    for line in package.lines:
        new = min(max(0, line.quantity - again.get(line.line_id, 0)), left[line.line_id])
        left[line.line_id] -= new
        taken += new
    return taken


def _behind(packages: Sequence[Package]) -> Mapping[str, int]:
    """For each replacement how many packages it stands behind: the one that it names, the one that that one names, ...

    Packages that name each other in a circle name nothing.
    """
    named = {each.id: each.replaces for each in packages if each.replaces}
    if not named:
        return {}
    ids = {each.id for each in packages}
    found: dict[str, int] = {}
    for name in named:
        steps, at = 0, name
        while steps <= len(named) and named.get(at) in ids:
            steps, at = steps + 1, named[at]
        if 0 < steps <= len(named):
            found[name] = steps
    return found
