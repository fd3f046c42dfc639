"""Measures a decision on 50 packages under 12 clauses of which one changes: milliseconds, and bytes of the event.

Run it from the project's root: PYTHONPATH=. python services/claims/benchmarks/large_order.py [rounds]
"""

import gc
import sys
from datetime import datetime
from time import perf_counter

from tests.support.claims import answer, day
from tests.support.large_order import PACKAGES, late_package, ordered
from waybond_claims.case.state import Case
from waybond_claims.decide import decide
from waybond_contracts.claims import ClaimApproved
from waybond_contracts.event import Event
from waybond_contracts.refunds import MoneyCommand
from waybond_contracts.registry import encode


def told(paid_before: int) -> tuple[Case | None, Event, datetime]:
    """The file after so many packages were late and paid, and the fact that the next one is."""
    case: Case | None = None
    for event in ordered():
        case = decide(case, event, day(0)).state
    for package_id in PACKAGES[:paid_before]:
        outcome = decide(case, late_package(package_id), day(27))
        (command,) = [each for each in outcome.events if isinstance(each, MoneyCommand)]
        case = decide(outcome.state, answer(command, "RefundSucceeded", day(27)), day(27)).state
    return case, late_package(PACKAGES[paid_before]), day(27)


def measure(rounds: int) -> None:
    """Print the best of `rounds` for the first package that is late, one in the middle, and the last one."""
    gc.disable()
    for paid_before in (0, 24, 49):
        case, fact, now = told(paid_before)
        outcome, spent = decide(case, fact, now), list[float]()
        for _ in range(rounds):
            started = perf_counter()
            decide(case, fact, now)
            spent.append(perf_counter() - started)
        (approved,) = [each for each in outcome.events if isinstance(each, ClaimApproved)]
        size = len(encode(approved))
        print(f"{paid_before:2} paid before: decide {min(spent) * 1e3:5.2f} ms, ClaimApproved {size} bytes")  # noqa: T201 (a script for a terminal)


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
