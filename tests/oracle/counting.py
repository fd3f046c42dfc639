"""Which clause counts for each unit: the one that gives most; a clause with a limit gives no more than that in all."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from tests.oracle.parcels import REMAINDER
from tests.oracle.units import in_proportion

By = Mapping[str, Mapping[str, int]]


def counting(nets: By, limits: Mapping[str, int]) -> dict[str, tuple[str, int]]:
    """By unit the clause that counts and what it pays. `nets`: by clause, as the wording has them, and unit; `limits`:
    by clause, where it has one.

    First each unit has the clause that gives it most. What a clause gives in all beyond its limit is taken off in
    proportion. A unit to which another clause then gives more goes over to that one, and does not come back: the unit
    that gains most first, of equal ones the first one, until none gains any more.
    """
    units = in_order({unit for by_unit in nets.values() for unit in by_unit})
    on = {
        unit: max((clause for clause in nets if unit in nets[clause]), key=lambda clause: nets[clause][unit])
        for unit in units
    }
    left: set[tuple[str, str]] = set()
    while True:
        paid = _paid(nets, limits, on)
        gains = [
            (_paid(nets, limits, on | {unit: clause})[unit] - paid[unit], unit, clause)
            for unit in units
            for clause in nets
            if unit in nets[clause] and clause != on[unit] and (unit, clause) not in left
        ]
        gain, unit, clause = max(gains, key=lambda each: each[0], default=(0, "", ""))
        if gain <= 0:
            return {unit: (on[unit], paid[unit]) for unit in units}
        left.add((unit, on[unit]))
        on[unit] = clause


def _paid(nets: By, limits: Mapping[str, int], on: Mapping[str, str]) -> dict[str, int]:
    paid = {unit: nets[clause][unit] for unit, clause in on.items()}
    for clause, limit in limits.items():
        mine = {unit: Fraction(paid[unit]) for unit in on if on[unit] == clause}
        if sum(mine.values()) > limit:
            paid |= in_proportion(limit, mine)
    return paid


def in_order(names: Iterable[str]) -> list[str]:
    """By id, the remainder last."""
    return sorted(names, key=lambda name: (name == REMAINDER, name))
