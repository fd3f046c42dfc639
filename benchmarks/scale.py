"""Whether an order costs more among a million: CPU time of an event and of a wake with few and with many open orders.

Two orders in a row lie on one page of the table. The first of them has its fact or its wake in the first pass, which
meets pages that were not touched since the last checkpoint; the second has its own in the second pass, on the same
pages. The service runs in replay mode, where time is what the benchmark says: nothing wakes before its pass.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from statistics import median

from benchmarks.population import Order, Population, Stage
from benchmarks.rounds import Running, Servers, Side, Window, process, room

GROUP = PASSES = 2
_SEED = 2014
_DAY = timedelta(days=1)
_FAR = timedelta(days=100)

Tell = Callable[[str], None]


class Kind(Enum):
    """What an order meets in a pass: a fact (its parcel is late), or its own wake (its payer is silent)."""

    LATE = "an event"
    WAKE = "a wake"


Windows = tuple[list[Window], ...]


@dataclass(slots=True)
class Size:
    """The windows with so many open orders: for each pass, one for each repeat."""

    orders: int
    events: Windows = field(default_factory=lambda: ([], []))
    wakes: Windows = field(default_factory=lambda: ([], []))

    def of(self, kind: Kind) -> Windows:
        return self.events if kind is Kind.LATE else self.wakes


@dataclass(frozen=True, slots=True)
class Scale:
    """The smallest and the largest population."""

    sizes: tuple[Size, Size]

    @property
    def event_growth(self) -> float:
        """CPU time of an event with many orders as a multiple of that with few, in the second pass."""
        return self._growth(Kind.LATE)

    @property
    def wake_growth(self) -> float:
        """The same of a wake."""
        return self._growth(Kind.WAKE)

    def _growth(self, kind: Kind) -> float:
        small, large = (_cpu(size.of(kind)[-1]) for size in self.sizes)
        return large / small


@dataclass(frozen=True, slots=True)
class Plan:
    """How many open orders there are, how many of them meet a pass, how often it is repeated on other pages."""

    small: int
    large: int
    a_pass: int
    warm_up: int
    repeats: int


class Crowd:
    """`size` open orders in groups of two neighbours. Each set of groups is for one kind; the rest are bystanders."""

    def __init__(self, size: int, now: datetime, kinds: Sequence[Kind], plan: Plan) -> None:
        self.size = size
        self.now = now
        self.kinds = tuple(kinds)
        self._bystanders = Population(now + _FAR)
        self._waking: dict[int, Population] = {}
        count = plan.warm_up + plan.a_pass * len(self.kinds)
        chosen = [GROUP * each for each in random.Random(_SEED).sample(range(size // GROUP), count)]
        self.warm_up = [self.order(first) for first in chosen[: plan.warm_up]]
        del chosen[: plan.warm_up]
        self._sets = [chosen[n * plan.a_pass : (n + 1) * plan.a_pass] for n in range(len(self.kinds))]
        for n, kind in enumerate(self.kinds):
            if kind is Kind.WAKE:
                self._awaken(n)

    def __iter__(self) -> Iterator[Order]:
        return (self.order(number) for number in range(self.size))

    def order(self, number: int) -> Order:
        population = self._waking.get(number)
        if population is None:
            return self._bystanders.order(number, Stage.INSURED)
        return population.order(number, Stage.COMMANDED)

    def meeting(self, number_of_set: int, number_of_pass: int) -> list[Order]:
        """The orders of a set that meet this pass (from 0)."""
        return [self.order(first + number_of_pass) for first in self._sets[number_of_set]]

    def time_of(self, number_of_set: int, number_of_pass: int) -> datetime:
        """By when the wakes of this set and pass are due, and those of later ones are not."""
        return self.now + (number_of_set * PASSES + number_of_pass + 1) * _DAY

    def _awaken(self, number_of_set: int) -> None:
        """An order that was commanded an hour before `now` wakes 23 hours after it."""
        for number_of_pass in range(PASSES):
            population = Population(self.time_of(number_of_set, number_of_pass) - _DAY)
            self._waking.update(dict.fromkeys((n + number_of_pass for n in self._sets[number_of_set]), population))


async def measure_scale(servers: Servers, side: Side, plan: Plan, now: datetime, tell: Tell) -> Scale:
    """Measure both sizes. `side` runs in replay mode. Few orders are loaded anew for each repeat, many only once."""
    small, large = Size(plan.small), Size(plan.large)
    for kind in tuple(Kind) * plan.repeats:
        await _measure(servers, side, Crowd(plan.small, now, [kind], plan), small, tell)
    await _measure(servers, side, Crowd(plan.large, now, tuple(Kind) * plan.repeats, plan), large, tell)
    return Scale((small, large))


async def _measure(servers: Servers, side: Side, crowd: Crowd, size: Size, tell: Tell) -> None:
    async with room(side, servers, crowd) as place, process(side, servers, place) as service:
        await service.room.send_progress(crowd.now)
        await service.warm_up(crowd.warm_up)
        for n, kind in enumerate(crowd.kinds):
            await place.connection.execute("CHECKPOINT")
            windows = [await _measure_pass(service, crowd, n, number_of_pass) for number_of_pass in range(PASSES)]
            for found, window in zip(size.of(kind), windows, strict=True):
                found.append(window)
            costs = " and ".join(f"{window.cpu_microseconds():,.0f}" for window in windows)
            tell(f"{crowd.size:,} open orders: {costs} µs CPU {kind.value}, first and second pass")
        await service.verify()


async def _measure_pass(service: Running, crowd: Crowd, number_of_set: int, number_of_pass: int) -> Window:
    orders = crowd.meeting(number_of_set, number_of_pass)
    if crowd.kinds[number_of_set] is Kind.LATE:
        return await service.measure(orders)
    return await service.measure_wakes(orders, crowd.time_of(number_of_set, number_of_pass))


def _cpu(windows: Sequence[Window]) -> float:
    return median(window.cpu_microseconds() for window in windows)
