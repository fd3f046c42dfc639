"""Says what a new command pays for: its rows, which add up to its amount.

What is owed was spread over the units. A unit lacks what is owed for it and neither paid nor on its way for it; each
row is what its unit lacks. Units that were paid too much leave less for the others: each of those gets its part in
proportion. Scenario: A was paid 50 and is owed 30, B is owed 50 and was paid nothing, so 30 are commanded, all for B.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from waybond_claims.adjudication.units import spread
from waybond_claims.case.given_back import split
from waybond_claims.case.money import Row
from waybond_claims.case.state import Case
from waybond_claims.entitlement.allocate import Entitlement
from waybond_claims.entitlement.keys import ORDER, Key, key_of
from waybond_contracts.rows import MAX_ROWS


def lacking(owes: Entitlement, minor: int) -> dict[Key, int]:
    """So much by what each unit lacks; nothing where no unit does."""
    paid = owes.paid
    lacks = {key: owed - paid.get(key, 0) for key, owed in owes.shares.items() if owed > paid.get(key, 0)}
    if len(lacks) == 1:
        return dict.fromkeys(lacks, minor)
    return lacks if sum(lacks.values()) == minor else split(minor, lacks)


def rows(case: Case, owes: Entitlement, parts: Mapping[Key, int], minor: int, means: str) -> tuple[Row, ...]:
    """The rows of a command of so much, by the parts of it that the units lack.

    Where no unit lacks anything it is for what was paid last. Scenario: 100 are paid and given back as a recovery, and
    then the payment system reverses the refund as well: 100 are commanded again, of which 0 are owed.
    """
    found = {key_of(each): each for each in owes.best}
    made: list[Row] = []
    for key, part in parts.items():
        if part:
            best = found[key]
            clause, remedy = best.rule.clause, best.remedy or "refund"
            row = Row(
                key, clause.id, clause.late_arrival, part, owes.shares[key], remedy, means=means, borne_by=best.borne_by
            )
            made.append(row if key is not None else _of_remainder(row, owes))
    if not made:
        before = next((each.rows for each in reversed(case.commands) if each.rows), ())
        parts_again = spread(minor, [row.minor for row in before])
        made = [replace(row, minor=part, means=means) for row, part in zip(before, parts_again, strict=True) if part]
    if len(made) > MAX_ROWS:
        made.sort(key=lambda row: -row.minor)
        rest = sum(row.minor for row in made[MAX_ROWS - 1 :])
        made[MAX_ROWS - 1 :] = [replace(made[MAX_ROWS - 1], unit=ORDER, minor=rest)]
    return tuple(made)


def _of_remainder(row: Row, owes: Entitlement) -> Row:
    packages = tuple(unit for unit in owes.view.ids if unit is not None)
    return replace(row, worth=owes.view.values(owes.view.cover).get(None, 0), among=packages)
