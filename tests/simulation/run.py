"""Runs the world of one seed, and reports what is wrong with it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation import checks, quiet
from tests.simulation.plan import Plan
from tests.simulation.world import World


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one world."""

    plan: Plan
    wrong: list[str]
    counts: Counter[str] = field(default_factory=Counter)
    """What happened in it, for figures."""

    @property
    def failed(self) -> bool:
        return bool(self.wrong)


def run_seed(seed: int) -> Report:
    """The world of this seed."""
    return run_plan(Plan.of(seed))


def run_plan(plan: Plan, note: Callable[[str], None] | None = None) -> Report:
    """A world as it is planned; `note` gets a line for each thing that happens."""
    world = World(plan, note)
    quiet.listen(world.logged)
    try:
        try:
            world.run()
            world.settle()
        except Exception as error:  # of the simulation, or of a kit that never ends
            world.watch.wrong.append(f"{type(error).__name__}: {error}")
        return Report(plan, checks.wrong(world), _counts(world))
    finally:
        world.loop.close()
        quiet.listen(None)


def _counts(world: World) -> Counter[str]:
    found = Counter({f"fault {kind}": count for kind, count in (world.struck | world.armed.struck).items()})
    found.update(f"refund {fate}" for fate in world.payer.fates.values())
    found.update(world.people.offers)
    found["decided"] = world.watch.decided
    found["woken"] = world.watch.woken
    found["orders"] = len(world.plan.orders)
    found["callbacks"] = world.loop.callbacks
    found["virtual seconds"] = int(world.loop.time())
    found["paid"] = sum(minor > 0 for _, _, minor in world.payer.moves)
    return found
