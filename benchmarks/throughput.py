"""Interleaved pairs: baseline, claims, baseline, claims; each on fresh topics and a fresh database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.figures import Spread, ratios
from benchmarks.population import Order, Population
from benchmarks.rounds import Servers, Side, Window, running

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Amount:
    """How many events warm a service up, and how many are measured."""

    warm_up: int
    measured: int

    @property
    def orders(self) -> int:
        return self.warm_up + self.measured


@dataclass(frozen=True, slots=True)
class Pairs:
    """Windows of both sides; those of one pair follow each other."""

    baseline: list[Window]
    claims: list[Window]

    def speed_ratios(self) -> list[float]:
        """Claims' events a second as a multiple of the baseline's."""
        return ratios([w.events_per_second for w in self.claims], [w.events_per_second for w in self.baseline])

    def cpu_ratios(self) -> list[float]:
        """The baseline's CPU time an event as a multiple of claims'."""
        return ratios([w.cpu_microseconds() for w in self.baseline], [w.cpu_microseconds() for w in self.claims])

    def claims_speed(self) -> float:
        """Claims' events a second, the median."""
        return Spread.of([window.events_per_second for window in self.claims]).median


async def measure_pairs(
    servers: Servers,
    population: Population,
    sides: tuple[tuple[Side, Amount], tuple[Side, Amount]],
    *,
    pairs: int,
    tell: Tell,
) -> Pairs:
    """Measure both sides (the baseline first) `pairs` times, in turn. Both find the same orders in their tables."""
    known = population.mixed(range(max(amount.orders for _, amount in sides)))
    windows: Sequence[list[Window]] = ([], [])
    for n in range(pairs):
        for (side, amount), found in zip(sides, windows, strict=True):
            window = await measure(servers, side, amount, known)
            found.append(window)
            tell(
                f"Pair {n + 1} of {pairs}, {side.name}: {window.events_per_second:,.0f} events/s,"
                f" {window.cpu_microseconds():,.0f} µs CPU an event; others used {window.others_share:.0%}"
            )
    return Pairs(*windows)


async def measure(servers: Servers, side: Side, amount: Amount, known: Sequence[Order]) -> Window:
    """One round of one side on these orders: warm up, measure, check what was published."""
    async with running(side, servers, known) as service:
        await service.warm_up(known[: amount.warm_up])
        window = await service.measure(known[amount.warm_up : amount.orders])
        await service.verify()
        return window
