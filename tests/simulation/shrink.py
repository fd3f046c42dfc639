"""Makes a failing world small: leaves out what it fails without, as long as it fails in the same way."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.simulation.plan import Plan
from tests.simulation.run import Report, run_plan

T = TypeVar("T")

MAX_RUNS = 300


def kind_of(report: Report) -> str:
    """In which way a world fails: the first words of the first thing that is wrong."""
    return report.wrong[0].split(":")[0].split("/")[0].rstrip("0123456789 ") if report.wrong else ""


def shrunk(report: Report) -> Report:
    """The smallest world found that fails as this one does."""
    best, kind, runs = report, kind_of(report), 0
    tried: set[str] = set()
    smaller = True
    while smaller and runs < MAX_RUNS:
        smaller = False
        for plan in _smaller(best.plan):
            if repr(plan) in tried or runs == MAX_RUNS:
                continue
            tried.add(repr(plan))
            runs += 1
            found = run_plan(plan)
            if kind_of(found) == kind:
                best, smaller = found, True
                break
    return best


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Worlds with less in them, those that lack most first."""
    if len(plan.orders) > 1:
        for order in plan.orders:
            yield replace(
                plan,
                orders=tuple(each for each in plan.orders if each is not order),
                stops=tuple(stop for stop in plan.stops if stop.order != order.number),
            )
    for faults in _parts(plan.faults):
        yield replace(plan, faults=faults)
    for stops in _parts(plan.stops):
        yield replace(plan, stops=stops)
    if any(count > 1 for count in plan.processes.values()):
        yield replace(plan, processes=dict.fromkeys(plan.processes, 1))
    if plan.partitions > 1:
        yield replace(plan, partitions=1)
    if any(plan.skews.values()):
        yield replace(plan, skews=dict.fromkeys(plan.skews, 0.0))


def _parts(items: Sequence[T]) -> Iterator[tuple[T, ...]]:
    """The items without one half, without a quarter, ..., without one."""
    size = len(items) // 2
    while size:
        for first in range(0, len(items), size):
            yield (*items[:first], *items[first + size :])
        size //= 2
    if len(items) == 1:
        yield ()


def told(report: Report, say: Callable[[str], None]) -> None:
    """Tell a failing world: what is wrong, what it is made of, what happened, and how to see it again."""
    plan, seed = report.plan, report.plan.seed
    say(f"seed {seed} fails: {len(report.wrong)} things are wrong")
    for line in report.wrong:
        say(f"  {line}")
    small = shrunk(report)
    say(f"the smallest world found that fails so: {small.wrong[0]}")
    plan = small.plan
    say(f"  {plan.partitions} shards, processes {plan.processes}, {plan.limits}")
    for each in (*plan.orders, *plan.faults):
        say(f"  {each}")
    run_plan(plan, lambda line: say(f"    {line}"))
    say(f'again: make simulate ARGS="--seed {seed}"')
