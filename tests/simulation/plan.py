"""What the seed draws of a world in advance: all of it as data, so that parts can be left out."""

from dataclasses import dataclass, replace
from random import Random

from tests.simulation import faults as f
from tests.simulation import filed, history
from tests.simulation.faults import SERVICES, Fault
from tests.simulation.history import OrderPlan, Stop
from waybond_kit.carrier import Limits

MAX_SKEW_SECONDS = 25.0
"""Of any two hosts together less than the allowance for clocks."""
CONTESTED = (2, 8)
"""The last digits of the seeds whose worlds are contested: what fences an old owner is rarely needed elsewhere."""
CONTESTED_PAUSES = 6


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the seed draws in advance; a part left out makes a smaller world."""

    seed: int
    partitions: int
    processes: dict[str, int]
    limits: Limits
    orders: tuple[OrderPlan, ...]
    stops: tuple[Stop, ...]
    faults: tuple[Fault, ...]
    hurry: float
    """How many seconds pass at a stop, about."""
    skews: dict[str, float]

    @classmethod
    def of(cls, seed: int, *, small: bool = False) -> "Plan":
        """What the seed draws; `small`: of one order, one shard, and one process a service."""
        draw = Random(seed)
        plans, stops = [], []
        for number in range(1 if small else draw.choice((1, 1, 1, 1, 2, 3))):
            plan, found = filed.drawn(draw, number, seed) if seed >= filed.FILED_SEEDS else history.drawn(draw, number)
            plans.append(plan)
            stops += found
        stops.sort(key=lambda stop: stop.at)
        plan = cls(
            seed=seed,
            partitions=1 if small else draw.choice((1, 1, 1, 2, 3)),
            processes={service: 1 if small else draw.choice((1, 1, 1, 2)) for service in SERVICES},
            limits=Limits(draw.choice((1, 3, 500)), draw.choice((1, 8)), draw.choice((1, 2))),
            orders=tuple(plans),
            stops=tuple(stops),
            faults=tuple(f.drawn(draw, len(stops), len(plans), draw.choice((0.5, 2, 4)))),
            hurry=0.1 if small else draw.choice((0.05, 0.15, 0.3, 0.8)),
            skews={host: (draw.random() * 2 - 1) * MAX_SKEW_SECONDS for host in ("broker", *SERVICES)},
        )
        plan = plan if small or seed % 10 not in CONTESTED else plan.contested()
        # Drawn beside the rest, so that the worlds without a brake are what they were.
        brakes = [] if small else f.braked(Random(seed + 2), len(stops), len(plans))
        return plan.with_faults(brakes) if brakes else plan

    def with_faults(self, more: list[Fault]) -> "Plan":
        """The same world, with more faults."""
        return replace(self, faults=tuple(sorted((*self.faults, *more), key=lambda fault: (fault.stop, fault.after))))

    def contested(self) -> "Plan":
        """The same world, in which shards are fought for: two processes a service, and long pauses. The broker's clock
        is as far behind the services' as the allowance admits."""
        draw = Random(self.seed + 1)
        pauses = [f.long_pause(draw, len(self.stops)) for _ in range(CONTESTED_PAUSES)]
        fought = self.with_faults(pauses)
        return replace(
            fought,
            processes=dict.fromkeys(SERVICES, 2),
            skews={host: MAX_SKEW_SECONDS * (-1 if host == "broker" else 1) for host in self.skews},
        )
