"""Says what each row of each command stands for now: what of its amount the buyer has, or may still get.

A row follows its command. While that is on its way the row stands for its whole amount; once it failed, was cancelled
or came back whole, for nothing. Where another amount moved, or a part came back, each row has its part in proportion.
Scenario: 100 are paid for two lost packages, 50 each, and 60 come back: then each row stands for 20.

What was recovered comes off the rows that the recovery named. Anything that it could not take there comes off what
the buyer may not keep: rows of clauses that ask for the return first, then those that offset, then the others, of
each the latest first. No row stands for less than nothing.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from waybond_claims.adjudication.units import spread
from waybond_claims.case.money import Row
from waybond_claims.case.state import Case

KEEPS = {"return": 0, "offset": 1, "keep": 2}
"""What is taken back first, by `late_arrival`."""


class Stands(Struct, frozen=True, gc=False):
    """A row that stands for something."""

    refund_id: str
    index: int
    """Ordinal of the row in its command, from 0."""
    row: Row
    minor: int
    """What it stands for; above zero."""
    flying: bool
    """Whether its command is still on its way."""


def standing(case: Case, *, asked: bool = False) -> list[Stands]:
    """The rows that stand for something, in the order of their commands: together what is settled and in flight, less
    what was recovered (never below zero). With `asked` also without what is asked back or was waived."""
    found: list[Stands] = []
    for command in case.commands:
        counts, rows = command.counts, command.rows
        if counts:
            parts = [row.minor for row in rows]
            if counts != command.minor:
                parts = spread(counts, parts)
            flying = command.in_flight
            for index, row in enumerate(rows):
                if parts[index]:
                    found.append(Stands(command.refund_id, index, row, parts[index], flying))
    return _less_recovered(case, found, asked=asked) if case.recoveries else found


def _less_recovered(case: Case, found: list[Stands], *, asked: bool) -> list[Stands]:
    left = {(each.refund_id, each.index): each.minor for each in found}
    rest = 0
    for recovery in case.recoveries:
        back = recovery.minor if asked else recovery.recovered
        for share in recovery.shares:
            name = share.refund_id, share.row
            part = min(share.minor, back, left.get(name, 0))
            if part:
                left[name] -= part
                back -= part
        rest += back
    for each in first_back(found) if rest else ():
        name = each.refund_id, each.index
        part = min(rest, left[name])
        left[name] -= part
        rest -= part
    kept = [(each, left[each.refund_id, each.index]) for each in found]
    return [each if minor == each.minor else replace(each, minor=minor) for each, minor in kept if minor]


def first_back(found: Iterable[Stands]) -> list[Stands]:
    """What is taken back first: what has arrived before what is on its way, what may not be kept, the latest."""
    latest_first = list(found)[::-1]
    return sorted(latest_first, key=lambda each: (each.flying, KEEPS[each.row.late_arrival]))
