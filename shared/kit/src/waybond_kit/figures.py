"""Figures of a service's own that its tables know: counted now and then, in at most a hundredth of the time."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import asyncpg
import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from waybond_kit.definition import Figure, Figures

log = structlog.get_logger(__name__)

COUNT_SECONDS = 15.0
"""At least so long between two counts."""
REST = 100
"""A count that took a second is made again after so many seconds, if the shards are the same."""


class Clock(Protocol):
    """Seconds that only rise."""

    def __call__(self) -> float: ...


class Counted(Collector):
    """Keeps what was counted last, for the shards that are open in this process."""

    def __init__(self, figures: Figures, pool: asyncpg.Pool, shards: Callable[[], Sequence[int]], clock: Clock) -> None:
        self._figures = figures
        self._pool = pool
        self._shards = shards
        self._clock = clock
        self._counted: Sequence[Figure] = ()

    async def run(self) -> None:
        """Count until cancelled.

        Anew after COUNT_SECONDS, however long the last count took, if it failed, or if shards came or went: until then
        two processes count those, or none.
        """
        while True:
            began, shards = self._clock(), self._shards()
            until = began
            try:
                self._counted = await self._figures.count(self._pool, shards)
                until += REST * (self._clock() - began)
            except Exception as error:  # also a row of a newer release: figures that stand still would hide trouble
                log.warning("not counted", error=repr(error))
            await asyncio.sleep(COUNT_SECONDS)
            while self._clock() < until and self._shards() == shards:  # noqa: ASYNC110  # nothing tells of shards
                await asyncio.sleep(COUNT_SECONDS)

    def collect(self) -> Iterable[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        for name, help_, labels in self._figures.names:
            families[name] = GaugeMetricFamily(name, help_, labels=labels)
        for each in self._counted:
            families[each.name].add_metric(each.labels, each.value)
        return list(families.values())
