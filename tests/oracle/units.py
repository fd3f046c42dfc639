"""The units of an order and what they are worth: packages with their contents, and what no package holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.facts import Amended, Line, Placed, only
from tests.oracle.parcels import ORDER, REMAINDER, Parcels

Replaces = dict[str, dict[str, dict[str, int] | None]]
"""By package: the replacements of it, with the pieces of it by line; None: all of it."""
NEVER = 1_000_000


@dataclass
class Units:
    """Each unit's part of the order's value, and how much of each line it holds."""

    parts: dict[str, Fraction] = field(default_factory=dict)
    """By unit, the packages by their ids and the remainder last; they add up to 1."""
    holds: dict[str, dict[str, Fraction]] = field(default_factory=dict)
    """By unit and line: its part of the line, where that is known."""
    replaces: Replaces = field(default_factory=dict)
    """The packages that were shipped again."""
    booked: dict[str, dict[str, int]] = field(default_factory=dict)
    """By package with known contents: the pieces that it is booked with."""
    pieces: dict[str, dict[str, int]] = field(default_factory=dict)
    """By package with known contents: how many pieces of each line it has of its own."""

    left: dict[str, Fraction] = field(default_factory=dict)
    """What the known contents leave of each line."""
    missing: int = 0
    """How many packages are announced that nobody has booked."""

    @property
    def names(self) -> list[str]:
        """All units that are worth something."""
        return [name for name, part in self.parts.items() if part]

    @property
    def awaited(self) -> list[str]:
        """What has to arrive before the order has: a package that nobody has booked too, whatever it is worth."""
        return [*self.names, *([REMAINDER] if self.missing else [])]

    def values(self, basis: int) -> dict[str, int]:
        """The insured value of each unit."""
        return in_proportion(basis, self.parts) | {ORDER: basis}

    def goods(self, unit: str, lines: Sequence[Line]) -> dict[str, Fraction]:
        """The worth of what the unit holds by category; of unknown contents of what the known ones leave."""
        left = {} if unit == ORDER else self.left
        holds = self.holds.get(unit) or left or {line.name: Fraction(1) for line in lines}
        found: dict[str, Fraction] = {}
        for line in lines:
            if line.name in holds:
                found[line.category] = found.get(line.category, Fraction(0)) + holds[line.name] * line.minor
        return found


def in_proportion(amount: int, weights: Mapping[str, Fraction]) -> dict[str, int]:
    """Whole parts that add up to `amount`: rounded down, and those that lost most by it get one more."""
    whole = sum(weights.values(), Fraction(0))
    if not whole:
        return dict.fromkeys(weights, 0)
    exact = {name: amount * weight / whole for name, weight in weights.items()}
    parts = {name: int(each) for name, each in exact.items()}
    left = amount - sum(parts.values())
    most = sorted(exact, key=lambda name: parts[name] - exact[name])
    for name in most[:left]:
        parts[name] += 1
    return parts


def lines_at(parcels: Parcels, instant: int) -> tuple[Line, ...]:
    """The order's lines as they were known then."""
    changes = [each for each in only(Amended, parcels.facts) if each.known <= instant]
    newest = max(changes, key=lambda each: each.revision, default=None)
    return newest.lines if newest else parcels.placed.lines


def total_at(parcels: Parcels, instant: int) -> int:
    """What the buyer had paid, as it was known then."""
    changes = [each for each in only(Amended, parcels.facts) if each.known <= instant]
    newest = max(changes, key=lambda each: each.revision, default=None)
    return newest.total if newest else only(Placed, parcels.facts)[0].total


def units(parcels: Parcels, lines: Sequence[Line]) -> Units:
    """The units, with the contents that the newest booking of each package says."""
    pieces = {line.name: line.quantity for line in lines}
    newest = {each.package: each for each in parcels.bookings}
    first = {each.package: each.at for each in reversed(parcels.bookings)}
    known = {
        name: dict(each.lines) for name, each in newest.items() if each.lines and set(dict(each.lines)) <= {*pieces}
    }
    found = Units()
    left = dict(pieces)
    named = {name: each.replaces for name, each in newest.items() if each.replaces in parcels.names}
    behind = {name: _behind(named, name) for name in named}
    named = {name: old for name, old in named.items() if behind[name]}
    replacements: set[str] = set()
    for name in sorted(parcels.names, key=lambda name: (behind.get(name) or 0, first.get(name, NEVER), name)):
        if name in named and not (name in known and named[name] in known):
            found.replaces.setdefault(named[name], {})[name] = None
            replacements.add(name)
        elif name in known:
            old = named.get(name, "")
            _hand_out(found, left, (name, known[name]), (old, known[old] if old else {}))
            found.holds[name] = {line: Fraction(count, pieces[line]) for line, count in found.pieces[name].items()}
            if not found.pieces[name]:
                replacements.add(name)
    found.booked = known
    whole = sum(line.minor for line in lines)
    worth = {
        name: sum((part * line.minor for line in lines if (part := holds.get(line.name))), Fraction(0)) / whole
        for name, holds in found.holds.items()
    }
    rest = 1 - sum(worth.values(), Fraction(0))
    unknown = [name for name in parcels.names if name not in known and name not in replacements]
    announced = [each for each in newest.values() if each.announced]
    said = max(announced, key=lambda each: (each.at, each.announced or 0), default=None)
    missing = max(0, ((said and said.announced) or 0) - len(set(parcels.names) - replacements))
    found.missing = missing
    each_gets = rest / (len(unknown) + missing) if unknown or missing else Fraction(0)
    for name in parcels.names:
        found.parts[name] = worth.get(name, each_gets if name in unknown else Fraction(0))
    found.parts[REMAINDER] = rest - each_gets * len(unknown)
    found.left = {line: Fraction(count, pieces[line]) for line, count in left.items() if count}
    if not unknown:
        found.holds[REMAINDER] = found.left
    for name in replacements:
        found.parts[name] = Fraction(0)
    return found


def _behind(named: Mapping[str, str], name: str) -> int:
    """How many packages it stands behind that are shipped again, one after another; 0 where they lead in a circle."""
    steps, at = 0, name
    while at in named:
        steps, at = steps + 1, named[at]
        if steps > len(named):
            return 0
    return steps


def _hand_out(
    found: Units, left: dict[str, int], package: tuple[str, Mapping[str, int]], again: tuple[str, Mapping[str, int]]
) -> None:
    """Gives the package its pieces of what is left. The others are a replacement: those that it has in common with the
    one that it says it ships `again` (or none), and the rest of the first package that has some of the line."""
    name, lines = package
    old, olds = again
    mine = found.pieces[name] = {}
    for line, count in lines.items():
        common = min(count, olds.get(line, 0))
        taken = min(count - common, left[line])
        left[line] -= taken
        holders = [other for other, has in found.pieces.items() if line in has and other != name]
        for other, extra in ((old, common), *((each, count - common - taken) for each in holders[:1])):
            if extra:
                of_it = found.replaces.setdefault(other, {}).setdefault(name, {})
                if of_it is not None:
                    of_it[line] = of_it.get(line, 0) + extra
        if taken:
            mine[line] = taken
