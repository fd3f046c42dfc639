"""Whether the carrier, asked after a clock ran out, knew no more."""

from collections.abc import Sequence
from enum import Enum, auto

from tests.oracle.facts import Checked, Fact, only
from tests.oracle.parcels import ORDER, REMAINDER, Parcels
from tests.oracle.wordings import Clause

ANSWERS_WITHIN = 48
"""Hours."""


class Answered(Enum):
    """What became of the question."""

    PROVEN = auto()
    """The carrier's word up to the due is known, and nothing in it says otherwise; or there is no carrier to ask."""
    WAITING = auto()
    NOT = auto()
    """It did not answer in time."""


def answered(facts: Sequence[Fact], now: int, clause: Clause, unit: str, due: int) -> Answered:
    """The question is asked when it is first concluded, from what is known by then, that the time was up at `due`; and
    again if that was not so in between."""
    if _proven(facts, now, unit, due):
        return Answered.PROVEN
    asked: int | None = None
    for instant in sorted({due, *(each.known for each in facts if due < each.known <= now)}):
        known = [each for each in facts if each.known <= instant]
        up = any(each.due == due for each in Parcels(known, instant).met(clause, unit, ()))
        if not up or _proven(known, instant, unit, due):
            asked = None
        elif asked is None:
            asked = instant
    waits = asked is None or now < asked + ANSWERS_WITHIN
    return Answered.WAITING if waits else Answered.NOT


def _proven(facts: Sequence[Fact], now: int, unit: str, due: int) -> bool:
    parcels = Parcels(facts, now)
    if unit in (ORDER, REMAINDER):
        return False
    arrived = parcels.arrived(unit)
    checks = [min(each.at, each.known) for each in only(Checked, facts) if each.package == unit]
    return (arrived is not None and arrived > due) or max(checks, default=due - 1) >= due
