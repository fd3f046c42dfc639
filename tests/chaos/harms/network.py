"""What can befall the network between services and brokers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.chaos.harms.harm import Dose, Harm
from tests.chaos.proxy import Weather
from tests.chaos.world import World

SLOWEST_SECONDS = 2.0
BYTES_PER_SECOND = 20_000


async def delay(world: World, dose: Dose) -> None:
    """Every packet is late, by another time every second."""
    await _weather(world, dose, "seconds delayed", lambda: Weather(delay_seconds=dose.draw.uniform(0, SLOWEST_SECONDS)))


async def throttle(world: World, dose: Dose) -> None:
    """A line as thin as a modem's."""
    await _weather(world, dose, "seconds throttled", lambda: Weather(bytes_per_second=BYTES_PER_SECOND))


async def _weather(world: World, dose: Dose, name: str, drawn: Callable[[], Weather]) -> None:
    proxies = world.cluster.proxies.values()
    try:
        while dose.left_seconds > 0:
            for proxy in proxies:
                proxy.weather = drawn()
            await asyncio.sleep(1.0)
            dose.tally[name] += 1
    finally:
        for proxy in proxies:
            proxy.weather = Weather()


async def cut(world: World, dose: Dose) -> None:
    """Connections are reset, one or all, and for moments none can be made."""
    proxies = list(world.cluster.proxies.values())
    while dose.left_seconds > 0:
        proxy = dose.draw.choice(proxies)
        links = list(proxy.links)
        for link in links if dose.draw.random() < 0.3 else links[:1]:
            link.cut()
            dose.tally["connections cut"] += 1
        proxy.weather = Weather(closed=True)
        await asyncio.sleep(dose.draw.uniform(0, 1))
        proxy.weather = Weather()


async def half_close(world: World, dose: Dose) -> None:
    """One side hears that nothing more will come, the other one does not."""
    while dose.left_seconds > 0:
        links = [link for proxy in world.cluster.proxies.values() for link in proxy.links]
        if links:
            dose.draw.choice(links).half_close(towards_broker=dose.draw.random() < 0.5)
            dose.tally["connections half closed"] += 1
        await asyncio.sleep(dose.draw.uniform(0, 0.5))


HARMS = (
    Harm("network-delay", "packets are late by up to 2 s", delay),
    Harm("network-throttle", "20 kB/s a direction and connection", throttle),
    Harm("network-cut", "connections are reset, and none can be made for moments", cut),
    Harm("network-half", "connections are half closed", half_close),
)
