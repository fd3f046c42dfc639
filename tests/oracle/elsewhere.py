"""What the buyer got back beside Waybond, and for which units."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tests.oracle.facts import Disputed, Fact, Filed, Line, Refunded, Resolved, only
from tests.oracle.parcels import REMAINDER
from tests.oracle.units import Units, in_proportion

Amounts = dict[str, int]
TO_THE_BUYER = {"BUYER_FAVOUR", "ACCEPTED", "PAYOUT"}


@dataclass(frozen=True, slots=True)
class Given:
    """One movement of money to the buyer; `lines` where it names what it is for."""

    known: int
    minor: int
    lines: tuple[str, ...] = ()


def given(facts: Sequence[Fact], paid: int) -> list[Given]:
    """Every movement once: the same money is one, as the newest word of it has it; our own refunds count nothing."""
    found: dict[str, Given] = {}
    for refund in only(Refunded, facts):
        if not refund.echo:
            found[f"refund/{refund.ref}"] = Given(refund.known, refund.minor, refund.lines)
    for name in sorted({each.dispute for each in only(Resolved, facts)}):
        ends = [each for each in only(Resolved, facts) if each.dispute == name]
        if all(each.revision is not None for each in ends):
            found[f"dispute/{name}"] = _revised(ends, facts, paid)
            continue
        last = max(ends, key=lambda each: (each.at, _minor(each, facts, paid)))
        found[f"dispute/{name}"] = Given(last.known, _minor(last, facts, paid))
    for refund in only(Refunded, facts):
        ours, theirs = f"refund/{refund.ref}", f"dispute/{refund.same_as}"
        if ours in found and theirs in found:
            said = any(each.minor is not None for each in only(Resolved, facts) if each.dispute == refund.same_as)
            older = min((ours, theirs), key=lambda each: found[each].known) if said else theirs
            other = theirs if older == ours else ours
            found[other] = replace(found[other], lines=found[other].lines or found[older].lines)
            del found[older]
    return [found[name] for name in sorted(found)]


def _revised(ends: Sequence[Resolved], facts: Sequence[Fact], paid: int) -> Given:
    """What the buyer has in the end, word by word as the bank counts them. One that says no amount leaves what was said
    before it, unless the buyer had nothing by then."""
    has, said = 0, False
    ordered = sorted(ends, key=lambda each: each.revision or 0)
    for end in ordered:
        lost = end.outcome not in TO_THE_BUYER
        if end.minor is not None or lost:
            has, said = end.minor or 0, not lost
        elif not (said and has):
            has, said = _minor(end, facts, paid), False
    return Given(ordered[-1].known, has)


def _minor(end: Resolved, facts: Sequence[Fact], paid: int) -> int:
    """An end in the buyer's favour without an amount counts as what was disputed, or as all that was paid."""
    if end.minor is not None:
        return end.minor
    if end.outcome not in TO_THE_BUYER:
        return 0
    disputed = [each.minor for each in only(Disputed, facts) if each.dispute == end.dispute and each.minor is not None]
    claimed = [each.minor for each in only(Filed, facts) if each.dispute == end.dispute and each.minor is not None]
    return [*disputed, *claimed, paid][0]


def came_back(movements: Sequence[Given], units: Units, lines: Sequence[Line], basis: int, due: set[str]) -> Amounts:
    """By unit, in whole minor units that add up. A refund that names lines is for the units that hold them, by what
    they hold of each; what nobody is known to hold is for the units whose contents are not known, by their value, or
    for none. A refund that names no line is for units to which an indemnity is `due` first, up to their value, then for
    the others by their value."""
    values = {name: minor for name, minor in units.values(basis).items() if name in units.parts}
    back = dict.fromkeys(values, 0)
    unnamed = 0
    for each in movements:
        worth = {line.name: Fraction(line.minor) for line in lines if line.name in each.lines}
        if not worth:
            unnamed += each.minor
        for line, minor in in_proportion(each.minor, worth).items():
            for name, part in in_proportion(minor, _holders(line, units, values)).items():
                back[name] = back.get(name, 0) + part
    for name in sorted(due & {*back}, key=lambda name: (name == REMAINDER, name)):
        taken = min(unnamed, max(0, values[name] - back[name]))
        back[name] += taken
        unnamed -= taken
    others = {name: Fraction(value) for name, value in values.items() if name not in due}
    for weights in (others, {name: Fraction(value) for name, value in values.items()}):
        if sum(weights.values()):
            for name, part in in_proportion(unnamed, weights).items():
                back[name] += part
            break
    return back


def _holders(line: str, units: Units, values: Amounts) -> dict[str, Fraction]:
    """Which units hold the line, and which part of it each does; "" stands for nobody."""
    held = {name: holds[line] for name, holds in units.holds.items() if line in holds}
    missing = 1 - sum(held.values(), Fraction(0))
    unknown = {name: Fraction(values[name]) for name in units.parts if not units.holds.get(name)}
    worth = sum(unknown.values(), Fraction(0))
    if worth:
        held |= {name: missing * value / worth for name, value in unknown.items()}
    else:
        held[""] = missing
    return {name: held[name] for name in sorted(held, key=lambda name: (name == REMAINDER, name))}
