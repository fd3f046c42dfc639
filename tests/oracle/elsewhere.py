"""What the buyer got back beside Waybond, and for which units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.facts import Disputed, Fact, Refunded, Resolved, only
from tests.oracle.parcels import REMAINDER
from tests.oracle.units import Units

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
        last = max(ends, key=lambda each: (each.at, _minor(each, facts, paid)))
        found[f"dispute/{name}"] = Given(last.known, _minor(last, facts, paid))
    for refund in only(Refunded, facts):
        ours, theirs = f"refund/{refund.ref}", f"dispute/{refund.same_as}"
        if ours in found and theirs in found:
            older = min((ours, theirs), key=lambda each: found[each].known)
            del found[older]
    return [found[name] for name in sorted(found)]


def _minor(end: Resolved, facts: Sequence[Fact], paid: int) -> int:
    """An end in the buyer's favour without an amount counts as what was disputed, or as all that was paid."""
    if end.minor is not None:
        return end.minor
    if end.outcome not in TO_THE_BUYER:
        return 0
    disputed = [each.minor for each in only(Disputed, facts) if each.dispute == end.dispute and each.minor is not None]
    return disputed[0] if disputed else paid


def came_back(
    movements: Sequence[Given], units: Units, values: Mapping[str, int], due: set[str]
) -> dict[str, Fraction]:
    """By unit. A refund that names lines is for the units that hold them; one that names none is for units to which an
    indemnity is `due` first, up to their value, then for the others by their value."""
    back = dict.fromkeys(units.parts, Fraction(0))
    unnamed = Fraction(0)
    for each in movements:
        holders = {
            name: sum((holds.get(line, Fraction(0)) for line in each.lines), Fraction(0))
            for name, holds in units.holds.items()
        }
        held = sum(holders.values(), Fraction(0))
        if not held:
            unnamed += each.minor
            continue
        for name, part in holders.items():
            back[name] += each.minor * part / held
    first = sorted((name for name in due if name in back), key=lambda name: (name == REMAINDER, name))
    for name in first:
        taken = min(unnamed, max(Fraction(0), values[name] - back[name]))
        back[name] += taken
        unnamed -= taken
    others = {name: Fraction(values[name]) for name in back if name not in due and values[name]}
    whole = sum(others.values(), Fraction(0))
    for name, value in others.items():
        back[name] += unnamed * value / whole
    return back
