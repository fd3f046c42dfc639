"""What the seed draws of a world in advance: all of it as data, so that parts can be left out."""

from dataclasses import dataclass
from random import Random

from tests.simulation import faults as f
from tests.simulation import history
from tests.simulation.faults import SERVICES, Fault
from tests.simulation.history import OrderPlan, Stop
from waybond_kit.carrier import Limits

MAX_SKEW_SECONDS = 25.0
"""Of any two hosts together less than the allowance for clocks."""


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
            plan, found = history.drawn(draw, number)
            plans.append(plan)
            stops += found
        stops.sort(key=lambda stop: stop.at)
        return cls(
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
